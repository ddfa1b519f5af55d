"""Clips one after the other, as sound in memory: a study of any size without a disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qamro.studies.simulated.composition import Prompt
from qamro.studies.simulated.rendering import Facts, render, true_scores
from qamro.studies.simulated.systems import System


@dataclass(frozen=True)
class Rendered:
    """One clip of a stream.

    Attributes:
        clip: Its name, for example ``S01_P01``.
        prompt: What was asked for.
        system: Who played.
        samples: Mono float32 at ``SAMPLE_RATE``.
        facts: What really sounds.
        truth: Axis to true score.
    """

    clip: str
    prompt: Prompt
    system: System
    samples: np.ndarray
    facts: Facts
    truth: dict[str, float]


def stream(systems: Sequence[System], prompts: Sequence[Prompt], seed: int = 0) -> Iterator[Rendered]:
    """Renders every system's clip of every prompt, one after the other, without touching the disk.

    Args:
        systems: What generates; each with its faults.
        prompts: What is asked for.
        seed: Seed of the study.

    Yields:
        The clips, all of one system before the next.
    """
    for system in systems:
        for prompt in prompts:
            samples, facts = render(prompt, system, seed)
            yield Rendered(clip_name(system, prompt), prompt, system, samples, facts, true_scores(facts))


def clip_name(system: System, prompt: Prompt) -> str:
    """Names a clip after its system and its prompt."""
    return f"{system.name}_{prompt.name}"
