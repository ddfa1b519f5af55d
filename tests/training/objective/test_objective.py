import re

import pytest
import torch
from torch.nn import functional

from qamro.losses import fixed_margin_qamro_loss, margin_ranking_loss, qamro_loss
from qamro.training.objective import Objective, paper_objective, stacked_loss

Y = torch.tensor([1.0, 2.4, 2.4, 4.8, 3.0])
P = torch.tensor([2.0, 2.0, 3.5, 3.0, 3.0])


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (Objective("huber", "none"), functional.huber_loss(P, Y)),
        (Objective("mse+mae", "none", regression_weight=2), 2 * ((P - Y).square().mean() + (P - Y).abs().mean())),
        (Objective("none", "mr", margin=0.3), margin_ranking_loss(P, Y, margin=0.3)),
        (Objective("none", "qamro-fixed-margin", margin=0.3), fixed_margin_qamro_loss(P, Y, margin=0.3)),
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


def test_many_models_each_by_its_own_objective():
    objectives = [
        Objective("huber", "none"),
        Objective("mse+mae", "qamro", alpha=0.1, beta=3, regression_weight=0.5),
        Objective("none", "mr", margin=0.3),
        Objective("huber", "mr", margin=0.2, ranking_weight=2),
        Objective("huber", "qamro-fixed-margin", margin=0.2, beta=5),
        Objective("mae", "qamro-unweighted"),
        Objective("none", "qamro", normalize="scale", scale=(1, 5)),
        Objective(beta=11),
    ]
    predictions = torch.stack([P.roll(shift) for shift in range(len(objectives))]).requires_grad_()
    losses = stacked_loss(objectives, predictions, Y)
    (together,) = torch.autograd.grad(losses.sum(), predictions)
    for row, objective in enumerate(objectives):
        alone = P.roll(row).requires_grad_()
        loss = objective(alone, Y)
        torch.testing.assert_close(losses[row], loss)
        torch.testing.assert_close(together[row], torch.autograd.grad(loss, alone)[0])


def test_groups_reach_the_ranking_term():
    groups = torch.tensor([0, 0, 1, 1, 1])
    expected = functional.huber_loss(P, Y) + qamro_loss(P, Y, groups=groups)
    torch.testing.assert_close(Objective()(P, Y, groups), expected)


@pytest.mark.parametrize(
    "wrong",
    [
        {"regression": "l3"},
        {"ranking": "best"},
        {"ranking_weight": -1},
        {"regression": "none", "ranking": "none"},
        {"standardise": True, "normalize": "scale", "scale": (1, 5)},
    ],
)
def test_wrong_choices_are_refused(wrong):
    with pytest.raises(ValueError, match="regression|ranking|weights|standardised"):
        Objective(**wrong)


def test_the_paper_and_words():
    assert str(paper_objective("MI")) == "Huber + QAMRO (alpha 0.2, beta 7)"
    assert str(paper_objective("PQ")) == "MSE + MAE + QAMRO (alpha 0.2, beta 7) on standardised scores"
    assert str(paper_objective("quality")) == "Huber + QAMRO (alpha 0.2, beta 7) on standardised scores"
    assert str(Objective("none", "mr", ranking_weight=0.5)) == "0.5 x margin ranking (margin 0.1)"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("beta", -1, "beta is a number of 1 or more, not -1"),
        ("beta", 0.5, "beta is a number of 1 or more, not 0.5"),
        ("beta", float("nan"), "beta is a number of 1 or more, not nan"),
        ("alpha", -0.2, "alpha is a number of 0 or more, not -0.2"),
        ("alpha", float("inf"), "alpha is a number of 0 or more, not inf"),
        ("margin", -1, "margin is a number of 0 or more, not -1"),
        ("alignment_weight", float("nan"), "alignment weight is a number of 0 or more, not nan"),
        ("ranking_weight", -1, "ranking weight is a number of 0 or more, not -1"),
        ("regression_weight", float("nan"), "regression weight is a number of 0 or more, not nan"),
        ("temperature", 0, "temperature is a number above zero, not 0"),
        ("sigma", float("inf"), "sigma is a number above zero, not inf"),
        ("normalize", "rank", "normalize is 'batch' or 'scale', not 'rank'"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(name, value, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        Objective(**{name: value})
