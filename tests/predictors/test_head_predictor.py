"""What a head's answer becomes: held to the axis's scale, with an interval only where one is known."""

from __future__ import annotations

import math

import pytest

from qamro.predictors.head_predictor import held_to_scale


@pytest.mark.parametrize(
    ("axis", "value", "width", "expected"),
    [
        ("MI", 3.0, 0.5, (3.0, 2.5, 3.5)),
        ("MI", 5.4, 0.5, (5.0, 4.5, 5.0)),
        ("MI", 3.0, math.inf, (3.0, 1.0, 5.0)),
        ("beauty", 63.0, 8.0, (63.0, 55.0, 71.0)),
        ("beauty", 63.0, math.inf, (63.0, math.nan, math.nan)),
        ("beauty", 63.0, math.nan, (63.0, math.nan, math.nan)),
    ],
)
def test_scores_and_intervals_stay_on_the_scale(axis, value, width, expected):
    score = held_to_scale(axis, value, width)
    assert (score.value, score.low, score.high) == pytest.approx(expected, nan_ok=True)
