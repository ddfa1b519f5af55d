"""Ranks and ties of scores with multiplicities, for one set or for all draws of a bootstrap at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ties:
    """How every item stands among the others.

    Attributes:
        below: Number of items with a smaller value, repeats counted, shape (..., n).
        size: Number of items with the same value, itself and repeats counted, shape (..., n).
        constant: Whether fewer than two different values occur, shape (...).
        tied_pairs: Number of unordered pairs with equal values, shape (...).
    """

    below: np.ndarray
    size: np.ndarray
    constant: np.ndarray
    tied_pairs: np.ndarray

    @property
    def ranks(self) -> np.ndarray:
        """Average ranks from 1, shape (..., n); what an item with weight 0 gets has no meaning."""
        return self.below + (self.size + 1) / 2


def tie_groups(values: np.ndarray, weights: np.ndarray | None = None) -> Ties:
    """Counts, for every item, the items below it and the items equal to it.

    Args:
        values: Scores, shape (..., n) with n >= 1.
        weights: Multiplicities, shape (..., n), or None for one each.

    Returns:
        The counts, exact: they are sums of whole numbers.
    """
    if values.ndim == 1:
        return _of_shared_values(values, weights)
    order = np.argsort(values, axis=-1, kind="stable")
    if weights is not None:
        values, weights = np.broadcast_arrays(values, weights)
        order = np.broadcast_to(order, values.shape)
    ordered = np.take_along_axis(values, order, axis=-1)
    w = np.ones_like(ordered) if weights is None else np.take_along_axis(weights, order, axis=-1)
    upto = np.cumsum(w, axis=-1)
    new = np.ones(ordered.shape, dtype=bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    last = np.ones(ordered.shape, dtype=bool)
    last[..., :-1] = new[..., 1:]
    # Cumulative counts never fall, so a running maximum carries a group's start forward, and a running minimum from
    # the right carries its end back.
    start = np.maximum.accumulate(np.where(new, upto - w, 0), axis=-1)
    end = np.minimum.accumulate(np.where(last, upto, np.inf)[..., ::-1], axis=-1)[..., ::-1]
    below, size = np.empty_like(upto), np.empty_like(upto)
    np.put_along_axis(below, order, start, axis=-1)
    np.put_along_axis(size, order, end - start, axis=-1)
    tied = ((end - start - 1) * w).sum(axis=-1) / 2
    total = upto[..., -1]
    return Ties(below, size, tied == total * (total - 1) / 2, tied)


def _of_shared_values(values: np.ndarray, weights: np.ndarray | None) -> Ties:
    """The same for one row of values under many rows of weights: one sort serves all draws."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    if weights is None:
        sizes = counts.astype(float)
    else:
        starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        sizes = np.add.reduceat(weights[..., np.argsort(group, kind="stable")], starts, axis=-1)
    below = np.cumsum(sizes, axis=-1) - sizes
    tied = (sizes * (sizes - 1)).sum(axis=-1) / 2
    constant = (sizes > 0).sum(axis=-1) < 2
    return Ties(below[..., group], sizes[..., group], constant, tied)
