"""Split-half rank correlation: how well one half of the raters predicts the other, the ceiling for a predictor."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from qamro.evaluation.rating_matrix import RatingMatrix

_ALL_HALVES = 1000


def half_means(matrix: RatingMatrix, draws: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Splits the ratings at random, again for each draw, and takes each half's mean for each clip.

    Named raters are split into two panels. Anonymous ratings are split clip by clip, because a position in a list is
    no rater.

    Args:
        matrix: The ratings of one axis.
        draws: Number of splits D.
        random: Source of the splits.

    Returns:
        Means of both halves, each of shape (D, n); NaN for a clip of which one half holds no rating.
    """
    known = np.isfinite(matrix.scores)
    scores = np.where(known, matrix.scores, 0.0)
    if matrix.anonymous:
        first, count = _clip_by_clip(matrix, scores, draws, random)
    else:
        chosen = random.permuted(np.tile(np.arange(len(matrix.raters)) % 2, (draws, 1)), axis=1).astype(float)
        first, count = chosen @ scores.T, chosen @ known.T
    second, rest = scores.sum(axis=1) - first, matrix.counts - count
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = first / count, second / rest
    one[(rest == 0) | (count == 0)] = np.nan
    other[np.isnan(one)] = np.nan
    return one, other


def _clip_by_clip(
    matrix: RatingMatrix, scores: np.ndarray, draws: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the ratings in the first half, each of shape (draws, n)."""
    first, count = np.empty((draws, len(scores))), np.empty((draws, len(scores)))
    for size in np.unique(matrix.counts):
        mine = np.flatnonzero(matrix.counts == size)
        packed = scores[mine][np.isfinite(matrix.scores[mine])].reshape(mine.size, size)
        halves = _halves(int(size), random)
        sums = packed @ halves.T
        picks = random.integers(len(halves), size=(draws, mine.size))
        first[:, mine] = sums[np.arange(mine.size), picks]
        count[:, mine] = halves.sum(axis=1)[picks]
    return first, count


def _halves(size: int, random: np.random.Generator) -> np.ndarray:
    """Indicators of halves of ``size`` ratings: all there are, or a thousand random ones; shape (halves, size)."""
    half = size // 2
    if comb(size, half) <= _ALL_HALVES:
        chosen = np.array(list(combinations(range(size), half)), dtype=int)
    else:
        chosen = np.argsort(random.random((_ALL_HALVES, size)), axis=1)[:, :half]
    table = np.zeros((len(chosen), size))
    np.put_along_axis(table, chosen, 1.0, axis=1)
    return table
