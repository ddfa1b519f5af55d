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


def even_share(seed: int, purpose: str, k: int, strata: int = 12) -> float:
    """Draws number ``k`` of a sequence of shares in [0, 1) in which every run of ``strata`` has one in each stratum.

    Several of them, for several purposes, are a Latin hypercube (McKay et al. 1979): a study of few systems already
    spreads them evenly over every grade.

    Args:
        seed: Seed of the study.
        purpose: What is drawn; each purpose has a sequence of its own.
        k: Place in the sequence, from 0.
        strata: Number of strata.
    """
    return (
        balanced_choice(seed, purpose, range(strata), k) + float(generator(seed, f"{purpose} within", k).random())
    ) / strata
