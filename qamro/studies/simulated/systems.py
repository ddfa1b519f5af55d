"""Systems of the simulated study: each has faults of known severity and habits it falls back to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qamro.studies.simulated.composition import INSTRUMENTS, MOODS, TEMPI, UNPITCHED, Note
from qamro.studies.simulated.instruments import SAMPLE_RATE
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


# The faults: what each level does to the notes and to the sound. A level is a severity as it fell out in one clip.

PEAK = 0.89
"""Peak of every finished clip (-1 dBFS)."""

MOST_WRONG, MOST_LATE, MOST_STUMBLES, MOST_MUTED = 0.7, 0.3, 0.6, 0.35
"""At level 1: the share of notes that slip, the deviation of onsets in beats, the share of notes that stumble, and the
share of the time that is muted."""

_GAPS = (0.1, 0.3)


def snr_db(level: float) -> float:
    """Returns the signal-to-noise ratio in dB of a noise level: 60 at 0, 6 at 1."""
    return 60.0 - 54.0 * level


def cutoff_hz(level: float) -> float:
    """Returns the edge of the low-pass filter in Hz of a bandwidth level: 15,000 at 0, 1,800 at 1."""
    return 15_000.0 * (1_800.0 / 15_000.0) ** level


def drive_db(level: float) -> float:
    """Returns the gain in dB into the hard limit of a clipping level: 0 at 0, 20 at 1."""
    return 20.0 * level


def slip(notes: list[Note], level: float, scale: set[int], rng: np.random.Generator) -> tuple[list[Note], float]:
    """Lets some notes slip: a neighbour a semitone away and foreign to the key sounds, the right one below it.

    Args:
        notes: The notes.
        level: 0 to 1.
        scale: The pitch classes of the key, 0 to 11; every one has a neighbour outside.
        rng: Chooses which.

    Returns:
        The notes with the wrong ones, and the level that came about: the share of pitched notes that slipped over
        ``MOST_WRONG``, at most 1.
    """
    pitched = np.array([note.layer not in UNPITCHED for note in notes])
    slipped = (rng.random(len(notes)) < MOST_WRONG * level) & pitched
    up = rng.random(len(notes)) < 0.5
    played = []
    for note, bad, higher in zip(notes, slipped, up, strict=True):
        if bad:
            played.append(replace(note, pitch=_foreign(note.pitch, scale, 1 if higher else -1)))
        played.append(replace(note, velocity=0.8 * note.velocity) if bad else note)
    return played, min(1.0, float(slipped.sum() / max(pitched.sum(), 1)) / MOST_WRONG)


def _foreign(pitch: int, scale: set[int], step: int) -> int:
    return pitch + step if (pitch + step) % 12 not in scale else pitch - step


def stumble(notes: list[Note], level: float, bpm: float, rng: np.random.Generator) -> tuple[list[Note], float]:
    """Moves every onset by a normal deviate, and lets some notes stumble: struck, broken off and struck again.

    Args:
        notes: The notes.
        level: 0 to 1.
        bpm: Tempo in beats per minute; a stumble lasts 60 to 120 ms whatever the tempo.
        rng: Chooses how far and which.

    Returns:
        The notes with the broken ones, and the level that came about: the mean of the root mean square deviation over
        ``MOST_LATE`` and of the share of notes that stumbled over ``MOST_STUMBLES``, at most 1.
    """
    deviations = MOST_LATE * level * np.clip(rng.standard_normal(len(notes)), -2, 2)
    stumbled = rng.random(len(notes)) < MOST_STUMBLES * level
    breaks = rng.uniform(0.06, 0.12, size=len(notes)) * bpm / 60
    played = []
    for note, late, bad, gap in zip(notes, deviations.tolist(), stumbled, breaks.tolist(), strict=True):
        start = max(0.0, note.start + late)
        if bad:
            played.append(replace(note, start=start, length=gap))
            start += gap
        played.append(replace(note, start=start))
    strayed = float(np.sqrt(np.mean(deviations**2))) / MOST_LATE
    return played, min(1.0, (strayed + float(stumbled.mean()) / MOST_STUMBLES) / 2)


def add_noise(sound: np.ndarray, snr: float, rng: np.random.Generator) -> np.ndarray:
    """Adds white noise ``snr`` dB below the sound's root mean square; shape (n,) as ``sound``."""
    noise = rng.standard_normal(len(sound), dtype=np.float32)
    return sound + float(np.sqrt(np.mean(sound**2))) * 10 ** (-snr / 20) * noise


def clip_hard(sound: np.ndarray, level: float) -> np.ndarray:
    """Drives the sound ``drive_db(level)`` above full scale and cuts what stands out; a level of 0 changes nothing."""
    peak = float(np.abs(sound).max())
    return np.clip(sound * (10 ** (drive_db(level) / 20) / peak), -1.0, 1.0)


def limit_bandwidth(sound: np.ndarray, level: float) -> np.ndarray:
    """Filters with a Butterworth low-pass of order 8 at ``cutoff_hz(level)``."""
    from scipy.signal import butter, sosfilt

    sections = butter(8, cutoff_hz(level), fs=SAMPLE_RATE, output="sos")
    return sosfilt(sections, sound)


def drop_out(sound: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Mutes gaps of about 100 to 300 ms that together last ``MOST_MUTED · level`` of the clip and never overlap."""
    n = len(sound)
    muted = int(MOST_MUTED * level * n)
    if muted == 0:
        return sound
    count = max(1, round(muted / (np.mean(_GAPS) * SAMPLE_RATE)))
    parts = rng.uniform(*_GAPS, size=count)
    lengths = (parts / parts.sum() * muted).astype(int)
    starts = np.sort(rng.integers(0, n - muted, size=count)) + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    gate = np.ones(n)
    for start, length in zip(starts, lengths, strict=True):
        gate[start : start + length] = 0.0
    ramp = SAMPLE_RATE // 500
    return sound * np.convolve(gate, np.full(ramp, 1 / ramp), mode="same")
