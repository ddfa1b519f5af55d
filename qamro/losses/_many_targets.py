"""QAMRO's slope by blocks of clips, where the different targets are many.

Number the clips by target, and by v = αy - ŷ; a clip is a point with two numbers, and an active pair is two points of
which one is lower in both. Cut v into rows of a few clips, and the targets into columns of a few neighbouring ones.
Pairs that differ in both row and column are found in two tables, of the points and of the weights in each cell, summed
up from opposite corners; a pair within one row, or within one column, is found by comparing the two. That is more work
than ``_wavelet`` does, but in a few dozen operations in all, where each of its levels takes twenty.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from torch import Tensor

from qamro.losses._targets import KnownTargets, Ranked, Way, begin, two_of, unit_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

SIZE = 16
"""Clips of a row, and of a column; of 8, 12, 16 and 24 the quickest at 2,748 clips."""


class ManyTargets(KnownTargets):
    """A batch with many different targets.

    The tables have a column more than there are and a row more, both empty, in front.

    Attributes:
        columns: How many columns a table has.
        rows: How many rows a table has.
        row: Number of the row at each place in ascending order of v, from 1, (B,).
        corner: Where in a table each clip's column begins, (B,).
        members: For each column of more than one target, its clips by ascending target, (SIZE, G); B where there are
            fewer.
        lower: For each two places of a column, the second before the first: whether its target is lower, (pairs, G).
    """

    def __init__(self, targets: Tensor, ranked: Ranked | None = None):
        """See ``KnownTargets``."""
        import numpy as np

        super().__init__(targets, ranked)
        batch, order = len(targets), self.code.argsort(kind="stable")
        columns, several = _columns(self.counts.tolist())
        self.rows, self.columns = 1 + -(-batch // SIZE), 1 + len(columns)
        self.row = 1 + np.arange(batch) // SIZE
        self.corner = np.empty(batch, np.int64)
        self.corner[order] = np.repeat(np.arange(1, self.columns) * self.rows, columns)
        places = np.full((SIZE, len(several)), batch)
        for column, (first, end) in enumerate(several):
            places[: end - first, column] = np.arange(first, end)
        self.members = np.append(order, batch)[places]
        codes = np.append(self.code, -1)[self.members]
        later, earlier = two_of(SIZE)
        self.lower = codes[later] > codes[earlier]

    def slope(self, v: Array, beta: Array, way: Way) -> Array:
        """See ``KnownTargets``."""
        import numpy as np

        unit = unit_of(beta, v.shape[1])
        weight = np.rint((1 + (beta - 1) * self.quality(way)[self.code]) * unit)
        order, among_all = self.ascending(v)
        code, heavy = self.code.take(order), weight.take(among_all)
        slope = np.empty(v.shape)
        slope.ravel()[among_all] = self._apart(order, heavy) + self._within_rows(code, heavy)
        slope += self._within_columns(order, weight)
        slope /= -unit * self.pairs
        return slope

    def _apart(self, order: Array, heavy: Array) -> Array:
        """Pairs in different rows and columns: points below in both, and the weights of those above in both.

        Args:
            order: Which clip comes where in ascending order of v, (m, B).
            heavy: Its weight.
        """
        import numpy as np

        models, cells = len(order), self.columns * self.rows
        cell = self.corner.take(order) + self.row
        cell += begin(models, cells)
        opposite = (models * cells + self.rows) - cell
        below = np.bincount(cell.ravel(), minlength=models * cells)
        above = np.bincount(opposite.ravel(), heavy.ravel(), minlength=models * cells).astype(np.int64)
        for table in (below, above):
            corners = table.reshape(models, self.columns, self.rows)
            np.cumsum(corners, 2, out=corners)
            np.cumsum(corners, 1, out=corners)
        before = self.rows + 1  # from a cell to the next that is lower in both
        return heavy * below.take(cell - before) - above.take(opposite - before)

    def _within_rows(self, code: Array, heavy: Array) -> Array:
        """Pairs within a row: who comes later and has the higher target is the better one; (m, B) as ``_apart``."""
        import numpy as np

        models, batch = code.shape
        later, earlier = two_of(SIZE)
        wide = (self.rows - 1) * SIZE
        codes, weights = np.full((models, wide), -1, np.int16), np.zeros((models, wide))
        codes[:, :batch], weights[:, :batch] = code, heavy
        tall = codes.reshape(-1, SIZE).T.copy()
        active = tall[later] > tall[earlier]
        found = _signs() @ (active * weights.reshape(-1, SIZE).T[later])
        return found.T.reshape(models, wide)[:, :batch]

    def _within_columns(self, order: Array, weight: Array) -> Array:
        """Pairs within a column, in different rows; (m, B), by clip.

        Args:
            order: Which clip comes where in ascending order of v, (m, B).
            weight: By clip, (m, B).
        """
        import numpy as np

        models, batch = order.shape
        later, earlier = two_of(SIZE)
        row, weights = np.full((models, batch + 1), -1, np.int16), np.zeros((models, batch + 1))
        np.put_along_axis(row, order, self.row[None].astype(np.int16), 1)
        weights[:, :batch] = weight
        met = row[:, self.members]
        active = (met[:, later] > met[:, earlier]) & self.lower
        found = np.zeros((models, batch + 1))
        found[:, self.members] = _signs() @ (active * weights[:, self.members[later]])
        return found[:, :batch]


def _columns(counts: list[int]) -> tuple[list[int], list[tuple[int, int]]]:
    """Cuts ascending targets into columns; no target stands in two of them.

    Args:
        counts: How many clips have each target.

    Returns:
        How many clips each column has; and for columns of more than one target their first place and the end.
    """
    columns: list[int] = []
    several: dict[int, tuple[int, int]] = {}
    end = 0
    for count in counts:
        end += count
        if columns and columns[-1] + count <= SIZE:
            columns[-1] += count
            several[len(columns)] = (end - columns[-1], end)
        else:
            columns.append(count)
    return columns, list(several.values())


@functools.cache
def _signs() -> Array:
    """The matrix that gives a pair to the later place and takes it from the earlier one, (SIZE, pairs)."""
    import numpy as np

    later, earlier = two_of(SIZE)
    place = np.arange(SIZE)[:, None]
    return (place == later).astype(np.float64) - (place == earlier)
