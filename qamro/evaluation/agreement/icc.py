"""Intraclass correlations: how much of the variance of ratings is the clips'."""

from __future__ import annotations

import numpy as np

from qamro.evaluation.agreement.components import Components


def icc_single(parts: Components) -> np.ndarray:
    """Reliability of one rating: the clips' share of the variance.

    ICC(2,1) of Shrout & Fleiss (1979) with raters as a random sample (absolute agreement) when ratings are named;
    ICC(1,1) when they are anonymous. With missing ratings the components come from pairs (see ``components``).

    Returns:
        Values up to 1, shape (...); NaN when all ratings are equal.
    """
    return _ratio(parts.clip, parts.clip + parts.noise)


def icc_mean(parts: Components, raters: float | np.ndarray) -> np.ndarray:
    """Reliability of the mean of several ratings: ICC(2,k), or ICC(1,k) when anonymous.

    Args:
        parts: Variance components, shape (...).
        raters: Number of ratings k that a mean rests on; where it differs between clips, its harmonic mean, because
            the noise of a mean falls with 1 / k.
    """
    return _ratio(parts.clip, parts.clip + parts.noise / raters)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)
