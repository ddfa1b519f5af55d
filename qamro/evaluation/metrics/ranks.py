"""Ranks, ties and counts over pairs, with multiplicities, for one set or for all draws of a bootstrap at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

_CELLS = 1 << 14  # of a grid that finds levels
_BLOCK = 1 << 16  # entries that are worked on at once


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


def tie_groups(
    values: np.ndarray, weights: np.ndarray | None = None, coded: tuple[np.ndarray, int] | None = None
) -> Ties:
    """Ranks every item and counts what is tied.

    Args:
        values: Scores, shape (..., n) with n >= 1.
        weights: Multiplicities, shape (..., n), or None for one each.
        coded: ``levels_of(values)``, if it is known.
    """
    if values.ndim == 1:
        return _of_shared_values(values, weights)
    coded = coded or _few_levels(values)
    if coded is not None:
        return _of_few_levels(*coded, weights)
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
    if weights is None:
        sizes = counts.astype(float)
        return Ties(np.take(np.cumsum(sizes) - (sizes - 1) / 2, group), *_moments(sizes))
    w, order, starts = weights.reshape(-1, values.size), np.argsort(group, kind="stable"), np.cumsum(counts) - counts
    ranks, pairs, spread = np.empty(w.shape), np.empty(len(w)), np.empty(len(w))
    for some in row_blocks(w.shape):
        sizes = w[some].take(order, axis=-1)
        if counts.size < values.size:
            sizes = np.add.reduceat(sizes, starts, axis=-1)
        np.take(np.cumsum(sizes, axis=-1) - (sizes - 1) / 2, group, axis=-1, out=ranks[some], mode="clip")
        pairs[some], spread[some] = _moments(sizes)
    shape = weights.shape[:-1]
    return Ties(ranks.reshape(weights.shape), pairs.reshape(shape), spread.reshape(shape))


def levels_of(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Codes every row's values by their order within the row.

    Args:
        values: Scores, shape (rows, n).

    Returns:
        Whole numbers from 0 of the same shape, equal where values are equal and larger where they are larger, and a
        number above all of them.
    """
    coded = _few_levels(values)
    if coded is not None:
        return coded
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    steps = np.zeros(values.shape, dtype=np.int64)
    steps[:, 1:] = np.cumsum(ordered[:, 1:] > ordered[:, :-1], axis=-1)
    codes = np.empty_like(steps)
    np.put_along_axis(codes, order, steps, axis=-1)
    return codes, int(codes.max(initial=-1)) + 1


