from dataclasses import replace

import pytest
import torch

from qamro.training.objective import OBJECTIVES, stacked_loss
from qamro.training.objective.choice import PARAMETERS, chosen_objective, used_by, without_effect

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
        changed = chosen_objective(name, axis, {parameter: OTHER[parameter]})
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
