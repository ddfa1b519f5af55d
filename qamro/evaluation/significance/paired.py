"""Tests of the difference between two predictors on the same clips."""

from __future__ import annotations

import math

import numpy as np

from qamro.evaluation.metrics import METRICS, Pairs
from qamro.evaluation.sample import Sample
from qamro.evaluation.significance.williams import WilliamsTest, williams


def bootstrap_p(differences: np.ndarray) -> float:
    """Two-sided p value that a difference is zero, from its paired bootstrap draws.

    Twice the share of draws on the far side of zero, with one added to both counts so that it is never zero (Davison &
    Hinkley 1997, section 4.2): a thousand draws cannot promise less than .002.

    Args:
        differences: Difference in each draw, shape (draws,); NaN draws are left out.

    Returns:
        The p value; NaN without draws.
    """
    known = differences[~np.isnan(differences)]
    if not known.size:
        return math.nan
    fewer = min((known <= 0).sum(), (known >= 0).sum())
    return float(min(1.0, 2 * (fewer + 1) / (known.size + 1)))


def between(first: Sample, second: Sample, level: str, metric: str) -> WilliamsTest:
    """Williams' test of two predictors' correlations with the same human scores.

    Args:
        first: One predictor's scores with the human ones.
        second: The other's, of the same clips.
        level: ``"utterance"`` or ``"system"``.
        metric: ``"LCC"`` or ``"SRCC"``; for others the answer is NaN.
    """
    if metric not in ("LCC", "SRCC"):
        return WilliamsTest(math.nan, 0, math.nan)
    one, other = first.pairs(level), second.pairs(level)
    n = one.predictions.size
    if n < 4:
        return WilliamsTest(math.nan, n - 3, math.nan)
    core = METRICS[metric].core
    together = Pairs(one.predictions, other.predictions)
    return williams(float(core(one)), float(core(other)), float(core(together)), n)