def _few_levels(values: np.ndarray) -> tuple[np.ndarray, int] | None:
    """Each value's place among the distinct values, and their number, if many rows share few; otherwise None.

    Means of whole scores do: half of ten ratings has fifty possible means.
    """
    rows = values.reshape(-1, values.shape[-1])
    levels = np.unique(rows[:: max(1, len(rows) // 16)])
    if len(rows) < 16 or levels.size > values.shape[-1] // 4:
        return None
    for _ in range(2):
        find = _finder(levels)
        codes, strangers = np.empty(rows.shape, dtype=np.int32), [levels]
        for some in row_blocks(rows.shape):
            codes[some] = find(rows[some])
            missed = levels[codes[some]] != rows[some]
            if missed.any():
                strangers.append(np.unique(rows[some][missed]))
        if len(strangers) == 1:
            return codes.reshape(values.shape), levels.size
        levels = np.unique(np.concatenate(strangers))
        if levels.size > values.shape[-1]:
            return None
    return None


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cuts rows into runs that stay in the cache: passes over all of them at once would wait for memory."""
    step = max(1, _BLOCK // max(1, shape[-1]))
    return (slice(start, start + step) for start in range(0, shape[0], step))


def _finder(levels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Finds the place of each value among sorted levels, any place for one that is not there.

    Levels that are not too close to each other each get a cell of a grid of their own, so that a value's cell says
    which it is: a look-up costs a third of a search.
    """
    width, gap = levels[-1] - levels[0], np.diff(levels).min(initial=np.inf)
    if not width < _CELLS * gap:
        return lambda values: np.minimum(np.searchsorted(levels, values), levels.size - 1)
    # Cells are half a gap wide, so two levels never share one; a value has the cell of the level that it equals.
    scale = 2 / gap
    places = np.zeros(int(width * scale) + 2, dtype=np.int32)
    places[((levels - levels[0]) * scale).astype(np.int32)] = np.arange(levels.size)

    def find(values: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", over="ignore"):  # a value far away has no cell, and any will do
            return places.take(((values - levels[0]) * scale).astype(np.int32), mode="clip")

    return find


def _of_few_levels(codes: np.ndarray, levels: int, weights: np.ndarray | None) -> Ties:
    """The same by counting instead of sorting."""
    shape = codes.shape if weights is None else np.broadcast_shapes(codes.shape, weights.shape)
    codes = np.broadcast_to(codes, shape).reshape(-1, shape[-1])
    w = None if weights is None else np.broadcast_to(weights, shape).reshape(codes.shape)
    sizes, ranks = np.empty((len(codes), levels)), np.empty(codes.shape)
    for some in row_blocks(codes.shape):
        cells = codes[some] + levels * np.arange(len(codes[some]))[:, None]
        counts = np.bincount(cells.ravel(), weights=None if w is None else w[some].ravel(), minlength=sizes[some].size)
        sizes[some] = counts.reshape(-1, levels)
        np.take(np.cumsum(sizes[some], axis=-1) - (sizes[some] - 1) / 2, cells, out=ranks[some], mode="clip")
    pairs, spread = _moments(sizes)
    return Ties(ranks.reshape(shape), pairs.reshape(shape[:-1]), spread.reshape(shape[:-1]))


def _moments(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tied pairs and spread of the ranks, from the sizes of the tie groups, shape (..., groups)."""
    total = sizes.sum(axis=-1)
    squares = np.einsum("...g,...g->...", sizes, sizes)
    cubes = np.einsum("...g,...g,...g->...", sizes, sizes, sizes)
    return (squares - total) / 2, (total**3 - cubes) / 12


# Counts over pairs for one set of predictions and many sets of human scores: panels drawn anew in a bootstrap.


def concordance_of_panels(
    x: np.ndarray, targets: np.ndarray, weights: np.ndarray, coded: tuple[np.ndarray, int] | None = None
) -> np.ndarray:
    """Concordant minus discordant pairs, for human scores that differ from draw to draw.

    The predictions are the same in every draw, so items are visited in their order, and what was seen so far says how
    many human scores lie below and above. A sign matrix for every draw would take memory and time of D n².

    Args:
        x: Predicted scores, shape (n,).
        targets: Human scores, shape (D, n).
        weights: Multiplicities, shape (D, n).
        coded: ``levels_of(targets)``, if it is known.

    Returns:
        Exact whole numbers, shape (D,).
    """
    seen = _Seen(coded or levels_of(targets), weights)
    total = np.zeros(len(targets))
    order = np.argsort(x, kind="stable")
    starts = np.flatnonzero(np.concatenate(([True], np.diff(x[order]) > 0)))
    for tied in np.split(order, starts[1:]):
        for i in tied:
            total += seen.weights[i] * seen.balance(i)
        for i in tied:
            seen.add(i)
    return total


def right_pairs_of_panels(
    x: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    epsilon: float,
    coded: tuple[np.ndarray, int] | None = None,
) -> np.ndarray:
    """Pairs of different items called rightly: predictions further apart than ``epsilon`` in order, others tied.

    Args:
        x: Predicted scores, shape (n,).
        targets: Human scores, shape (D, n).
        weights: Multiplicities, shape (D, n).
        epsilon: Largest difference of predictions that is a tie.
        coded: ``levels_of(targets)``, if it is known.

    Returns:
        Exact whole numbers, shape (D,).
    """
    far = _Seen(coded or levels_of(targets), weights)
    near = np.zeros_like(far.counts)
    total = np.zeros(len(targets))
    order = np.argsort(x, kind="stable")
    first = 0
    for i in order:
        while x[i] - x[order[first]] > epsilon:
            leaves = order[first]
            near[far.cells(leaves)] -= far.weights[leaves]
            far.add(leaves)
            first += 1
        here = far.cells(i)
        tied = near.take(here)
        total += far.weights[i] * (far.below(i) + tied)
        near[here] = tied + far.weights[i]
    return total


_SHORT = 1 << 15


class _Seen:
    """The human scores of the items seen so far, in every draw.

    A histogram of D draws answers how many lie below a score once its cumulative sums are known, and those cost as
    much as a hundred look-ups. So new items wait, are compared one by one, and enter the histogram in batches. Draws
    are the last dimension: a step touches one item of every draw, which then lie side by side.
    """

    _WAIT = 16

    def __init__(self, coded: tuple[np.ndarray, int], weights: np.ndarray) -> None:
        codes, levels = coded
        self.draws = np.arange(len(codes))
        # Short numbers go through the processor several at a time, and sums over those who wait fit in them.
        short = levels < _SHORT and weights.max(initial=0) * self._WAIT < _SHORT
        kind: type[np.signedinteger] = np.int16 if short else np.int64
        self.codes = np.ascontiguousarray(codes.T.astype(kind, copy=False))
        self.weights = np.ascontiguousarray(weights.T.astype(kind, copy=False))
        self.counts = np.zeros(levels * self.draws.size)
        self._below = np.zeros((levels + 1, self.draws.size))
        self._waiting: list[int] = []
        self._codes = np.empty((self._WAIT, self.draws.size), dtype=kind)
        self._weights = np.empty_like(self._codes)

    def cells(self, i: int) -> np.ndarray:
        """Where item ``i`` stands in ``counts``, draw by draw, shape (D,)."""
        return np.multiply(self.codes[i], self.draws.size, dtype=np.intp) + self.draws

    def add(self, i: int) -> None:
        """Marks an item as seen."""
        if len(self._waiting) == self._WAIT:
            for item in self._waiting:
                self.counts[self.cells(item)] += self.weights[item]
            # Row by row: numpy's cumulative sum over the first dimension takes five times as long.
            for level, row in enumerate(self.counts.reshape(-1, self.draws.size)):
                np.add(self._below[level], row, out=self._below[level + 1])
            self._waiting.clear()
        place = len(self._waiting)
        self._codes[place], self._weights[place] = self.codes[i], self.weights[i]
        self._waiting.append(int(i))

    def below(self, i: int) -> np.ndarray:
        """How many items with a lower score than item ``i`` were seen, shape (D,)."""
        n = len(self._waiting)
        lower = (self._codes[:n] < self.codes[i]) * self._weights[:n]
        return self._below.take(self.cells(i)) + lower.sum(axis=0, dtype=lower.dtype)

    def balance(self, i: int) -> np.ndarray:
        """How many items with a lower score than item ``i`` were seen, less those with a higher one, shape (D,)."""
        n, here = len(self._waiting), self.cells(i)
        signs = np.sign(self.codes[i] - self._codes[:n])
        upto = self._below.take(here + self.draws.size)
        return self._below.take(here) + upto - self._below[-1] + np.einsum("pd,pd->d", signs, self._weights[:n])
