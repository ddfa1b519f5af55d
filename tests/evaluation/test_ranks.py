"""Ranks of many rows that share few values, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qamro.evaluation.metrics.ranks import levels_of, tie_groups

SHARED = {
    "means of ten": np.arange(10) / 10,
    "thirds": np.arange(12) / 3,
    "too close for a grid": np.array([0.0, 1e-12, 1.0, 1.0 + 1e-12, 5.0]),
    "far apart": np.array([-1e300, 0.0, 1e-300, 7.0, 1e300]),
    "all equal": np.array([3.0]),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("strangers", [0, 1, 5])
def test_rows_that_share_values_rank_as_scipy_ranks_them(name: str, strangers: int) -> None:
    rng = np.random.default_rng(strangers)
    rows = rng.choice(SHARED[name], (40, 60))
    rows[-1, :strangers] = rng.normal(size=strangers)  # values that no other row has
    found = tie_groups(rows)
    np.testing.assert_array_equal(found.ranks, stats.rankdata(rows, axis=1))
    sizes = [np.unique(row, return_counts=True)[1] for row in rows]
    np.testing.assert_array_equal(found.pairs, [(size * (size - 1) / 2).sum() for size in sizes])
    codes, above = levels_of(rows)
    assert codes.max() < above
    for row, code in zip(rows, codes, strict=True):
        assert (np.sign(row[:, None] - row) == np.sign(code[:, None].astype(int) - code)).all()


@pytest.mark.parametrize("name", SHARED)
def test_weights_count_as_repeats(name: str) -> None:
    rng = np.random.default_rng(7)
    rows, weights = rng.choice(SHARED[name], (20, 30)), rng.integers(0, 4, (20, 30))
    found = tie_groups(rows, weights.astype(float))
    for row, weight, ranks in zip(rows, weights, found.ranks, strict=True):
        expected = stats.rankdata(np.repeat(row, weight))
        np.testing.assert_array_equal(np.repeat(ranks, weight), expected)
