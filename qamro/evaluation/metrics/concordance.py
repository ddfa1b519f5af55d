"""Concordant minus discordant pairs: the sum behind Kendall's tau and pairwise accuracy."""

from __future__ import annotations

import numpy as np

from qamro.evaluation.metrics.levelled import concordance_of_panels

_BLOCK = 1 << 22  # entries of a block of the sign matrix: 16 MB in float32, which stays near the cache
_EXACT_FLOAT32 = 1 << 24  # whole numbers below this are exact in float32


def concordance(
    predictions: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray | None = None,
    coded: tuple[np.ndarray, int] | None = None,
) -> np.ndarray:
    """Counts concordant minus discordant pairs.

    Args:
        predictions: Predicted scores, shape (..., n).
        targets: Human scores, shape (..., n).
        weights: Multiplicities, shape (..., n), or None for one each.
        coded: ``levels_of(targets)``, if it is known.

    Returns:
        Whole numbers, exact, shape (...). Time grows with n².
    """
    if predictions.ndim == 1 and targets.ndim == 1:
        return _shared(predictions, targets, weights)
    if predictions.ndim == 1 and targets.ndim == 2 and weights is not None and targets.shape == weights.shape:
        return concordance_of_panels(predictions, targets, weights, coded)
    return _batched(predictions, targets, weights)


def _signs(values: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    row, column = values[..., rows, None], values[..., None, columns]
    return (row > column).astype(np.int8) - (row < column).astype(np.int8)


def _shared(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """One set of scores under many weights w: the sum over i < j of w_i S_ij w_j with S the product of signs.

    An item that a draw holds twice is tied with itself: S_ii = 0. The products W S run in float32: their entries are
    whole numbers, so nothing is rounded while they stay below 2**24.
    """
    n = x.size
    w = np.ones((1, n)) if weights is None else weights.reshape(-1, n)
    kind: type[np.floating] = np.float32 if w.sum(axis=-1).max(initial=0) < _EXACT_FLOAT32 else np.float64
    w = w.astype(kind)
    result = np.zeros(len(w))
    step = max(1, _BLOCK // n)
    for start in range(0, n, step):
        rows, columns = slice(start, start + step), slice(start, n)
        signs = (_signs(x, rows, columns) * _signs(y, rows, columns)).astype(kind)
        size = len(signs)
        signs[:, :size] = np.triu(signs[:, :size])  # each unordered pair once
        result += np.einsum("dj,dj->d", w[:, rows] @ signs, w[:, columns], dtype=np.float64)
    return result.reshape(() if weights is None else weights.shape[:-1])


def _batched(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Many sets of scores, each with its own signs: a few sets at a time."""
    arrays = [x, y] if weights is None else [x, y, weights]
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    x, y, *w = (np.broadcast_to(array, shape).reshape(-1, shape[-1]) for array in arrays)
    result = np.empty(len(x))
    everything = slice(None)
    step = max(1, _BLOCK // shape[-1] ** 2)
    for start in range(0, len(result), step):
        some = slice(start, start + step)
        signs = _signs(x[some], everything, everything) * _signs(y[some], everything, everything)
        if w:
            result[some] = (((signs * w[0][some, None, :]).sum(axis=-1)) * w[0][some]).sum(axis=-1) / 2
        else:
            result[some] = signs.sum(axis=(-1, -2), dtype=np.int64) / 2
    return result.reshape(shape[:-1])
