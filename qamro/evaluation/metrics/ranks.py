"""Ranks and ties of scores with multiplicities, for one set or for all draws of a bootstrap at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ties:
    """How every item stands among the others.

    Attributes:
        ranks: Average ranks from 1, repeats counted, shape (..., n); an item with weight 0 gets a number that has no
            meaning. Exact, as are the two sums: they are halves of whole numbers.
        pairs: Number of unordered pairs with equal values, shape (...).
        spread: Sum of the squared distances of the ranks from their mean, (N³ - Σ t³) / 12 with t the sizes of the
            tie groups, shape (...).
    """

    ranks: np.ndarray
    pairs: np.ndarray
    spread: np.ndarray


def tie_groups(values: np.ndarray, weights: np.ndarray | None = None) -> Ties:
    """Ranks every item and counts what is tied.

    Args:
        values: Scores, shape (..., n) with n >= 1.
        weights: Multiplicities, shape (..., n), or None for one each.
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
    ranks, size = np.empty_like(upto), end - start
    np.put_along_axis(ranks, order, (start + end + 1) / 2, axis=-1)
    return Ties(ranks, (w * (size - 1)).sum(axis=-1) / 2, (upto[..., -1] ** 3 - (w * size**2).sum(axis=-1)) / 12)


def _of_shared_values(values: np.ndarray, weights: np.ndarray | None) -> Ties:
    """The same for one row of values under many rows of weights: one sort serves all draws."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    sizes = counts.astype(float)
    if weights is not None:
        sizes = weights[..., np.argsort(group, kind="stable")]
        if counts.size < values.size:
            sizes = np.add.reduceat(sizes, np.cumsum(counts) - counts, axis=-1)
    upto = np.cumsum(sizes, axis=-1)
    squares = np.einsum("...g,...g->...", sizes, sizes)
    cubes = np.einsum("...g,...g,...g->...", sizes, sizes, sizes)
    total = upto[..., -1]
    ranks = np.take(upto - (sizes - 1) / 2, group, axis=-1)
    return Ties(ranks, (squares - total) / 2, (total**3 - cubes) / 12)
