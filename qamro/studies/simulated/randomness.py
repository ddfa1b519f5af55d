"""Random numbers that depend on what they are for, and on nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from zlib import crc32

import numpy as np

Item = TypeVar("Item")


def generator(seed: int, purpose: str, *indices: int) -> np.random.Generator:
    """Returns a random generator of its own for one purpose.

    Two purposes, or two indices, never share random numbers, so that drawing more systems, prompts or listeners
    leaves the first ones as they are.

    Args:
        seed: The study's seed, at least 0.
        purpose: What the numbers are for, for example ``"system"``.
        indices: Which one of them, for example the number of the system.
    """
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(purpose.encode()), *indices]))


def balanced_choice(seed: int, purpose: str, items: Sequence[Item], k: int) -> Item:
    """Draws item number ``k`` of a sequence in which every run of ``len(items)`` holds each item once.

    Args:
        seed: The study's seed.
        purpose: What the choice is for.
        items: What to choose from.
        k: The position in the sequence, from 0.
    """
    block, position = divmod(k, len(items))
    return items[int(generator(seed, purpose, block).permutation(len(items))[position])]


def spread_point(seed: int, purpose: str, dimensions: int, k: int) -> np.ndarray:
    """Returns point number ``k`` of a sequence that fills the unit cube evenly from its first points on.

    It is the additive recurrence ``frac(offset + k · φ^-i)``, i = 1 … d, with φ the positive root of
    ``x^(d+1) = x + 1`` (Martin Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018);
    the offset comes from the seed.

    Returns:
        Shape (dimensions,), each in [0, 1).
    """
    phi = 2.0
    for _ in range(64):
        phi = (1 + phi) ** (1 / (dimensions + 1))
    steps = phi ** -np.arange(1.0, dimensions + 1)
    return (generator(seed, purpose).random(dimensions) + k * steps) % 1.0
