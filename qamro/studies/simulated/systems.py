"""Systems of the simulated study: each has faults of known severity and habits it falls back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qamro.studies.simulated.prompts import INSTRUMENTS, MOODS, TEMPI
from qamro.studies.simulated.randomness import balanced_choice, even_share, generator

TECHNICAL = ("noise", "bandwidth", "clipping", "dropouts")
"""Faults of the recording."""

MUSICAL = ("wrong_notes", "timing")
"""Faults of the playing."""

IGNORED = ("ignores_instrument", "ignores_tempo", "ignores_mood")
"""Words of the prompt that a system may pass over; the severity is the probability that it does."""

ARRANGEMENT = ("drops_layers", "adds_layers")
"""Faults of the arrangement; they also pass over the number of layers that was asked for."""

FAULTS = TECHNICAL + MUSICAL + IGNORED + ARRANGEMENT
"""Every fault, each with a severity from 0 (none) to 1."""


@dataclass(frozen=True)
class System:
    """One simulated system.

    Attributes:
        index: The number of the system in its study, from 0.
        noise: Hiss: a signal-to-noise ratio of 60 dB at 0, 6 dB at 1.
        bandwidth: Low-pass filter: 15 kHz at 0, 1.8 kHz at 1.
        clipping: Gain into a hard limit: 0 dB at 0, 20 dB at 1.
        dropouts: Share of the time that is muted: 0 at 0, 0.35 at 1.
        wrong_notes: Share of the notes that slip to a neighbour foreign to the key: 0 at 0, 0.7 at 1.
        timing: Onsets stray (standard deviation of 0.3 beats at 1) and notes stumble (0.6 of them at 1).
        ignores_instrument: Probability of playing the habit in place of the instrument asked for.
        ignores_tempo: The same for the tempo.
        ignores_mood: The same for the mood.
        drops_layers: Layers left out: none at 0, four at 1 (one always sounds).
        adds_layers: Layers added: none at 0, four at 1 (six at most sound).
        habit_instrument: What it plays where it ignores the instrument.
        habit_tempo: What it plays where it ignores the tempo.
        habit_mood: What it plays where it ignores the mood.
        label: A name of its own; without one it is ``S01`` for the first.
    """

    index: int
    noise: float = 0.0
    bandwidth: float = 0.0
    clipping: float = 0.0
    dropouts: float = 0.0
    wrong_notes: float = 0.0
    timing: float = 0.0
    ignores_instrument: float = 0.0
    ignores_tempo: float = 0.0
    ignores_mood: float = 0.0
    drops_layers: float = 0.0
    adds_layers: float = 0.0
    habit_instrument: str = "piano"
    habit_tempo: str = "moderate"
    habit_mood: str = "calm"
    label: str = ""

    def __post_init__(self) -> None:
        """Refuses severities outside [0, 1]."""
        for fault in FAULTS:
            severity = getattr(self, fault)
            if not 0 <= severity <= 1:
                raise ValueError(f"system {self.name}: {fault} is a severity from 0 to 1, not {severity}")

    @property
    def name(self) -> str:
        """The name used in tables and clip names."""
        return self.label or f"S{self.index + 1:02d}"


def draw_system(index: int, seed: int = 0) -> System:
    """Draws system number ``index`` of a seed; it is the same however many others are drawn.

    Four grades spread evenly over the systems: how bad the recording is, how bad the playing is, how much of the
    prompt is ignored, and the arrangement (from too thin to too crowded). Each grade falls mostly on one fault
    of its family, so that systems differ in kind and not in degree alone.
    """
    rng = generator(seed, "system", index)
    recording, playing, ignoring, arrangement = (
        even_share(seed, f"grade of {what}", index) for what in ("recording", "playing", "ignoring", "arrangement")
    )
    severities: dict[str, Any] = {
        **_share_out(recording, TECHNICAL, balanced_choice(seed, "main technical fault", TECHNICAL, index), rng),
        **_share_out(playing, MUSICAL, balanced_choice(seed, "main musical fault", MUSICAL, index), rng),
        **{word: float(np.clip(ignoring * rng.uniform(0.75, 1.25), 0, 1)) for word in IGNORED},
        "drops_layers": max(0.0, 1 - 2 * arrangement),
        "adds_layers": max(0.0, 2 * arrangement - 1),
    }
    return System(
        index,
        **{fault: round(severity, 3) for fault, severity in severities.items()},
        habit_instrument=balanced_choice(seed, "habit instrument", INSTRUMENTS, index),
        habit_tempo=balanced_choice(seed, "habit tempo", tuple(TEMPI), index),
        habit_mood=balanced_choice(seed, "habit mood", MOODS, index),
    )


def _share_out(grade: float, family: tuple[str, ...], main: str, rng: np.random.Generator) -> dict[str, float]:
    """Gives the main fault of a family the whole grade, and half of the others a random part of it, up to a third."""
    parts = {fault: float(grade * max(0.0, rng.uniform(-1 / 3, 1 / 3))) for fault in family}
    return parts | {main: grade}
