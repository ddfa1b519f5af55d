"""Batches of clips of about one length, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Sequence

import torch

_BATCHES_AT_A_TIME = 16


def bucketed(lengths: Sequence[int], batch_size: int, generator: torch.Generator) -> list[list[int]]:
    """Draws the batches of an epoch: every place once, in random batches of about one length.

    Places are shuffled, sorted by length in stretches of 16 batches, cut, and the batches are shuffled again. Ranking
    losses compare the clips of a batch, so batches must not be the same in every epoch.

    Args:
        lengths: N lengths.
        batch_size: Places of a batch, at least 1; the last batch of a stretch may have fewer.
        generator: Draws the order.

    Returns:
        Batches of places.
    """
    order = torch.randperm(len(lengths), generator=generator).tolist()
    stretch = batch_size * _BATCHES_AT_A_TIME
    batches = []
    for first in range(0, len(order), stretch):
        part = sorted(order[first : first + stretch], key=lambda place: lengths[place])
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def in_order_of_length(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Returns batches for prediction: places sorted by length and cut."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
