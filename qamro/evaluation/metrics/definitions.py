"""The metrics, each with its source: SRCC, KTAU, LCC, MSE, pairwise accuracy and top-1."""

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
    return apply(top1_core, Pairs.of(predictions, targets, weights, labels=labels))


def top1_core(pairs: Pairs) -> np.ndarray:
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


# Kendall's rank correlation tau-b.


def ktau(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Kendall's tau-b: (C - D) / sqrt((P - T_x)(P - T_y)).

    C and D are the concordant and discordant pairs, P all pairs, T_x and T_y the pairs tied in the predictions and in
    the targets (Kendall 1945, "The treatment of ties in ranking problems").

    Args:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.

    Returns:
        Values of shape (...), from -1 to 1; NaN where one side is constant. Time grows with n².

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Warns:
        UndefinedMetricWarning: Some value is NaN, with the reason.

    Example:
        >>> float(ktau([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]).round(6))
        0.333333
    """
    return apply(ktau_core, Pairs.of(predictions, targets, weights))


def ktau_core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...)."""
    untied = (pairs.every_pair - pairs.prediction_ties.pairs) * (pairs.every_pair - pairs.target_ties.pairs)
    return np.clip(pairs.ratio(pairs.concordance, np.sqrt(untied)), -1, 1)


# Spearman's rank correlation coefficient.


def srcc(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Spearman's rank correlation: Pearson's on average ranks (ties share the mean of their ranks).

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
        >>> float(srcc([1.0, 2.0, 3.0], [0.1, 0.2, 9.0]))
        1.0
    """
    return apply(srcc_core, Pairs.of(predictions, targets, weights))


def srcc_core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; ranks from 1 to N have the mean (N + 1) / 2 whatever the ties."""
    x, y = pairs.prediction_ties, pairs.target_ties
    cov = pairs.sum(x.ranks, y.ranks) - pairs.total * (pairs.total + 1) ** 2 / 4
    return np.clip(pairs.ratio(cov, np.sqrt(x.spread * y.spread)), -1, 1)


# Pearson's linear correlation coefficient.


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
    return apply(lcc_core, Pairs.of(predictions, targets, weights))


def lcc_core(pairs: Pairs) -> np.ndarray:
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


# Pairwise accuracy: how often the clip that people prefer gets the higher prediction.


def pairwise_accuracy(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Share of the pairs with different human scores that the predictions order the same way.

    Ties: pairs with equal human scores are left out (there is nothing to find); a predicted tie counts half, as a
    coin toss would. So 0.5 is chance, and the value is (1 + Somers' D of ŷ given y) / 2, the concordance index of
    Harrell et al. (1982). Pairwise accuracy over systems is Kocmi et al. (2021), "To ship or not to ship".

    Args:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.

    Returns:
        Values of shape (...), from 0 to 1; NaN where one side is constant: no order exists there to be right about.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Warns:
        UndefinedMetricWarning: Some value is NaN, with the reason.

    Example:
        >>> float(pairwise_accuracy([1.0, 2.0, 2.0], [1.0, 2.0, 3.0]).round(6))
        0.833333
    """
    return apply(accuracy_core, Pairs.of(predictions, targets, weights))


def accuracy_core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...)."""
    return (1 + pairs.ratio(pairs.concordance, pairs.every_pair - pairs.target_ties.pairs)) / 2


# Mean squared error.


def mse(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Mean squared error, mean of (ŷ - y)².

    Args:
        predictions: Predicted scores ŷ, shape (..., n), on the targets' scale.
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.

    Returns:
        Values of shape (...), in squared units of the scale, from 0; NaN without items.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Example:
        >>> float(mse([1.0, 2.0], [1.0, 4.0]))
        2.0
    """
    return apply(mse_core, Pairs.of(predictions, targets, weights))


def mse_core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...)."""
    return np.asarray(pairs.mean((pairs.predictions - pairs.targets) ** 2))
