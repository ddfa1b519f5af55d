"""Instruments, and from notes to sound: damped partials, drums, a fade, an echo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qamro.studies.simulated.composition import HAT, KICK, LAYER_GAINS, SNARE, UNPITCHED, Note
from qamro.studies.simulated.randomness import generator

SAMPLE_RATE = 32_000
"""Sample rate in Hz of every simulated clip."""

TONE_SECONDS = 2.0
"""The longest note."""

_TOP_HZ = 15_000.0


@dataclass(frozen=True)
class Patch:
    """The recipe of one instrument.

    Attributes:
        partials: Amplitudes of the partials.
        ratios: Frequencies of the partials over the fundamental; empty for 1, 2, 3, …
        decay: Seconds in which the fundamental falls to 1/e; 1e3 for a sound that is sustained.
        damping: How much faster each higher partial falls.
        attack: Seconds until the sound is full.
        release: Seconds in which it ends after its length.
        vibrato: Depth in cents (5.5 Hz).
        detune: Cents between two voices; 0 for one voice.
        breath: Level of the breath or hammer noise.
        transpose: Semitones between the written and the sounding pitch.
    """

    partials: tuple[float, ...]
    ratios: tuple[float, ...] = ()
    decay: float = 1e3
    damping: float = 0.0
    attack: float = 0.005
    release: float = 0.06
    vibrato: float = 0.0
    detune: float = 0.0
    breath: float = 0.0
    transpose: int = 0


def _falling(n: int, power: float, *, odd: bool = False) -> tuple[float, ...]:
    return tuple(0.0 if odd and k % 2 == 0 else k**-power for k in range(1, n + 1))


def _plucked(n: int, position: float) -> tuple[float, ...]:
    """Partials of a string plucked at a share of its length: sin(kπp) / k (an ideal string has 1/k²)."""
    return tuple(abs(float(np.sin(np.pi * k * position))) / k for k in range(1, n + 1))


PATCHES: dict[str, Patch] = {
    "piano": Patch(_falling(14, 1.3), decay=0.9, damping=0.25, attack=0.003, release=0.12, detune=2, breath=0.01),
    "guitar": Patch(_plucked(20, 0.18), decay=0.5, damping=0.12, attack=0.001, release=0.08, breath=0.02),
    "strings": Patch(_falling(18, 1.0), attack=0.12, release=0.18, vibrato=18, detune=9, breath=0.01),
    "flute": Patch((1.0, 0.25, 0.1, 0.03), attack=0.06, release=0.08, vibrato=14, breath=0.06, transpose=12),
    "organ": Patch((1.0, 0.9, 0.7, 0.6, 0.0, 0.5, 0.0, 0.5), attack=0.012, release=0.05),
    "bells": Patch(
        (1.0, 0.7, 0.6, 0.45, 0.3), (1.0, 2.76, 5.4, 8.93, 13.3), decay=0.8, damping=0.5, release=0.4, transpose=12
    ),
    "synth": Patch(_falling(40, 0.8), attack=0.004, release=0.05, detune=14),
    "trumpet": Patch((0.6, 0.9, 1.0, 0.95, 0.8, 0.65, 0.5, 0.4, 0.3, 0.2, 0.14, 0.1), attack=0.035, vibrato=7),
    "bass": Patch(_falling(8, 1.2), decay=1.2, damping=0.4, attack=0.004),
    "pad": Patch(_falling(8, 1.5), attack=0.08, release=0.25, detune=8),
    "pluck": Patch(_falling(10, 1.0, odd=True), decay=0.25, damping=0.3, attack=0.001),
}
"""The eight instruments of the prompts, and the bass, pad and pluck that accompany them."""


@lru_cache(maxsize=320)
def tone(instrument: str, pitch: int) -> np.ndarray:
    """Returns the longest tone of an instrument at a pitch, with a peak of 1; a note is its beginning.

    A damped partial is a geometric sequence, z^n with n = 256 a + b, so that it is the outer product of z^(256 a)
    and z^b: one multiplication a sample in place of a sine and an exponential.

    Args:
        instrument: A key of ``PATCHES``.
        pitch: MIDI number.

    Returns:
        Shape (64000,), float32, read-only.
    """
    patch = PATCHES[instrument]
    n = int(TONE_SECONDS * SAMPLE_RATE)
    ratios = np.array(patch.ratios or range(1, len(patch.partials) + 1), dtype=float)
    pure = 440.0 * 2 ** ((pitch + patch.transpose - 69) / 12)
    wave = np.zeros((n // 256, 256))
    for cents in (-patch.detune / 2, patch.detune / 2) if patch.detune else (0.0,):
        for k, (amplitude, ratio) in enumerate(zip(patch.partials, ratios, strict=True)):
            frequency = pure * 2 ** (cents / 1200) * ratio
            if frequency > _TOP_HZ or amplitude == 0:
                continue
            rate = (1 + patch.damping * k) / patch.decay
            exponent = (2j * np.pi * frequency - rate) / SAMPLE_RATE
            coarse = -1j * amplitude * np.exp(exponent * 256 * np.arange(n // 256) + 1j * k * k)
            fine = np.exp(exponent * np.arange(256))
            wave += np.multiply.outer(coarse.real, fine.real) - np.multiply.outer(coarse.imag, fine.imag)
    sound = wave.ravel()
    if patch.vibrato:
        sound = _with_vibrato(sound, patch.vibrato)
    sound /= np.abs(sound).max()
    if patch.breath:
        noise = generator(0, f"breath of {instrument}", pitch).standard_normal(n)
        sound += patch.breath * noise * np.exp(-np.arange(n) / (SAMPLE_RATE * min(patch.decay, 3) / 2))
    ramp = min(n, max(1, int(patch.attack * SAMPLE_RATE)))
    sound[:ramp] *= np.sin(np.linspace(0, np.pi / 2, ramp)) ** 2
    return _read_only(sound)


@lru_cache(maxsize=8)
def stroke(kind: int) -> np.ndarray:
    """Returns the sound of a drum stroke or of a shaker with a peak of 1.

    Args:
        kind: ``KICK``, ``SNARE``, ``HAT`` or any other number for the shaker.

    Returns:
        Shape (n,), float32, read-only.
    """
    n = int({KICK: 0.25, SNARE: 0.18, HAT: 0.07}.get(kind, 0.06) * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE
    noise = generator(0, "stroke", kind).standard_normal(n)
    bright = np.diff(noise, prepend=0.0)
    if kind == KICK:
        sound = np.sin(2 * np.pi * (50 * t + 6 * (1 - np.exp(-t / 0.03)))) * np.exp(-t / 0.08)
    elif kind == SNARE:
        sound = (0.6 * noise + np.sin(2 * np.pi * 185 * t)) * np.exp(-t / 0.05)
    elif kind == HAT:
        sound = np.diff(bright, prepend=0.0) * np.exp(-t / 0.018)
    else:
        sound = bright * np.sin(np.pi * t * SAMPLE_RATE / n) ** 2
    return _read_only(sound)


def _with_vibrato(sound: np.ndarray, cents: float) -> np.ndarray:
    n = np.arange(len(sound))
    depth = (2 ** (cents / 1200) - 1) * SAMPLE_RATE / (2 * np.pi * 5.5)
    grown = np.minimum(n / (0.3 * SAMPLE_RATE), 1)
    return np.interp(n + depth * grown * np.sin(2 * np.pi * 5.5 * n / SAMPLE_RATE), n, sound)


def _read_only(sound: np.ndarray) -> np.ndarray:
    result = (sound / np.abs(sound).max()).astype(np.float32)
    result.flags.writeable = False
    return result


# From notes to sound: the instruments play, a fade ends the piece, and a room answers.

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
