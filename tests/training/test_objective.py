import pytest
import torch
from torch.nn import functional

from qamro.losses import margin_ranking_loss, qamro_loss
from qamro.training.objective import Objective, paper_objective

Y = torch.tensor([1.0, 2.4, 2.4, 4.8, 3.0])
P = torch.tensor([2.0, 2.0, 3.5, 3.0, 3.0])


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (Objective("huber", "none"), functional.huber_loss(P, Y)),
        (Objective("mse+mae", "none", regression_weight=2), 2 * ((P - Y).square().mean() + (P - Y).abs().mean())),
        (Objective("none", "mr", margin=0.3), margin_ranking_loss(P, Y, margin=0.3)),
        (Objective("none", "qamro", alpha=0.1, beta=3), qamro_loss(P, Y, alpha=0.1, beta=3)),
        (Objective("none", "qamro-unweighted", beta=9), qamro_loss(P, Y, beta=1)),
        (Objective("mse", "qamro", ranking_weight=0.5), functional.mse_loss(P, Y) + 0.5 * qamro_loss(P, Y)),
        (
            Objective("none", "qamro", normalize="scale", scale=(1, 5)),
            qamro_loss(P, Y, normalize="scale", scale=(1, 5)),
        ),
    ],
)
def test_terms_and_weights(objective, expected):
    torch.testing.assert_close(objective(P, Y), expected)


def test_several_models_at_once_and_groups():
    groups = torch.tensor([0, 0, 1, 1, 1])
    both = Objective()(torch.stack([P, P.flip(0)]), Y, groups)
    torch.testing.assert_close(both[0], Objective()(P, Y, groups))
    torch.testing.assert_close(both[1], Objective()(P.flip(0), Y, groups))


@pytest.mark.parametrize(
    "wrong",
    [{"regression": "l3"}, {"ranking": "best"}, {"ranking_weight": -1}, {"regression": "none", "ranking": "none"}],
)
def test_wrong_choices_are_refused(wrong):
    with pytest.raises(ValueError, match="regression|ranking|weights"):
        Objective(**wrong)


def test_the_paper_and_words():
    assert str(paper_objective("MI")) == "Huber + QAMRO (alpha 0.2, beta 7)"
    assert str(paper_objective("PQ")) == "MSE + MAE + QAMRO (alpha 0.2, beta 7) on standardised scores"
    assert str(Objective("none", "mr", ranking_weight=0.5)) == "0.5 x margin ranking (margin 0.1)"
