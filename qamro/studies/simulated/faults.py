"""The faults: what each level does to the notes and to the sound. A level is a severity as it fell out in one clip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamro.studies.simulated.composition import UNPITCHED, Note
from qamro.studies.simulated.instruments import SAMPLE_RATE

PEAK = 0.89
"""Peak of every finished clip (-1 dBFS)."""

MOST_WRONG, MOST_LATE, MOST_MUTED = 0.7, 0.4, 0.35
"""At level 1: the share of notes that are wrong, the deviation of onsets in beats, the share of time muted."""

_GAPS = (0.03, 0.15)


def snr_db(level: float) -> float:
    """Returns the signal-to-noise ratio in dB of a noise level: 60 at 0, 6 at 1."""
    return 60.0 - 54.0 * level


def cutoff_hz(level: float) -> float:
    """Returns the edge of the low-pass filter in Hz of a bandwidth level: 15,000 at 0, 1,800 at 1."""
    return 15_000.0 * (1_800.0 / 15_000.0) ** level


def drive_db(level: float) -> float:
    """Returns the gain in dB into the hard limit of a clipping level: 0 at 0, 20 at 1."""
    return 20.0 * level


def spoil_notes(notes: list[Note], level: float, scale: set[int], rng: np.random.Generator) -> tuple[list[Note], float]:
    """Moves some notes to a neighbour a semitone away that is foreign to the key.

    Args:
        notes: The notes.
        level: 0 to 1.
        scale: The pitch classes of the key, 0 to 11; every one has a neighbour outside.
        rng: Chooses which.

    Returns:
        The notes, and the level that came about: the share of pitched notes that are wrong over ``MOST_WRONG``, at
        most 1.
    """
    pitched = np.array([note.layer not in UNPITCHED for note in notes])
    wrong = (rng.random(len(notes)) < MOST_WRONG * level) & pitched
    up = rng.random(len(notes)) < 0.5
    spoilt = [
        replace(note, pitch=_foreign(note.pitch, scale, 1 if higher else -1)) if bad else note
        for note, bad, higher in zip(notes, wrong, up, strict=True)
    ]
    return spoilt, min(1.0, float(wrong.sum() / max(pitched.sum(), 1)) / MOST_WRONG)


def _foreign(pitch: int, scale: set[int], step: int) -> int:
    return pitch + step if (pitch + step) % 12 not in scale else pitch - step


def spoil_timing(notes: list[Note], level: float, rng: np.random.Generator) -> tuple[list[Note], float]:
    """Moves every onset by a normal deviate, each note for itself.

    Returns:
        The notes, and the level that came about: the root mean square deviation over ``MOST_LATE`` beats, at most 1.
    """
    deviations = MOST_LATE * level * np.clip(rng.standard_normal(len(notes)), -2, 2)
    starts = np.maximum(0.0, np.array([note.start for note in notes]) + deviations)
    moved = [replace(note, start=float(start)) for note, start in zip(notes, starts, strict=True)]
    return moved, min(1.0, float(np.sqrt(np.mean(deviations**2))) / MOST_LATE)


def add_noise(sound: np.ndarray, snr: float, rng: np.random.Generator) -> np.ndarray:
    """Adds white noise ``snr`` dB below the sound's root mean square."""
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
    """Mutes gaps of 30 to 150 ms that together last ``MOST_MUTED · level`` of the clip and never overlap."""
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
