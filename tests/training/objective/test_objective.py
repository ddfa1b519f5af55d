import re
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from qamro.losses import fixed_margin_qamro_loss, margin_ranking_loss, qamro_loss
from qamro.training.objective import OBJECTIVES, Objective, paper_objective, stacked_loss
from qamro.training.objective.objective import chosen_objective, used_by, without_effect
from qamro.training.objective.table import PARAMETERS

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


OTHER = {"alpha": 0.7, "beta": 2.0, "margin": 0.4, "temperature": 0.3, "sigma": 0.2, "normalize": "scale"}
OTHER |= {"regression_weight": 3.0, "ranking_weight": 3.0, "alignment_weight": 3.0}


def loss(objective):
    rng = torch.Generator().manual_seed(0)
    y = 1.5 + 3 * torch.rand(30, generator=rng)
    scores, logits = y + torch.randn(30, generator=rng), torch.randn(1, 30, 20, generator=rng)
    similarity = torch.rand(1, 30, generator=rng)
    return float(stacked_loss([objective], scores[None], y, logits=logits, similarity=similarity, scale=(1.0, 5.0)))


@pytest.mark.parametrize("axis", ["MI", "TA"])
@pytest.mark.parametrize("name", [name for name in OBJECTIVES if not OBJECTIVES[name]("TA").solved])
def test_exactly_the_parameters_that_are_used_change_the_loss(name, axis):
    base = OBJECTIVES[name](axis)
    for parameter in PARAMETERS:
        other = OTHER[parameter] if parameter in OTHER else PARAMETERS[parameter].default + 1
        changed = chosen_objective(name, axis, {parameter: other})
        assert (loss(changed) != loss(base)) == (parameter in used_by(base)), parameter


def test_other_terms():
    assert chosen_objective("qamro", "PQ", {}, regression="huber").standardise is False
    assert chosen_objective("qamro", "quality", {}, regression="mse").standardise is True
    assert chosen_objective("huber", "MI", {"beta": 3}, ranking="qamro") == replace(OBJECTIVES["qamro"]("MI"), beta=3)
    assert chosen_objective("qamro", "quality", {"normalize": "scale"}).normalize == "batch"
    with pytest.raises(ValueError, match="no objective 'best'.*ce-gauss"):
        chosen_objective("best", "MI", {})


def test_what_was_set_in_vain_is_named():
    def made(name, *axes, **given):
        return without_effect([chosen_objective(name, axis, given) for axis in axes], given)

    assert made("huber", "MI", beta=3.0, regression_weight=2.0) == ["beta", "regression_weight"]
    assert made("qamro", "MI", beta=3.0, alpha=0.3) == []
    assert made("qamro", "quality", normalize="scale") == ["normalize"]
    assert made("qamro", "quality", "MI", normalize="scale") == [], "one axis that takes it is enough"
    assert made("qamro+sama", "MI", alignment_weight=0.5) == ["alignment_weight"]
    assert made("qamro+sama", "MI", "TA", alignment_weight=0.5) == []
