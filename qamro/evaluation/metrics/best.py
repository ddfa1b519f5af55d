"""Top-1: is the best system (or clip) found?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.metrics.pairs import Pairs, apply
from qamro.evaluation.metrics.ranks import row_blocks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def top1(
    predictions: ArrayLike,
    targets: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> np.ndarray:
    """Whether the item with the highest prediction is the one that people like best.

    Ties: if several items share the highest human score, each of them counts as the best; if several share the
    highest prediction, the value is the share of them that are the best, as if one were picked at random.

    Args:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.
        labels: What each item is, integers from 0, shape (..., n); items with one label are one thing (copies of a
            system in a bootstrap draw). None takes every item for itself.

    Returns:
        Values of shape (...), from 0 to 1; NaN where one side is constant.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Warns:
        UndefinedMetricWarning: Some value is NaN, with the reason.

    Example:
        >>> float(top1([1.0, 3.0, 2.0], [2.0, 5.0, 4.0]))
        1.0
    """
    return apply(core, Pairs.of(predictions, targets, weights, labels=labels))


def core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...)."""
    chosen, liked = _highest(pairs.predictions, pairs.weights), _highest(pairs.targets, pairs.weights)
    if pairs.labels is not None:
        liked = _spread(liked, pairs.labels)
    return pairs.ratio(pairs.sum((chosen & liked).astype(float)), pairs.sum(chosen.astype(float)))


def _highest(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Marks the items that share the highest value among those that count, shape (..., n)."""
    if weights is None:
        return values == values.max(axis=-1, keepdims=True)
    values, weights = np.broadcast_arrays(values, weights)
    rows, counts = (side.reshape(-1, values.shape[-1]) for side in (values, weights))
    marked = np.empty(rows.shape, dtype=bool)
    for some in row_blocks(rows.shape):
        heard = np.where(counts[some] > 0, rows[some], -np.inf)
        np.equal(heard, heard.max(axis=-1, keepdims=True), out=marked[some])
    return marked.reshape(values.shape)


def _spread(mask: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Marks every item whose label some marked item has."""
    mask, labels = np.broadcast_arrays(mask, labels)
    flat, names = mask.reshape(-1, mask.shape[-1]), labels.reshape(-1, mask.shape[-1])
    found = np.zeros((len(flat), int(names.max()) + 1), dtype=bool)
    row, column = np.nonzero(flat)
    found[row, names[row, column]] = True
    return np.take_along_axis(found, names, axis=-1).reshape(mask.shape)
