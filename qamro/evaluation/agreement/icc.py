"""Intraclass correlations: how much of the variance of ratings is the clips'."""

from __future__ import annotations

import numpy as np

from qamro.evaluation.agreement.components import Components


def icc_single(parts: Components) -> np.ndarray:
    """Reliability of one rating: the clips' share of the variance.

    ICC(2,1) of Shrout & Fleiss (1979) with raters as a random sample (absolute agreement) when ratings are named;
    ICC(1,1) when they are anonymous. With missing ratings the components come from pairs (see ``components``).

    Returns:
        Values up to 1, shape (...); NaN where a component is unknown or the ratings have no variance.
    """
    return _ratio(parts.clip, parts.clip + parts.noise)


def icc_mean(parts: Components, raters: float | np.ndarray) -> np.ndarray:
    """Reliability of the mean of several ratings: ICC(2,k), or ICC(1,k) when anonymous.

    Args:
        parts: Variance components, shape (...).
        raters: Number of ratings k that a mean rests on; where it differs between clips, its harmonic mean, because
            the noise of a mean falls with 1 / k.

    Returns:
        Values up to 1, shape (...); NaN where a component is unknown or the means have no variance.
    """
    return _ratio(parts.clip, parts.clip + parts.noise / raters)


def why_no_icc(scores: np.ndarray, *, named: bool) -> str:
    """Says in words why ratings have no intraclass correlation, given that some clip has two ratings.

    Args:
        scores: Ratings, NaN where there is none, shape (n clips, k raters).
        named: Whether columns are raters.
    """
    known = np.isfinite(scores)
    if known.any(axis=1).sum() < 2:
        return "fewer than two clips"
    if np.nanmin(scores) == np.nanmax(scores):
        return "all ratings are equal"
    if named and known.sum(axis=0).max() < 2:
        return "no rater rated two clips"
    return "the variance of the ratings is estimated at zero or below"


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
