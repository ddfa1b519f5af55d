from dataclasses import replace

import pytest
import torch
from scipy.stats import spearmanr

from qamro.training.fit_config import FitConfig, describe
from qamro.training.objective import Objective
from qamro.training.run import Data
from qamro.training.trainer import fit, fit_many


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
