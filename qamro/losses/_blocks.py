"""Active pairs by blocks: for one or few models on a CPU, several times faster than order statistics level by level.

Number the clips by target, and by v; a clip is a point with two numbers, and an active pair is two points of which one
is lower in both. Cut both numbers into blocks. A pair that differs in both blocks is found in a table that counts the
points of each pair of blocks, summed up from its corner; a pair within one block of v, or within one block
of targets, is found by comparing each point of the block with every other. That is more work than ``_wavelet`` does,
but in a few dozen operations in all, where each of its levels takes twenty.

All that follows from the targets alone is kept from one call to the next: in training they are often the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from qamro.losses._ranks import rank_targets


@dataclass(frozen=True)
class Blocks:
    """What the targets of a batch decide.

    Attributes:
        targets: y, (B,), to recognise them by.
        order: Which clip comes where in ascending order of y, (B,).
        back: The inverse of ``order``.
        code: Rank of each target in that order, equal for equal targets, (B,).
        block: Number of the block of targets that each clip is in, (B,).
        blocks: How many there are.
        members: For each block of more than one target, its clips, (G, size); B where there are fewer.
        lower: Whether the second clip of a block has a lower target than the first, (G, size, size).
        pairs: Number of pairs with different targets, a float64 scalar.
        size: Clips of a block.
    """

    targets: Tensor
    order: Tensor
    back: Tensor
    code: Tensor
    block: Tensor
    blocks: int
    members: Tensor
    lower: Tensor
    pairs: Tensor
    size: int


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
    """Cuts a batch into blocks of neighbouring targets; no target stands in two blocks."""
    ranks, batch = rank_targets(targets, None), len(targets)
    size = 16 if batch < 1500 else 24
    counts = torch.bincount(ranks.code).tolist()
    numbers, members, start = [], [], 0
    current: list[int] = []
    for count in counts:
        if current and len(current) + count > size:
            members.append(current)
            current = []
        current = current + list(range(start, start + count))
        numbers += [len(members)] * count
        start += count
    members.append(current)
    code = ranks.code
    several = [block for block in members if len(block) <= size and code[block[0]] != code[block[-1]]]
    padded = torch.tensor([block + [batch] * (size - len(block)) for block in several], dtype=torch.long)
    padded = padded.view(-1, size)
    extended = torch.cat([code, code.new_full((1,), -1)])[padded]
    lower = (extended[:, :, None] > extended[:, None, :]) & (extended[:, None, :] >= 0)
    back = torch.empty_like(ranks.order).scatter_(0, ranks.order, torch.arange(batch))
    small = torch.int16 if batch < 1 << 15 else torch.int32
    block = torch.tensor(numbers)
    return Blocks(
        targets.clone(), ranks.order, back, code.to(small), block, len(members), padded, lower, ranks.pairs, size
    )


def count_pairs(values: Tensor, targets: Tensor, mass: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Counts active pairs with gap 0 in one group, on the CPU; see ``_pairs.active_pairs`` for the answer.

    Args:
        values: (M, B).
        targets: (B,).
        mass: (B,) or None.
    """
    at = blocks_of(targets)
    models, batch = values.shape
    v, weight = values[:, at.order], torch.zeros(batch).double() if mass is None else mass[at.order]
    places, size = _ascending(v), at.size
    rows = -(-batch // size)

    # Within a block of v: who comes later and has the higher target is the better one.
    padded = torch.zeros(models, rows * size, dtype=torch.long)
    padded[:, :batch] = places
    code = at.code[padded].view(models, rows, size)
    code[:, -1, size - (rows * size - batch) :] = -1  # lower than all, and last: never one of an active pair
    later = torch.ones(size, size, dtype=torch.bool).tril(-1)
    found = _dense((code[..., :, None] > code[..., None, :]) & later, weight[padded].view(models, rows, size))
    place = torch.empty_like(places).scatter_(1, places, torch.arange(batch).expand_as(places))
    counts = found.flatten(2)[:, :, :batch].gather(2, place[:, None].expand(-1, 3, -1))

    # Within a block of targets, in different blocks of v.
    column = place // size
    if len(at.members):
        extended = torch.cat([column, column.new_full((models, 1), rows)], dim=1).to(at.code.dtype)[:, at.members]
        active = (extended[..., :, None] > extended[..., None, :]) & at.lower
        heavy = torch.cat([weight, weight.new_zeros(1)])[at.members]
        found = _dense(active, heavy.expand(models, -1, -1)).flatten(2)
        into = torch.zeros(models, 3, batch + 1, dtype=torch.float64)
        into.index_add_(2, at.members.flatten(), found)
        counts = counts + into[..., :batch]

    # In different blocks of both: the table of points, summed up from the lower and from the upper corner.
    cell = column * at.blocks + at.block
    table = torch.zeros(models, 2, rows * at.blocks, dtype=torch.float64)
    table[:, 0].scatter_add_(1, cell, torch.ones_like(v))
    table[:, 1].scatter_add_(1, cell, weight.expand_as(v))
    sums = torch.zeros(models, 2, rows + 1, at.blocks + 1, dtype=torch.float64)
    torch.cumsum(table.view(models, 2, rows, at.blocks).cumsum(-1), -2, out=sums[:, :, 1:, 1:])
    lower, upper = (
        sums[:, :1, :-1, :-1],
        sums[:, :, 1:, 1:] - sums[:, :, -1:, 1:] - sums[:, :, 1:, -1:] + sums[:, :, -1:, -1:],
    )
    both = torch.cat([lower, upper], dim=1).flatten(2)
    counts = counts + both.gather(2, cell[:, None].expand(-1, 3, -1))
    better, worse, better_mass = counts[..., at.back].unbind(1)
    return at.pairs, better, worse, better_mass


def _ascending(v: Tensor) -> Tensor:
    """Which clip comes where in ascending order of v, (M, B); of equal v the one with the higher target is first."""
    import numpy as np

    order = torch.from_numpy(np.argsort(v.numpy(), axis=-1))  # several times faster than a stable sort of many rows
    ascending = v.gather(1, order)
    if (ascending[:, 1:] == ascending[:, :-1]).any():
        order = v.argsort(dim=-1, descending=True, stable=True).flip(-1)
    return order


def _dense(active: Tensor, weight: Tensor) -> Tensor:
    """Counts active[i, j], "i is better than j", within blocks.

    Args:
        active: (M, G, size, size).
        weight: (M, G, size).

    Returns:
        (M, 3, G, size): how often a clip is better, how often worse, and the weights of its better partners.
    """
    pairs = active.to(weight.dtype)
    return torch.stack([pairs.sum(-1), pairs.sum(-2), (pairs * weight[..., None]).sum(-2)], dim=1)
