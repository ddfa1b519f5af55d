import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from qamro.heads.score_head import BranchOutput
from qamro.training.end_to_end.run import EndToEndConfig
from qamro.training.objective import Objective
from qamro.training.trainer import Data, FitConfig, Scored, describe, fit, fit_many, spearman


def data(n=200, dim=6, seed=0) -> Data:
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(n + 80, dim, generator=rng)
    y = (3 + x[:, 0] - 0.5 * x[:, 1] + 0.1 * torch.randn(n + 80, generator=rng)).clamp(1, 5)
    return Data(x[:n], y[:n], x[n:], y[n:])


QUICK = FitConfig(optimizer="adamw", lr=3e-3, batch_size=64, max_epochs=40, patience=10, hidden=(16, 8))


def test_learns_and_keeps_the_best_epoch():
    given = data()
    result = fit(given, Objective(), QUICK)
    losses = [row["val_loss"] for row in result.history]
    assert result.val_loss == min(losses) < 0.5 * losses[0]
    assert result.best_epoch == losses.index(min(losses)) + 1
    with torch.no_grad():
        again = Objective()(result.head(given.val_features), given.val_targets)
    assert float(again) == pytest.approx(result.val_loss, rel=1e-5)


def test_stops_by_patience():
    noise = data()
    noise.targets = noise.targets[torch.randperm(200, generator=torch.Generator().manual_seed(1))]
    result = fit(noise, Objective(), FitConfig(**{**vars(QUICK), "max_epochs": 500}))
    assert len(result.history) == result.best_epoch + 10


@pytest.mark.parametrize("batch_size", [0, 64])
def test_the_same_seed_is_the_same_run_and_leaves_the_callers_random_numbers_alone(batch_size):
    config = FitConfig(**{**vars(QUICK), "batch_size": batch_size, "max_epochs": 5})
    torch.manual_seed(7)
    first = fit(data(), Objective(), config)
    after = torch.rand(1)
    torch.manual_seed(7)
    assert torch.equal(torch.rand(1), after)
    assert fit(data(), Objective(), config).history == first.history
    assert fit(data(), Objective(), FitConfig(**{**vars(config), "seed": 1})).history != first.history


def test_a_resumed_run_is_the_uninterrupted_run(tmp_path):
    file = tmp_path / "run" / "last.pt"
    whole = fit(data(), Objective(), QUICK)
    fit(data(), Objective(), QUICK, checkpoint=file, on_epoch=lambda row: row["epoch"] == 7)
    resumed = fit(data(), Objective(), QUICK, checkpoint=file)
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    for key, value in whole.head.state_dict().items():
        assert torch.equal(resumed.head.state_dict()[key], value)


def test_a_finished_run_does_not_go_on(tmp_path):
    done = fit(data(), Objective(), QUICK, checkpoint=tmp_path / "last.pt")
    assert fit(data(), Objective(), QUICK, checkpoint=tmp_path / "last.pt").history == done.history


MANY = [
    Objective("huber", "none"),
    Objective(beta=3.0),
    Objective("none", "mr"),
    Objective("mse+mae", "qamro", standardise=True),
]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("batch_size", [0, 64])
def test_many_at_once_are_the_same_as_one_by_one(optimizer, batch_size):
    config = FitConfig(optimizer=optimizer, lr=2e-3, batch_size=batch_size, max_epochs=12, hidden=(16, 8), dropout=0.2)
    seeds = [0, 1, 1, 7]
    together = fit_many(data(), MANY, seeds, config)
    for fitted, objective, seed in zip(together, MANY, seeds, strict=True):
        alone = fit(data(), objective, FitConfig(**{**vars(config), "seed": seed}))
        assert fitted.best_epoch == alone.best_epoch
        for key, value in alone.head.state_dict().items():
            torch.testing.assert_close(fitted.head.state_dict()[key], value, rtol=0, atol=1e-5)


def test_a_head_that_stops_early_does_not_move_on_while_others_train():
    config = FitConfig(**{**vars(QUICK), "patience": 3, "max_epochs": 60})
    together = fit_many(data(), MANY, [0, 0, 0, 0], config)
    lengths = {len(fitted.history) for fitted in together}
    assert len(lengths) > 1
    for fitted, objective in zip(together, MANY, strict=True):
        assert len(fitted.history) == len(fit(data(), objective, config).history)


def test_many_resume_together(tmp_path):
    file = tmp_path / "many.pt"
    whole = fit_many(data(), MANY, [0, 1, 2, 3], QUICK)
    fit_many(data(), MANY, [0, 1, 2, 3], QUICK, checkpoint=file, on_epoch=lambda rows: rows[0]["epoch"] == 4)
    resumed = fit_many(data(), MANY, [0, 1, 2, 3], QUICK, checkpoint=file)
    assert [fitted.history for fitted in resumed] == [fitted.history for fitted in whole]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="4 objectives but 1 seeds"):
        fit_many(data(), MANY, [0])


