"""Accuracy that counts ties: the threshold, draws that hold copies, many sets at once."""

from __future__ import annotations

import numpy as np
import pytest

from qamro.evaluation.metrics import (
    calibrate_ties,
    tie_accuracy,
    ties,
)

from . import oracles
from .data import sample


@pytest.mark.parametrize("n", [2, 3, 8, 25])
def test_the_threshold_of_ties_is_the_best_of_all(n):
    rng = np.random.default_rng(n)
    for _ in range(8):
        x, y = sample(rng, n, tied=True)
        x = x + np.round(0.1 * rng.normal(size=n), 2)
        accuracy, minus = oracles.best_tie_accuracy(x, y)
        if np.isnan(accuracy):
            continue
        assert calibrate_ties(x, y) == pytest.approx(-minus, abs=1e-12)
        assert float(tie_accuracy(x, y)) == pytest.approx(accuracy, abs=1e-12)
        for epsilon in (0.0, 0.3, 1.0):
            assert float(tie_accuracy(x, y, epsilon=epsilon)) == pytest.approx(oracles.tie_accuracy(x, y, epsilon))


def test_ties_of_draws_leave_copies_out():
    rng = np.random.default_rng(1)
    x, y = sample(rng, 12, tied=True)
    weights = rng.multinomial(12, np.full(12, 1 / 12), size=6)
    found = tie_accuracy(x, y, epsilon=0.5, weights=weights)
    for d in range(6):
        items = np.repeat(np.arange(12), weights[d])
        right = pairs = 0
        for a in range(12):
            for b in range(a):
                if items[a] != items[b]:
                    i, j = items[a], items[b]
                    right += oracles.tie_accuracy([x[i], x[j]], [y[i], y[j]], 0.5)
                    pairs += 1
        assert found[d] == pytest.approx(right / pairs)


def test_ties_of_many_sets_and_of_many_items(monkeypatch):
    rng = np.random.default_rng(2)
    x, y = np.round(rng.normal(size=(3, 4, 6)), 1), np.round(rng.normal(size=(3, 4, 6)), 0)
    found = tie_accuracy(x, y, epsilon=0.3)
    for i, j in np.ndindex(3, 4):
        assert found[i, j] == pytest.approx(oracles.tie_accuracy(x[i, j], y[i, j], 0.3))
    monkeypatch.setattr(ties, "_BLOCK", 3000)  # more rows than one block holds
    x, y = rng.normal(size=230), np.round(rng.normal(size=230))
    gap, better = x[:, None] - x, np.sign(y[:, None] - y)
    called = np.where(np.abs(gap) <= 0.2, 0, np.sign(gap))
    expected = ((called == better).sum() - 230) / (230 * 229)
    assert float(tie_accuracy(x, y, epsilon=0.2)) == pytest.approx(expected, abs=1e-12)
    upper = np.triu_indices(230, 1)
    width, tied = np.abs(gap)[upper], better[upper] == 0
    right = (gap * better)[upper] > 0
    values = [(width[tied] <= e).sum() + (right & (width > e)).sum() for e in np.sort(width[tied])[::20]]
    assert float(tie_accuracy(x, y)) * width.size >= max(values)


def test_a_threshold_needs_one_set_and_no_sign():
    with pytest.raises(ValueError, match="give epsilon for several"):
        tie_accuracy([[1.0, 2.0], [2.0, 1.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="zero or more, not -1"):
        tie_accuracy([1.0, 2.0], [1.0, 2.0], epsilon=-1)
    with pytest.raises(ValueError, match="predictions of shape"):
        tie_accuracy([[1.0, 2.0]], [1.0, 2.0], epsilon=0, weights=[[1, 1]])
