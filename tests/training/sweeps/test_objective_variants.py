"""Variants over a hyperparameter, and heads that are the same for all objectives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from qamro.heads.distribution_head import DistributionHead
from qamro.heads.score_head import ScoreHead
from qamro.training.objective import OBJECTIVES, stacked_loss
from qamro.training.objective.objective import hyperparameters
from qamro.training.objective.table import HYPERPARAMETERS
from qamro.training.sweeps.objective_variants import variants_over
from qamro.training.trainer import head_maker
from tests.training.sweeps.swept import QUICK, small_folds


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if not OBJECTIVES[name]("TA").solved])
def test_the_loss_depends_on_exactly_what_is_offered(name):
    """Turning a number changes the loss if and only if the objective is said to depend on it."""
    torch.manual_seed(0)
    objective = OBJECTIVES[name]("TA")
    predictions, y = 3 + torch.randn(1, 9), torch.rand(9) * 4 + 1
    given = {"logits": torch.randn(1, 9, 20), "similarity": torch.rand(1, 9), "scale": (1.0, 5.0)}
    offered = {parameter.name for parameter in hyperparameters(objective)}
    for parameter in HYPERPARAMETERS:
        turned = replace(objective, **{parameter: getattr(objective, parameter) * 1.5})
        if parameter == "alignment_weight" and not objective.needs_similarity:
            continue
        if parameter == "ranking_weight" and objective.on_pairs:
            continue  # a factor of the whole loss
        losses = [stacked_loss([each], predictions, y, **given) for each in (objective, turned)]
        changes = not torch.equal(*losses)
        assert changes == (parameter in offered), parameter


def test_variants_hold_everything_else():
    objective = OBJECTIVES["ce-gauss+balr+sama"]("TA")
    found = variants_over(objective, "alignment_weight", [0.5, 0, 0.5])
    assert [(variant.label, variant.at) for variant in found] == [("weight of SAMA 0", 0), ("weight of SAMA 0.5", 0.5)]
    assert found[1].objective == replace(objective, alignment_weight=0.5)
    assert [variant.at for variant in variants_over(objective, "temperature")] == sorted(
        HYPERPARAMETERS["temperature"].values
    )


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("gamma", None, "one of ranking_weight"),
        ("beta", None, "does not depend on beta; it depends on ranking_weight, temperature, sigma"),
        ("temperature", [], "at least one value"),
        ("temperature", [-1], "above zero"),
    ],
)
def test_what_cannot_be_turned_is_named(name, values, message):
    with pytest.raises(ValueError, match=message):
        variants_over(OBJECTIVES["ce-gauss+balr"]("MI"), name, values)


def test_all_objectives_of_a_run_get_one_architecture():
    prepared = small_folds()[0]
    score = [OBJECTIVES[name]("MI") for name in ("huber", "balr")]
    assert isinstance(head_maker(prepared, "MI", score, QUICK)(), ScoreHead)
    make = head_maker(prepared, "MI", [*score, OBJECTIVES["ce-gauss"]("MI")], QUICK)
    head = make()
    assert isinstance(head, DistributionHead)
    assert head.scale == (1.0, 5.0)
    assert head.linears[0].weight.shape == (8, 5)
    with pytest.raises(ValueError, match="prompt"):
        head_maker(prepared, "MI", [replace(score[0], alignment_weight=0.3)], QUICK)
