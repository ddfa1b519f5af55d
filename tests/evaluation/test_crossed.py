"""Raters and prompts drawn at once: weights by an explicit loop, widths by scipy, runs of what is not told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qamro.evaluation.crossed import Crossed, pair_differences, range_width, runs


@pytest.mark.parametrize("k", [2, 3, 8, 50])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_width_of_pairs_is_tukeys(k, level):
    assert range_width(k, level) == pytest.approx(stats.studentized_range.ppf(level, k, np.inf) / np.sqrt(2), abs=1e-3)


@pytest.mark.parametrize(
    ("columns", "kinds"),
    [
        ({}, 0),
        ({"rater": ["a", "a", "b", "b"]}, 1),
        ({"rater": ["a", "a", "b", "b"], "prompt": ["x", "y", "x", "z"]}, 2),
        ({"rater": ["a", "", "b", "b"], "prompt": ["x", "x", "x", "x"]}, 0),
        ({"rater": ["a", None, "b", "b"]}, 0),
    ],
)
def test_what_is_drawn_is_what_is_known(columns, kinds):
    table = pd.DataFrame({"score": range(4)} | columns)
    crossed = Crossed.of(table)
    assert len(crossed.kinds) == kinds
    for weight in crossed.weights(20, np.random.default_rng(0)):
        assert weight.shape == (4,)
        if kinds == 0:
            assert weight.sum() == 4
        if kinds == 1:  # rows of one rater go together
            assert weight[0] == weight[1]
            assert weight[0] + weight[2] == 2
    assert crossed.clusters == {0: 4, 1: 2, 2: 2}[kinds]
    assert crossed.tail(0.95) > stats.norm.ppf(0.975)


def test_pairs_of_one_and_of_what_does_not_vary_are_not_told_apart():
    crossed = Crossed.of(pd.DataFrame({"score": range(4)}))
    assert pair_differences(["a"], np.zeros(1), np.zeros((10, 1)), 0.95, crossed).empty
    still = pair_differences(["a", "b"], np.array([0.0, 9.0]), np.tile([0.0, 9.0], (10, 1)), 0.95, crossed)
    assert not still["differ"].any()


def test_runs_are_the_largest_without_a_difference():
    differ = np.zeros((5, 5), dtype=bool)
    for one, two in ((0, 2), (0, 3), (0, 4), (1, 4), (2, 4)):
        differ[one, two] = differ[two, one] = True
    assert runs(differ) == [(0, 1), (1, 3), (3, 4)]
    assert runs(np.zeros((3, 3), dtype=bool)) == [(0, 2)]
    assert runs(~np.eye(3, dtype=bool)) == []
