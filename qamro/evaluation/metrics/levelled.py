"""Counts over pairs for one set of predictions and many sets of human scores: panels drawn anew in a bootstrap."""

from __future__ import annotations

import numpy as np

from qamro.evaluation.metrics.ranks import levels_of


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
