"""Clips of several studies in one batch: who belongs together, and means that count every study the same."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def group_index(groups: Tensor) -> Tensor:
    """Numbers the groups of a batch 0, 1, 2, …; shape (B,)."""
    return torch.unique(groups, return_inverse=True)[1]


def lists(targets: Tensor, groups: Tensor | None) -> Iterator[Tensor]:
    """Yields the places of the clips of each group that has at least two; without groups, of the whole batch."""
    everything = torch.arange(len(targets), device=targets.device)
    if groups is None:
        members: tuple[Tensor, ...] = (everything,)
    else:
        index = group_index(groups)
        members = index.argsort(stable=True).split(torch.bincount(index).tolist())
    yield from (places for places in members if len(places) > 1)


def mean_over_groups(values: Tensor, groups: Tensor | None) -> Tensor:
    """The mean over groups of the means over their clips; zero without clips.

    Args:
        values: (..., B).
        groups: (B,), or None for one group.
    """
    if values.shape[-1] == 0:
        return values.sum(-1)
    if groups is None:
        return values.mean(-1)
    index = group_index(groups)
    clips = torch.bincount(index)
    return (values / clips[index]).sum(-1) / len(clips)
