"""QAMRO's slope by weights of targets, where the different targets are few.

Clips of the same target share their weights: q_ij is one of K x K numbers, q(k, l), zero for k = l. Put the clips in
ascending order of v = αy - ŷ. A pair is active where the clip of the lower target comes first; then its weight counts
for the better clip, and against the worse one. So for clip i with target k

    slope_i = Σ over j before i of q(k, target of j) - Σ over all j of a higher target of q(k, target of j)

and the second sum is the same at every step. For the first, cut the order into rows of a few clips. A table counts the
clips of each target before each row, and one product of matrices weighs them; within its row, a clip is compared with
each one before it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from qamro.losses._targets import TOGETHER, KnownTargets, Ranked, Way, begin, two_of, unit_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

ROW = 8
"""Clips of a row; of 4, 6, 8, 10 and 12 the quickest at 2,748 clips and 21 targets."""

_KEPT = 1 << 20
"""Most weights that are kept for a batch of targets."""


class _Weights(NamedTuple):
    """q of Eq. 3 for some models, in integers.

    Attributes:
        both: Weight of a pair by the targets of its clips, (m, K, K); zero where they are the same.
        higher: Sum of the weights of a clip with all of higher targets, (m, K, 1).
        total: What to divide by for the derivative of the mean by ŷ, (m, 1).
    """

    both: Array
    higher: Array
    total: Array


class FewTargets(KnownTargets):
    """A batch with K different targets.

    Attributes:
        rows: How many rows there are.
        row: Number of the row at each place, (B,).
    """

    def __init__(self, targets: Tensor, ranked: Ranked | None = None):
        """See ``KnownTargets``."""
        import numpy as np

        super().__init__(targets, ranked)
        self.rows = -(-len(targets) // ROW)
        self.row = np.arange(len(targets)) // ROW
        largest = max(1, TOGETHER // len(targets)) * len(self.counts) ** 2
        self.weights = functools.lru_cache(max(1, _KEPT // largest))(self._weights)

    def _weights(self, way: Way, betas: tuple[float, ...]) -> _Weights:
        import numpy as np

        beta = np.array(betas)[:, None]
        unit = unit_of(beta, len(self.code))
        better = np.rint((1 + (beta - 1) * self.quality(way)) * unit)
        both = np.tril(np.repeat(better[:, :, None], len(self.counts), 2), -1)
        both += both.swapaxes(1, 2)
        return _Weights(both, (np.triu(both) @ self.counts)[:, :, None], -unit * self.pairs)

    def slope(self, v: Array, beta: Array, way: Way) -> Array:
        """See ``KnownTargets``."""
        import numpy as np

        models, kinds = len(v), len(self.counts)
        weights = self.weights(way, tuple(beta.ravel().tolist()))
        order, among_all = self.ascending(v)
        code = self.code.take(order)
        cell = code * self.rows
        cell += self.row
        if models > 1:
            cell += begin(models, self.rows * kinds)
        here = np.bincount(cell.ravel(), minlength=models * kinds * self.rows).reshape(models, kinds, self.rows)
        before = here.cumsum(2)
        before -= here
        of_cell = weights.both @ before.astype(np.float64)
        of_cell -= weights.higher
        found = of_cell.take(cell)
        found += self._within_rows(code, weights.both)
        found /= weights.total
        slope = np.empty(v.shape)
        slope.ravel()[among_all] = found
        return slope

    def _within_rows(self, code: Array, weights: Array) -> Array:
        """Weights of each clip with those before it in its row, (m, B).

        Args:
            code: Targets in ascending order of v, (m, B).
            weights: (m, K, K).
        """
        import numpy as np

        models, batch = code.shape
        kinds = len(self.counts)
        codes = np.zeros((models, self.rows * ROW), np.int64)
        codes[:, :batch] = code
        tall = codes.reshape(-1, ROW).T.copy()
        later, earlier = two_of(ROW)
        tall_of_later = tall * kinds
        if models > 1:
            tall_of_later += np.repeat(begin(models, kinds * kinds), self.rows)
        pair = tall_of_later.take(later, 0)
        pair += tall.take(earlier, 0)
        return (_of_later() @ weights.take(pair)).T.reshape(models, -1)[:, :batch]


@functools.cache
def _of_later() -> Array:
    """The matrix that sums over the pairs of a row in which a place is the later one, (ROW, pairs)."""
    import numpy as np

    later, _ = two_of(ROW)
    return (np.arange(ROW)[:, None] == later).astype(np.float64)
