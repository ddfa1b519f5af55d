"""Targets and groups of a batch as binary numbers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from qamro.losses._groups import group_index


@dataclass(frozen=True)
class Ranks:
    """A batch in ascending order of group and target.

    Attributes:
        order: Which clip comes where, (B,).
        code: Number of the group, then rank of the target within the group, as one binary number, (B,), int64.
        rank: Index of that number among ``distinct``, (B,).
        distinct: The distinct codes, ascending, (K,).
        levels: Lowest bits of a code, which hold the target's rank; the higher ones hold the group.
        bits: All bits of a code.
        pairs: Number of pairs of one group with different targets, a float64 scalar.
    """

    order: Tensor
    code: Tensor
    rank: Tensor
    distinct: Tensor
    levels: int
    bits: int
    pairs: Tensor


def rank_targets(targets: Tensor, groups: Tensor | None) -> Ranks:
    """Ranks targets within their groups; equal targets share a rank.

    Args:
        targets: Finite, (B,) with B > 0.
        groups: (B,), or None for one group.
    """
    order = targets.argsort(stable=True)
    group = torch.zeros_like(order)
    if groups is not None:
        index = group_index(groups)
        order = order[index[order].argsort(stable=True)]
        group = index[order]
    y = targets[order]
    new_group = group.diff(prepend=group[:1] - 1) != 0
    new_rank = new_group.clone()
    new_rank[1:] |= y[1:] != y[:-1]
    rank = new_rank.cumsum(0) - 1
    rank_in_group = rank - torch.where(new_group, rank, 0).cummax(0).values
    levels = int(rank_in_group.max()).bit_length()
    code = group << levels | rank_in_group
    of_one_group, of_one_rank = ((torch.bincount(label).double() ** 2).sum() for label in (group, rank))
    return Ranks(
        order=order,
        code=code,
        rank=rank,
        distinct=code[new_rank],
        levels=levels,
        bits=int(code[-1]).bit_length(),
        pairs=(of_one_group - of_one_rank) / 2,
    )
