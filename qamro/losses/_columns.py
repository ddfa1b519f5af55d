"""Batches cut into rows and columns for ``_blocks``: all that follows from the targets alone, kept between calls.

In training the targets are often those of the last step, and then this costs one comparison.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from qamro.losses._ranks import rank_targets

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

ROW = 8
"""Clips of a row where every column is one target."""

COLUMN = 16
"""Clips of a row, and of a column, where it is not."""

FEW = 64
"""Most different targets for which each gets a column of its own."""


@dataclass(frozen=True)
class Blocks:
    """What the targets of a batch decide.

    Attributes:
        targets: y, (B,), to recognise them by.
        code: Rank of each clip's target, equal for equal targets, (B,), in the smallest integer that also holds -1.
        columns: How many there are.
        rows: How many rows there are.
        size: Clips of a row.
        row: Number of the row at each place in ascending order of v, (B,).
        until: How many clips stand in this row and those before, (B,).
        corner: Where in the table of points each clip's column begins, (B,).
        above: How many clips stand in the columns after that of each clip, (B,).
        members: For each column of more than one target, its clips by ascending target, (size, G); B where there are
            fewer.
        lower: For each two places of a column, the second before the first: whether its target is lower, (pairs, G).
        pairs: Number of pairs with different targets, a float64 scalar.
    """

    targets: Tensor
    code: Array
    columns: int
    rows: int
    size: int
    row: Array
    until: Array
    corner: Array
    above: Array
    members: Array
    lower: Array
    pairs: Tensor


_seen: list[Blocks] = []
"""The last batches of targets; replaced as a whole, so that threads never see half of it."""

_KEEP = 4


def blocks_of(targets: Tensor) -> Blocks:
    """Returns the blocks of a batch, from the last calls if it was there; targets are compared by value."""
    global _seen  # noqa: PLW0603
    for blocks in _seen:
        same = blocks.targets.shape == targets.shape and blocks.targets.dtype == targets.dtype
        if same and torch.equal(blocks.targets, targets):
            return blocks
    made = _cut(targets)
    _seen = [made, *_seen[: _KEEP - 1]]
    return made


def _cut(targets: Tensor) -> Blocks:
    """Cuts a batch into columns of neighbouring targets; no target stands in two of them."""
    import numpy as np

    ranks, batch = rank_targets(targets, None), len(targets)
    order, ascending = ranks.order.numpy(), ranks.code.numpy()
    counts = np.bincount(ascending).tolist()
    few = len(counts) <= FEW
    columns: list[list[int]] = []  # the places of their clips in ascending order
    several: list[list[int]] = []
    start = 0
    for count in counts:
        places = list(range(start, start + count))
        if few or not columns or len(columns[-1]) + count > COLUMN:
            columns.append(places)
        else:
            if ascending[columns[-1][0]] == ascending[columns[-1][-1]]:
                several.append(columns[-1])
            columns[-1] += places
        start += count
    padded = np.full((COLUMN, len(several)), batch)
    for g, places in enumerate(several):
        padded[: len(places), g] = places
    extended = np.append(ascending, -1)[padded]
    later, earlier, _ = two_of(COLUMN)
    size = ROW if few else COLUMN
    rows, row = -(-batch // size), np.arange(batch) // size
    widths = np.array([len(places) for places in columns])
    column, code = np.empty(batch, np.int64), np.empty(batch, np.int8 if len(counts) < 128 else np.int16)
    column[order] = np.repeat(np.arange(len(columns)), widths)
    code[order] = ascending
    return Blocks(
        targets=targets.clone(),
        code=code,
        columns=len(columns),
        rows=rows,
        size=size,
        row=row,
        until=np.minimum((row + 1) * size, batch),
        corner=column * (rows + 1),
        above=(batch - widths.cumsum())[column],
        members=np.append(order, batch)[padded],
        lower=extended[later] > extended[earlier],
        pairs=ranks.pairs,
    )


@functools.cache
def two_of(size: int) -> tuple[Array, Array, Array]:
    """Each two of so many places: the later, the earlier, and a matrix that sums over the pairs of a place.

    Its first rows sum over the pairs in which each place is the later one, the others over those in which it is the
    earlier one: (2 * size, pairs).
    """
    import numpy as np

    later, earlier = np.tril_indices(size, -1)
    pairs = np.arange(len(later))
    sums = np.zeros((2 * size, len(later)), np.float32)
    sums[later, pairs] = sums[size + earlier, pairs] = 1
    return later, earlier, sums
