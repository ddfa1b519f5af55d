"""Pairwise accuracy that credits a predictor for calling ties, with the tie threshold calibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.metrics.pairs import Pairs, apply
from qamro.evaluation.metrics.ranks import right_pairs_of_panels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_BLOCK = 1 << 22


def calibrate_ties(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Finds the difference up to which two predictions should count as a tie (Deutsch, Foster & Freitag 2023).

    Of all thresholds the one with the highest accuracy over all pairs ("Ties Matter", section 6), the smallest of
    them if several have it. It is tuned on the pairs that it then scores: the accuracy is the best that could be had.

    Args:
        predictions: Predicted scores ŷ, shape (n,).
        targets: Human scores y, shape (n,).

    Returns:
        The threshold epsilon >= 0 on the scale of the predictions.

    Example:
        >>> calibrate_ties([1.0, 1.5, 4.0], [2.0, 2.0, 5.0])
        0.5
    """
    x, y = np.asarray(predictions, dtype=float), np.asarray(targets, dtype=float)
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    tied, right = [np.empty(0)], [np.empty(0)]
    # One row of pairs at a time, which stays in the cache; in the order of the predictions no gap is below zero.
    for i in range(x.size - 1):
        gap, later = x[i + 1 :] - x[i], y[i + 1 :]
        tied.append(gap[later == y[i]])
        right.append(gap[(later > y[i]) & (gap > 0)])
    ties, orders = np.sort(np.concatenate(tied)), np.sort(np.concatenate(right))
    # Raising epsilon wins the humans' ties within it and loses the right orders within it: the best one is zero or
    # the width of some tie.
    candidates = np.concatenate(([0.0], ties))
    won = np.searchsorted(ties, candidates, side="right")
    lost = np.searchsorted(orders, candidates, side="right")
    return float(candidates[np.argmax(won - lost)])


def tie_accuracy(
    predictions: ArrayLike,
    targets: ArrayLike,
    *,
    epsilon: float | None = None,
    weights: ArrayLike | None = None,
) -> np.ndarray:
    """Share of all pairs that are called rightly: ordered as people order them, or tied where people tie.

    Copies of one item in a bootstrap draw are not compared: they would be ties that nobody had to find. For the same
    reason items are not compared with themselves.

    Args:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        epsilon: Largest difference of predictions that is a tie; None calibrates it (scores of shape (n,) only).
        weights: How often each item counts, shape (..., n); with it the predictions have shape (n,), and the targets
            that or the shape of the weights.

    Returns:
        Values of shape (...), from 0 to 1; NaN where one side is constant.

    Raises:
        ValueError: Shapes do not fit, a score is not finite, or ``epsilon`` is below zero.

    Warns:
        UndefinedMetricWarning: Some value is NaN, with the reason.

    Example:
        >>> float(tie_accuracy([1.0, 1.5, 4.0], [2.0, 2.0, 5.0], epsilon=0.5))
        1.0
    """
    if epsilon is not None and not epsilon >= 0:
        raise ValueError(f"epsilon is a difference of zero or more, not {epsilon}")
    return apply(core, Pairs.of(predictions, targets, weights, epsilon=epsilon))


def core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...).

    Raises:
        ValueError: A threshold would have to be calibrated on several sets of scores, or shapes do not go together.
    """
    x, y, w = pairs.predictions, pairs.targets, pairs.weights
    epsilon = pairs.epsilon
    if epsilon is None:
        if x.ndim > 1 or y.ndim > 1:
            raise ValueError("a threshold is calibrated on one set of scores; give epsilon for several")
        epsilon = calibrate_ties(x, y)
    if w is None:
        value = _many(x, y, epsilon)
    elif x.ndim == 1 and y.ndim == 1:
        value = _weighted(x, y, epsilon, w)
    elif x.ndim == 1 and y.ndim == 2 and y.shape == w.shape:
        with np.errstate(invalid="ignore", divide="ignore"):
            value = right_pairs_of_panels(x, y, w, epsilon, pairs.coded) / _pairs(w)
    else:
        raise ValueError("weights go with predictions of shape (n,), and with targets of that shape or their own")
    return np.where(pairs.constant, np.nan, value)


def _pairs(weights: np.ndarray) -> np.ndarray:
    """Number of pairs of different items."""
    return (weights.sum(axis=-1) ** 2 - (weights**2).sum(axis=-1)) / 2


def _right(x: np.ndarray, y: np.ndarray, epsilon: float, rows: slice, columns: slice) -> np.ndarray:
    """Whether each pair is called rightly, shape (..., rows, columns)."""
    gap = x[..., rows, None] - x[..., None, columns]
    better = y[..., rows, None] - y[..., None, columns]
    return ((gap > epsilon) == (better > 0)) & ((gap < -epsilon) == (better < 0))


def _many(x: np.ndarray, y: np.ndarray, epsilon: float) -> np.ndarray:
    n = x.shape[-1]
    shape = np.broadcast_shapes(x.shape, y.shape)
    x, y = (np.broadcast_to(each, shape).reshape(-1, n) for each in (x, y))
    if len(x) == 1:
        return _weighted(x[0], y[0], epsilon, np.ones((1, n))).reshape(shape[:-1])
    step = max(1, _BLOCK // n**2)
    every = slice(None)
    parts = [_right(x[i : i + step], y[i : i + step], epsilon, every, every) for i in range(0, len(x), step)]
    with np.errstate(invalid="ignore"):
        share = (np.concatenate([part.sum(axis=(-1, -2)) for part in parts]) - n) / np.float64(n * (n - 1))
    return share.reshape(shape[:-1])


def _weighted(x: np.ndarray, y: np.ndarray, epsilon: float, weights: np.ndarray) -> np.ndarray:
    """The sum over i < j of w_i w_j [pair is right], by matrix products of whole numbers, exact in float32."""
    w = weights.reshape(-1, x.size).astype(np.float32)
    right = np.zeros(len(w))
    step = max(1, _BLOCK // x.size)
    for start in range(0, x.size, step):
        rows, columns = slice(start, start + step), slice(start, None)
        block = _right(x, y, epsilon, rows, columns).astype(np.float32)
        size = len(block)
        block[:, :size] = np.triu(block[:, :size], 1)
        right += np.einsum("dj,dj->d", w[:, rows] @ block, w[:, columns], dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return right.reshape(weights.shape[:-1]) / _pairs(weights)
