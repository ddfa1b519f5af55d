"""Pearson's linear correlation coefficient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.metrics.pairs import Pairs, apply
from qamro.evaluation.metrics.ranks import row_blocks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def lcc(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Pearson's linear correlation between predicted and human scores.

    Args:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.

    Returns:
        Values of shape (...), from -1 to 1; NaN where one side is constant.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Warns:
        UndefinedMetricWarning: Some value is NaN, with the reason.

    Example:
        >>> round(float(lcc([1.0, 2.0, 4.0], [2.0, 4.0, 8.0])), 12)
        1.0
    """
    return apply(core, Pairs.of(predictions, targets, weights))


def core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...).

    The mean goes first, for each draw its own: raw moments lose digits when the scores are far from zero or when a
    draw leaves out an outlier.
    """
    x, y, w = pairs.predictions, pairs.targets, pairs.weights
    if w is not None and w.ndim == 2 and all(side.shape in (w.shape, w.shape[1:]) for side in (x, y)):
        parts = [
            _correlation(Pairs(x if x.ndim == 1 else x[some], y if y.ndim == 1 else y[some], w[some]))
            for some in row_blocks(w.shape)
        ]
        value = np.concatenate([np.empty(0), *parts])
    else:
        value = _correlation(pairs)
    return np.where(pairs.constant, np.nan, value)


def _correlation(pairs: Pairs) -> np.ndarray:
    x, y = _of_size_one(pairs.predictions), _of_size_one(pairs.targets)
    x, y = x - pairs.mean(x)[..., None], y - pairs.mean(y)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.clip(pairs.sum(x, y) / np.sqrt(pairs.sum(x, x) * pairs.sum(y, y)), -1, 1))


def _of_size_one(scores: np.ndarray) -> np.ndarray:
    """Scores less their mean, times the powers of 2 that keep squares from vanishing or overflowing."""
    for _ in range(2):  # before the mean, whose sum may overflow, and after it
        largest = np.abs(scores).max(axis=-1, keepdims=True, initial=0.0)
        scores = np.ldexp(scores, -np.frexp(largest)[1])
        scores = scores - scores.mean(axis=-1, keepdims=True) if scores.size else scores
    return scores
