"""Active pairs by comparing every clip with every other: the fastest way for small batches."""

from __future__ import annotations

import torch
from torch import Tensor


def count_pairs(
    values: Tensor, gap: float, targets: Tensor, mass: Tensor | None, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Counts active pairs in O(M B²) time and memory; see ``_pairs.active_pairs`` for the arguments and the answer.

    Args:
        values: (M, B).
        gap: A number.
        targets: (B,).
        mass: (B,) or None.
        groups: (B,) or None.
    """
    ordered = targets[:, None] > targets
    if groups is not None:
        ordered &= groups[:, None] == groups
    active = ((values + gap)[:, :, None] > values[:, None, :]) & ordered
    active = active.to(values.dtype)  # matmul sums faster than a reduction of bools; counts are exact below 2^53
    ones = active.new_ones(targets.shape[0])
    weights = torch.stack((ones, torch.zeros_like(ones) if mass is None else mass))
    worse, better_mass = (weights @ active).unbind(-2)
    return ordered.sum().to(values.dtype), active @ ones, worse, better_mass
