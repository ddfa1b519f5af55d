"""Active pairs by blocks: on a CPU and for batches of some thousands, several times faster than order statistics.

Number the clips by target, and by v; a clip is a point with two numbers, and an active pair is two points of which one
is lower in both. Cut v into rows of a few clips, and the targets into columns: a column is one target where there are
few different ones (MOS in steps of 0.2 have 21), else a few neighbouring ones. A pair that differs in both row and
column is found in a table that counts the points of each cell, summed up from its corners; a pair within one row, or
within one column, is found by comparing the two. That is more work than ``_wavelet`` does, but in a few dozen
operations in all, where each of its levels takes twenty.

NumPy does it, on the memory of the tensors: its sort is several times faster, its operations start in half the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from qamro.losses._columns import COLUMN, Blocks, blocks_of, two_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

MASS_UNIT = 2.0**39
"""Masses are rounded to 1 / 2^39: sums of 16,384 are exact in float64, in any order."""

MOST = 1 << 13
"""Largest batch; beyond, stacks of models are faster level by level. Up to twice as many, sums are exact."""


def count_pairs(values: Tensor, targets: Tensor, mass: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Counts active pairs with gap 0 in one group, on the CPU; see ``_pairs.active_pairs`` for the answer.

    Args:
        values: (M, B).
        targets: (B,).
        mass: (B,) or None; rounded to a multiple of 1 / ``MASS_UNIT``.
    """
    import numpy as np

    at = blocks_of(targets)
    counts = np.empty((3, *values.shape))
    weight = np.zeros(len(targets)) if mass is None else np.rint(mass.numpy() * MASS_UNIT)
    for model, v in enumerate(values.numpy()):  # one by one, so that all stays in the cache
        _count(v, at, weight, counts[:, model])
    counts[2] /= MASS_UNIT
    better, worse, better_mass = torch.from_numpy(counts)
    return at.pairs, better, worse, better_mass


def _count(v: Array, at: Blocks, weight: Array, counts: Array) -> None:
    """Counts for one model, v and weight (B,), into (3, B): pairs as better clip, as worse, masses of the better."""
    import numpy as np

    batch, size = len(v), at.size
    rows, wide = at.rows, at.rows + 1
    places = _ascending(v, at.code)
    heavy = weight[places]

    # Within a row: who comes later and has the higher target is the better one.
    later, earlier, _ = two_of(size)
    codes, masses = np.full(rows * size, -1, at.code.dtype), np.zeros(rows * size)
    codes[:batch], masses[:batch] = at.code[places], heavy
    tall = codes.reshape(rows, size).T.copy()
    found = _compared(tall[later] > tall[earlier], masses.reshape(rows, size).T[later], size)
    better, worse, better_mass = found.transpose(0, 2, 1).reshape(3, -1)[:, :batch]

    # In different rows and columns: the table of points, summed up from the lower corner and, for masses, the upper.
    corner = at.corner[places] + at.row
    inside = at.columns * wide
    table, heavier = np.zeros((2, at.columns + 1, wide), np.int64)
    table[1:, 1:] = np.bincount(corner, minlength=inside).reshape(-1, wide)[:, :-1]
    heavier[1:, 1:] = np.bincount(corner, heavy, minlength=inside).reshape(-1, wide)[::-1, -2::-1]
    for sums in (table, heavier):
        np.cumsum(sums, 1, out=sums)
        np.cumsum(sums, 0, out=sums)
    better += table.ravel()[corner]
    worse += table.ravel()[corner + (wide + 1)]
    worse += at.above[places] - at.until
    better_mass += heavier.ravel()[(inside - 2) - corner]
    counts[0, places], counts[1, places], counts[2, places] = better, worse, better_mass

    # Within a column, in different rows.
    if at.members.size:
        later, earlier, _ = two_of(COLUMN)
        of_clip = np.full(batch + 1, -1, at.row.dtype)
        of_clip[places] = at.row
        met = of_clip[at.members]
        found = _compared((met[later] > met[earlier]) & at.lower, np.append(weight, 0.0)[at.members[later]], COLUMN)
        extended = np.zeros((3, batch + 1))
        for kind in range(3):
            extended[kind, at.members] = found[kind]
        counts += extended[:, :batch]


def _ascending(v: Array, code: Array) -> Array:
    """Which clip comes where in ascending order of v, (B,); of equal v the one with the higher target is first."""
    import numpy as np

    order = np.argsort(v)
    ascending = v[order]
    return np.lexsort((-code, v)) if (ascending[1:] == ascending[:-1]).any() else order


def _compared(active: Array, weight: Array, size: int) -> Array:
    """Counts active pairs, "the later place is better than the earlier", within blocks.

    Args:
        active: (pairs, N).
        weight: Of the later place, (pairs, N).
        size: Places of a block.

    Returns:
        (3, size, N): how often a place is better, how often worse, and the weights of its better partners.
    """
    import numpy as np

    sums = two_of(size)[2]
    found = np.empty((3, size, active.shape[1]))
    found[:2] = (sums @ active.astype(np.float32)).reshape(2, size, -1)
    np.matmul(sums[size:].astype(np.float64), active * weight, out=found[2])
    return found