def test_standardised_scores_make_the_scale_irrelevant():
    given, scaled = data(), data()
    scaled.targets, scaled.val_targets = scaled.targets * 20, scaled.val_targets * 20
    objective = Objective("mse+mae", standardise=True)
    config = FitConfig(**{**vars(QUICK), "max_epochs": 3})
    a, b = fit(given, objective, config), fit(scaled, objective, config)
    assert a.val_loss == pytest.approx(b.val_loss, rel=1e-3)


def test_empty_parts_are_refused():
    empty = data()
    empty.val_features, empty.val_targets = empty.val_features[:0], empty.val_targets[:0]
    with pytest.raises(ValueError, match="empty"):
        fit(empty, Objective(), QUICK)


def test_paper_defaults_and_description():
    assert (FitConfig().optimizer, FitConfig().lr, FitConfig().batch_size, FitConfig().patience) == (
        "sgd",
        5e-4,
        256,
        20,
    )
    assert "weight_decay" not in describe(FitConfig())
    assert "momentum" not in describe(QUICK)
    with pytest.raises(ValueError, match="optimizer"):
        FitConfig(optimizer="lion")


def test_history_has_the_validation_correlation_of_every_epoch_and_head():
    given = data()
    for fitted in fit_many(given, MANY, [0, 1, 2, 3], replace(QUICK, max_epochs=3, patience=3)):
        assert [sorted(row) for row in fitted.history] == [["epoch", "train_loss", "val_loss", "val_srcc"]] * 3
        with torch.no_grad():
            expected = spearmanr(fitted.head(given.val_features), given.val_targets)[0]
        assert fitted.history[fitted.best_epoch - 1]["val_srcc"] == pytest.approx(expected, abs=1e-9)


# What the best epoch and the best seed are chosen by.

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


def small_data(val_targets):
    x = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
    return Data(x[:40], x[:40, 0] + 3, x[40:], val_targets(x[40:]))


def test_each_head_of_a_stack_keeps_its_epoch_of_the_highest_correlation():
    found = fit_many(small_data(lambda x: x[:, 0] + x[:, 1] + 3), [Objective()] * 3, [0, 1, 2], BY_SRCC)
    for fitted in found:
        best = max(fitted.history, key=lambda one: one["val_srcc"])
        assert fitted.best_row == best
        assert fitted.best_epoch == best["epoch"]
        assert fitted.val_loss == best["val_loss"]
    assert any(fitted.val_loss > min(one["val_loss"] for one in fitted.history) for fitted in found)


def test_validation_clips_that_are_all_rated_alike_cannot_stop_by_correlation():
    alike = small_data(lambda x: torch.full((len(x),), 3.0))
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


def test_correlations_are_scipys_row_by_row_with_ties():
    rng = torch.Generator().manual_seed(0)
    y = torch.randint(0, 9, (60,), generator=rng) / 5
    rows = (torch.randn(5, 60, generator=rng) * 3).round() + y
    np.testing.assert_allclose(spearman(rows, y), [spearmanr(row, y)[0] for row in rows], atol=1e-12)


def test_what_has_no_correlation_is_nan_and_leaves_the_others_alone():
    rows = torch.tensor([[1.0, 2.0, 4.0], [2.0, 2.0, 2.0], [1.0, float("nan"), 2.0]])
    assert np.isnan(spearman(rows, torch.tensor([1.0, 5.0, 3.0]))).tolist() == [False, True, True]
    assert np.isnan(spearman(rows, torch.full((3,), 2.5))).all()
    assert np.isnan(spearman(rows[:, :1], torch.ones(1))).all()
    assert np.isnan(spearman(rows[:, :0], torch.ones(0))).all()


@pytest.mark.parametrize("flags", [(True, True), (False, False), (True, False)])
def test_standardised_objectives_see_standardised_scores_and_the_others_do_not(flags):
    y, scores = torch.tensor([10.0, 40.0, 70.0]), torch.tensor([[20.0, 30.0, 90.0], [10.0, 15.0, 75.0]])
    mean, deviation = torch.tensor(40.0), torch.tensor(25.0)
    objectives = [Objective("mse", "qamro", standardise=flag) for flag in flags]
    found = Scored(BranchOutput(scores), mean, deviation, None).losses(objectives, y)
    for row, (flag, objective) in enumerate(zip(flags, objectives, strict=True)):
        alone = (
            objective((scores[row] - mean) / deviation, (y - mean) / deviation) if flag else objective(scores[row], y)
        )
        torch.testing.assert_close(found[row], alone)


def test_a_head_that_ran_away_is_named_with_the_remedy():
    scores = torch.tensor([[1.0, 2.0], [float("nan"), 2.0], [float("inf"), 0.0]])
    with pytest.raises(ValueError, match="2 of 3 heads score NaN; take a lower learning rate"):
        Scored(BranchOutput(scores), torch.tensor(0.0), torch.tensor(1.0), None).losses(
            [Objective()] * 3, torch.ones(2)
        )
