"""What the best epoch and the best seed are chosen by."""

import math
from dataclasses import replace

import pytest
import torch

from qamro.training.end_to_end.config import EndToEndConfig
from qamro.training.fit_config import FitConfig, describe
from qamro.training.objective import Objective
from qamro.training.run import Data
from qamro.training.trainer import fit_many

BY_SRCC = FitConfig("adamw", lr=1e-2, max_epochs=12, patience=12, hidden=(8, 4), stop_by="srcc")


def row(loss, srcc):
    return {"epoch": 1, "val_loss": loss, "val_srcc": srcc}


def test_an_epoch_is_better_by_the_chosen_number_alone_and_never_by_an_undefined_one():
    by_loss = replace(BY_SRCC, stop_by="loss")
    better_loss, better_srcc = row(0.1, 0.2), row(0.3, 0.4)
    assert by_loss.is_better(better_loss, better_srcc)
    assert not by_loss.is_better(better_srcc, better_loss)
    assert BY_SRCC.is_better(better_srcc, better_loss)
    assert not BY_SRCC.is_better(better_loss, better_srcc)
    assert not BY_SRCC.is_better(better_srcc, better_srcc), "as good is not better"
    assert BY_SRCC.is_better(row(9.0, -0.9), None)
    assert not BY_SRCC.is_better(row(0.1, math.nan), None)
    assert by_loss.is_better(row(0.1, math.nan), None)
    assert not by_loss.is_better(row(math.nan, 0.9), None)


def test_the_seed_is_chosen_by_what_training_stopped_by():
    rows = [row(0.3, 0.1), row(0.2, 0.2), None, row(0.4, 0.9), row(0.2, 0.9)]
    assert replace(BY_SRCC, stop_by="loss").choose(rows) == 1
    assert BY_SRCC.choose(rows) == 3
    assert BY_SRCC.choose([None, None]) == 0
    assert describe(BY_SRCC)["stop_by"] == "srcc"


def data(val_targets):
    x = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
    return Data(x[:40], x[:40, 0] + 3, x[40:], val_targets(x[40:]))


def test_each_head_of_a_stack_keeps_its_epoch_of_the_highest_correlation():
    found = fit_many(data(lambda x: x[:, 0] + x[:, 1] + 3), [Objective()] * 3, [0, 1, 2], BY_SRCC)
    for fitted in found:
        best = max(fitted.history, key=lambda one: one["val_srcc"])
        assert fitted.best_row == best
        assert fitted.best_epoch == best["epoch"]
        assert fitted.val_loss == best["val_loss"]
    assert any(fitted.val_loss > min(one["val_loss"] for one in fitted.history) for fitted in found)


def test_validation_clips_that_are_all_rated_alike_cannot_stop_by_correlation():
    alike = data(lambda x: torch.full((len(x),), 3.0))
    with pytest.raises(
        ValueError, match="20 validation clips are all rated alike, so their SRCC is undefined; stop by"
    ):
        fit_many(alike, [Objective()], [0], BY_SRCC)
    assert fit_many(alike, [Objective()], [0], replace(BY_SRCC, stop_by="loss"))[0].best_epoch
    with pytest.raises(ValueError, match="alike on MI"):
        BY_SRCC.check_criterion(torch.tensor([2.0]), "MI")


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_rate_that_cannot_teach_is_refused_by_name(rate):
    with pytest.raises(ValueError, match=r"\(lr\)"):
        FitConfig(lr=rate)
    with pytest.raises(ValueError, match=r"\(encoder_lr\)"):
        EndToEndConfig(encoder_lr=rate)
