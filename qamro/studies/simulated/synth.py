"""From notes to sound: the instruments play, a fade ends the piece, and a room answers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qamro.studies.simulated.composition import LAYER_GAINS, UNPITCHED, Note
from qamro.studies.simulated.instruments import PATCHES, SAMPLE_RATE, TONE_SECONDS, stroke, tone
from qamro.studies.simulated.randomness import generator

SECONDS = 5.0
"""Length of every clip."""

LEAD_IN = 0.2
"""Seconds before the first note; only the noise of the recording is heard."""

MUSIC_SECONDS = 4.2
"""Seconds in which notes begin."""

FADE = 0.3
"""Seconds in which the music then ends; what is left is again only noise."""


def mix(notes: list[Note], instrument: str, bpm: float) -> np.ndarray:
    """Adds up the notes.

    Args:
        notes: What is played, in beats.
        instrument: Who plays melody and chords.
        bpm: Beats a minute.

    Returns:
        The sound at ``SAMPLE_RATE``, shape (160000,), at the level that the notes have.
    """
    voices = {"melody": instrument, "chords": instrument, "bass": "bass", "arpeggio": "pluck"}
    n = int(SECONDS * SAMPLE_RATE)
    total = np.zeros(n)
    for note in notes:
        start = int((LEAD_IN + note.start * 60 / bpm) * SAMPLE_RATE)
        if note.layer in UNPITCHED:
            sound = stroke(note.pitch)[: max(0, n - start)]
        else:
            voice = voices[note.layer]
            sound = _held(tone(voice, note.pitch), note.length * 60 / bpm, PATCHES[voice].release)[: max(0, n - start)]
        total[start : start + len(sound)] += LAYER_GAINS[note.layer] * note.velocity * sound
    ends = np.array([LEAD_IN + MUSIC_SECONDS, LEAD_IN + MUSIC_SECONDS + FADE]) * SAMPLE_RATE
    return total * np.interp(np.arange(n), ends, [1, 0])


def _held(sound: np.ndarray, seconds: float, release: float) -> np.ndarray:
    """Returns the beginning of a tone, held for some seconds and then released."""
    tail = int(release * SAMPLE_RATE)
    hold = min(int(seconds * SAMPLE_RATE), int(TONE_SECONDS * SAMPLE_RATE) - tail)
    note = sound[: hold + tail].copy()
    note[hold:] *= np.linspace(1, 0, tail, dtype=np.float32)
    return note


def room(sound: np.ndarray, tilt: float) -> np.ndarray:
    """Tilts the spectrum by ``tilt`` dB per octave around 500 Hz and adds a little reverberation; (n,) → (n,)."""
    from scipy.fft import irfft, rfft

    reverberation, octaves = _room_response()
    spectrum = rfft(sound, 2 * len(octaves) - 2) * reverberation * 10 ** (tilt / 20 * octaves)
    return irfft(spectrum)[: len(sound)]


@lru_cache(maxsize=1)
def _room_response() -> tuple[np.ndarray, np.ndarray]:
    """Returns the spectrum of direct sound plus 0.4 s of decaying noise, and each bin's octaves above 500 Hz."""
    from scipy.fft import next_fast_len, rfft, rfftfreq

    tail = int(0.4 * SAMPLE_RATE)
    size = next_fast_len(int(SECONDS * SAMPLE_RATE) + tail + tail % 2, real=True)
    size += size % 2
    t = np.arange(tail) / SAMPLE_RATE
    echo = generator(0, "room").standard_normal(tail) * np.exp(-t / 0.09) * np.minimum(t / 0.01, 1)
    response = np.zeros(tail)
    response[0] = 1.0
    response += 0.25 * echo / np.sqrt(np.sum(echo**2))
    octaves = np.log2(np.clip(rfftfreq(size, 1 / SAMPLE_RATE), 60, 8000) / 500)
    return rfft(response, size), octaves
