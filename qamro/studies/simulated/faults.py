"""The faults: what each level does to the notes and to the sound. A level is a severity as it fell out in one clip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamro.studies.simulated.composition import UNPITCHED, Note
from qamro.studies.simulated.instruments import SAMPLE_RATE

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
