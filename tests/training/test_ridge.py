"""Ridge regression: the solution against the normal equations, the head against the solution, and its place in runs."""

import threading

import numpy as np
import pytest
import torch

from qamro.heads import ScoreHead
from qamro.heads.bundle import head_from_state
from qamro.heads.score_head import drawn_by
from qamro.training.embedded_study import Data
from qamro.training.objective import OBJECTIVES, Objective, stacked_loss
from qamro.training.ridge import FOLDS, PENALTIES, choose_penalty, fit_ridge, solve
from qamro.training.trainer import FitConfig, fit_many


def made(clips=60, dim=8, noise=0.1, seed=0, train=40):
    draw = torch.Generator().manual_seed(seed)
    x = 5 + 3 * torch.randn(clips, dim, generator=draw)
    y = 3 + x @ torch.randn(dim, generator=draw) * 0.1 + noise * torch.randn(clips, generator=draw)
    return Data(x[:train], y[:train], x[train:], y[train:])


@pytest.mark.parametrize("shape", [(12, 30), (30, 12), (20, 20), (5, 1), (1, 4)])
def test_the_solution_solves_the_normal_equations(shape):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=shape), rng.normal(size=shape[0])
    weights, biases = solve(x, y, np.array([0.3, 40.0]))
    for k, penalty in enumerate((0.3, 40.0)):
        middle = x - x.mean(axis=0)
        expected = np.linalg.solve(middle.T @ middle + penalty * np.eye(shape[1]), middle.T @ (y - y.mean()))
        np.testing.assert_allclose(weights[:, k], expected, atol=1e-10)
        np.testing.assert_allclose(biases[k], y.mean() - x.mean(axis=0) @ expected, atol=1e-10)


def test_collinear_features_and_constant_scores():
    x = np.ones((6, 3))
    weights, biases = solve(x, np.full(6, 2.0), PENALTIES)
    assert np.abs(weights).max() < 1e-12
    np.testing.assert_allclose(biases, 2.0)


@pytest.mark.parametrize("together", [False, True])
def test_the_penalty_is_that_of_the_least_error_held_out(together):
    rng = np.random.default_rng(1)
    contents = np.repeat(np.arange(10), 4) if together else None
    x = rng.normal(size=(40, 60))
    y = x[:, 0] + rng.normal(size=40)
    group = np.arange(40) if contents is None else contents
    place = np.random.default_rng(0).permutation(group.max() + 1) % FOLDS
    errors = []
    for penalty in PENALTIES:
        error = 0.0
        for fold in range(FOLDS):
            held = place[group] == fold
            weights, bias = solve(x[~held], y[~held], np.array([penalty]))
            error += float(((x[held] @ weights[:, 0] + bias[0] - y[held]) ** 2).sum())
        errors.append(error)
    assert choose_penalty(x, y, contents) == PENALTIES[int(np.argmin(errors))]


def test_contents_on_two_sides_would_choose_a_smaller_penalty():
    """Copies of one sentence in both parts reward learning sentences by heart, which is worth nothing on others."""
    ratios = []
    for seed in range(9):
        rng = np.random.default_rng(seed)
        sentence = np.repeat(np.arange(12), 6)
        x = rng.normal(size=(12, 80))[sentence] + 0.05 * rng.normal(size=(72, 80))
        y = rng.normal(size=12)[sentence]
        ratios.append(choose_penalty(x, y, sentence) / choose_penalty(x, y, None))
    assert np.median(ratios) > 100


def test_one_content_leans_on_the_mean():
    assert choose_penalty(np.eye(4), np.arange(4.0), np.zeros(4)) == PENALTIES[-1]


def test_the_head_computes_the_solution_and_survives_a_save():
    data = made()
    found = fit_ridge(data)
    head = ScoreHead.from_state(found.head.state_dict())
    x = (data.features - head.in_mean) / head.in_std
    y = (data.targets - head.out_mean) / head.out_std
    penalty = choose_penalty(x.double().numpy(), y.double().numpy(), None)
    weights, bias = solve(x.double().numpy(), y.double().numpy(), np.array([penalty]))
    standard = (data.val_features - head.in_mean) / head.in_std
    expected = (standard.double().numpy() @ weights[:, 0] + bias[0]) * float(head.out_std) + float(head.out_mean)
    with torch.no_grad():
        np.testing.assert_allclose(head(data.val_features).numpy(), expected, atol=1e-5)
        error = float(((head(data.val_features) - data.val_targets) ** 2).mean())
    assert found.val_loss == pytest.approx(error)
    assert found.best_row["val_srcc"] > 0.8


def test_it_stands_beside_trained_heads_and_changes_none():
    data, config = made(), FitConfig("adamw", lr=1e-2, max_epochs=5, hidden=(4, 4))
    ridge, huber = OBJECTIVES["ridge"]("MI"), OBJECTIVES["huber"]("MI")
    rows = []
    mixed = fit_many(data, [ridge, huber, ridge, huber], [0, 0, 7, 7], config, on_epoch=lambda r: rows.append(r))
    alone = fit_many(data, [huber, huber], [0, 7], config)
    assert [mixed[1].val_loss, mixed[3].val_loss] == [fit.val_loss for fit in alone]
    assert mixed[0].val_loss == mixed[2].val_loss == fit_ridge(data).val_loss
    assert all(len(found) == 2 for found in rows)
    rows.clear()
    fit_many(data, [ridge], [0], config, on_epoch=lambda r: rows.append(r))
    assert [row["epoch"] for found in rows for row in found] == [1]


def test_it_takes_no_other_terms_and_has_no_loss():
    with pytest.raises(ValueError, match="no ranking or alignment term"):
        Objective("ridge", "qamro")
    with pytest.raises(ValueError, match="solved in one step"):
        stacked_loss([OBJECTIVES["ridge"]("MI")], torch.zeros(1, 3), torch.arange(3.0))
    assert str(OBJECTIVES["ridge"]("PQ")) == "ridge regression"


@pytest.mark.parametrize("work", [fit_ridge, lambda data: head_from_state(fit_ridge(data).head.state_dict())])
def test_what_is_made_in_another_thread_leaves_drawn_weights_alone(work):
    """Modules draw from one generator; in a sweep ridge is solved while other threads draw heads by their seeds."""
    data = made()
    with drawn_by(5):
        alone = torch.rand(3)
    with drawn_by(5):
        other = threading.Thread(target=work, args=(data,))
        other.start()
        other.join(0.3)
        beside = torch.rand(3)
    other.join()
    assert torch.equal(alone, beside)
