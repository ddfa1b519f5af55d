"""What every metric works on: checked pairs of predicted and human scores, and how many are in the same order."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.metrics.ranks import Ties, concordance_of_panels, tie_groups

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class UndefinedMetricWarning(RuntimeWarning):
    """A metric has no value for this input; the message says why, and the result is NaN."""


@dataclass(frozen=True)
class Pairs:
    """Predicted and rated scores of the same items, one set or many at once.

    The leading dimensions ``...`` of the three arrays broadcast. A bootstrap is scores of shape (n,) with weights of
    shape (draws, n): a weight says how often a draw holds the item, and every metric then answers exactly what it
    would on the repeated items.

    Attributes:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        weights: Multiplicities, non-negative integers as floats, shape (..., n); None counts every item once.
        labels: What each item is, integers from 0, shape (..., n): copies of a system in a draw are one thing. None
            takes every item for itself. Only top-1 asks.
        epsilon: Largest difference of predictions that is a tie, for the accuracy that counts ties; None calibrates.
        coded: ``levels_of(targets)``, for whoever knows it and asks for several metrics of many targets.
    """

    predictions: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None = None
    labels: np.ndarray | None = None
    epsilon: float | None = None
    coded: tuple[np.ndarray, int] | None = None

    @classmethod
    def of(
        cls,
        predictions: ArrayLike,
        targets: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        labels: ArrayLike | None = None,
        epsilon: float | None = None,
    ) -> Pairs:
        """Checks the input and makes float64 arrays of it.

        Args:
            predictions: Predicted scores ŷ, shape (..., n).
            targets: Human scores y, shape (..., n).
            weights: How often each item counts, shape (..., n); None for once.
            labels: See the class.
            epsilon: See the class.

        Raises:
            ValueError: The shapes do not fit, a score is NaN or infinite, or a weight is not a whole number >= 0.
        """
        x, y = np.asarray(predictions, dtype=float), np.asarray(targets, dtype=float)
        w = None if weights is None else np.asarray(weights, dtype=float)
        if x.ndim == 0 or y.ndim == 0 or x.shape[-1] != y.shape[-1] or (w is not None and w.shape[-1:] != x.shape[-1:]):
            shapes = f"predictions {x.shape}, targets {y.shape}" + ("" if w is None else f", weights {w.shape}")
            raise ValueError(f"the last dimension must agree: {shapes}")
        for name, values in (("predictions", x), ("targets", y)):
            bad = int(np.size(values) - np.isfinite(values).sum())
            if bad:
                raise ValueError(f"{bad} of {values.size} {name} are NaN or infinite; drop those pairs and count them")
        if w is not None and not (np.isfinite(w).all() and (w >= 0).all() and (w == np.floor(w)).all()):
            raise ValueError("weights say how often an item counts: whole numbers, zero or more")
        return cls(x, y, w, None if labels is None else np.asarray(labels), epsilon)

    @cached_property
    def total(self) -> np.ndarray:
        """How many items there are, repeats counted; shape (...) of the weights, or () without weights."""
        return np.asarray(float(self.predictions.shape[-1])) if self.weights is None else self.weights.sum(axis=-1)

    @property
    def every_pair(self) -> np.ndarray:
        """Number of unordered pairs, repeats counted, shape as ``total``."""
        return self.total * (self.total - 1) / 2

    @property
    def constant(self) -> np.ndarray:
        """Where one side is constant, so that nothing can be correlated; booleans of shape (...)."""
        return self.constant_predictions | self.constant_targets

    @cached_property
    def prediction_ties(self) -> Ties:
        """Ranks and tie groups of the predictions."""
        return tie_groups(self.predictions, self.weights)

    @cached_property
    def target_ties(self) -> Ties:
        """Ranks and tie groups of the targets."""
        return tie_groups(self.targets, self.weights, self.coded)

    @cached_property
    def constant_predictions(self) -> np.ndarray:
        """Where the predictions hold fewer than two different values; booleans of shape (...)."""
        return self.prediction_ties.pairs == self.every_pair

    @cached_property
    def constant_targets(self) -> np.ndarray:
        """Where the targets hold fewer than two different values; booleans of shape (...)."""
        return self.target_ties.pairs == self.every_pair

    @cached_property
    def concordance(self) -> np.ndarray:
        """Concordant minus discordant pairs, repeats counted, shape (...)."""
        return concordance(self.predictions, self.targets, self.weights, self.coded)

    def sum(self, *factors: np.ndarray) -> np.ndarray:
        """Weighted sum over the last dimension of a product of columns, each of shape (..., n)."""
        if self.weights is not None:
            if len(factors) == 1 and factors[0].ndim == 1:
                return self.weights @ factors[0]
            factors = (self.weights, *factors)
        return np.einsum(",".join(["...i"] * len(factors)) + "->...", *factors)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Weighted mean over the last dimension of a column of shape (..., n); NaN where nothing weighs."""
        with np.errstate(invalid="ignore"):
            return self.sum(values) / self.total

    def ratio(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """A measure of order, ``part / whole``, shape (...); NaN where one side is constant and there is no order."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.constant, np.nan, part / whole)

    def why_unranked(self) -> str:
        """Says in words why no correlation or order exists; empty when there is one everywhere."""
        if not self.predictions.shape[-1] or not np.all(self.total):
            return "no items"
        if self.predictions.shape[-1] < 2:
            return "fewer than two items: nothing to compare"
        sides = [
            name
            for name, constant in (("predictions", self.constant_predictions), ("rated scores", self.constant_targets))
            if np.any(constant)
        ]
        return f"constant {' and '.join(sides)}: no order to compare" if sides else ""


Core = Callable[[Pairs], np.ndarray]
"""A metric's formula: takes checked pairs, returns one value for each leading index, NaN where it is undefined."""


def apply(core: Core, pairs: Pairs) -> np.ndarray:
    """Computes a metric and warns where it is undefined.

    Args:
        core: The metric's formula.
        pairs: Checked input.

    Returns:
        Values of shape (...); NaN where undefined.

    Warns:
        UndefinedMetricWarning: Some result is NaN; the message says why and how often.
    """
    if pairs.predictions.shape[-1] == 0:
        value = np.full(np.broadcast_shapes(pairs.predictions.shape[:-1], pairs.targets.shape[:-1]), np.nan)
    else:
        value = np.asarray(core(pairs))
    undefined = int(np.isnan(value).sum())
    if undefined:
        where = f" ({undefined} of {value.size})" if value.size > 1 else ""
        warnings.warn(f"undefined, NaN{where}: {pairs.why_unranked()}", UndefinedMetricWarning, stacklevel=3)
    return value


def drop_missing(*columns: ArrayLike) -> tuple[list[np.ndarray], int]:
    """Leaves out the items where any column is NaN or infinite.

    Args:
        columns: Numeric columns of shape (n,).

    Returns:
        The columns without those items, as float64, and how many items were left out.
    """
    arrays = [np.asarray(column, dtype=float) for column in columns]
    keep = np.logical_and.reduce([np.isfinite(array) for array in arrays])
    return [array[keep] for array in arrays], int(keep.size - keep.sum())


# Concordant minus discordant pairs: the sum behind Kendall's tau and pairwise accuracy.

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
