"""From a prompt and a system to sound: what is played, how it is spoilt, and the facts about what really sounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qamro.studies.simulated import faults
from qamro.studies.simulated.composition import LAYER_GAINS, LAYER_NAMES, MOOD_STYLES, UNPITCHED, Note, compose
from qamro.studies.simulated.instruments import PATCHES, SAMPLE_RATE, TONE_SECONDS, stroke, tone
from qamro.studies.simulated.prompts import TEMPI, Prompt
from qamro.studies.simulated.randomness import generator
from qamro.studies.simulated.systems import MUSICAL, TECHNICAL, System

SECONDS = 5.0
"""Length of every clip."""

VARIATION = 0.15
"""Standard deviation of a clip's fault level around its system's severity, as a share of the severity."""

_REACH = 4.0


@dataclass(frozen=True)
class Facts:
    """What really sounds in one clip; the true scores are formulas of these.

    Attributes:
        noise: Level of the hiss, 0 to 1.
        bandwidth: Level of the low-pass filter, 0 to 1.
        clipping: Level of the clipping, 0 to 1.
        dropouts: Level of the drop-outs, 0 to 1.
        wrong_notes: Level of the wrong notes, counted, 0 to 1.
        timing: Level of the timing, measured, 0 to 1.
        instrument: The instrument that plays the melody.
        bpm: The tempo in beats per minute.
        mood: The mood that is played.
        layers: How many layers sound, 1 to 6.
        notes_per_second: Notes and strokes a second.
        instrument_match: 1 if the instrument is the one asked for, else 0.
        tempo_match: 1 at the tempo asked for, 0 from a factor of two on, in between linear in octaves.
        mood_match: 1 if the mood is the one asked for, else 0.
        layers_match: 1 at the number of layers asked for, less a third for each layer too many or too few.
    """

    noise: float
    bandwidth: float
    clipping: float
    dropouts: float
    wrong_notes: float
    timing: float
    instrument: str
    bpm: float
    mood: str
    layers: int
    notes_per_second: float
    instrument_match: float
    tempo_match: float
    mood_match: float
    layers_match: float


def render(prompt: Prompt, system: System, seed: int = 0) -> tuple[np.ndarray, Facts]:
    """Renders one clip; equal arguments give equal samples.

    Args:
        prompt: What is asked for.
        system: Who plays.
        seed: The study's seed; with the two indices it fixes every random choice.

    Returns:
        Mono samples at ``SAMPLE_RATE``, float32 in [-1, 1], shape (160000,), and the facts.
    """
    rng = generator(seed, "clip", system.index, prompt.index)
    obeyed = rng.random(3) >= (system.ignores_instrument, system.ignores_tempo, system.ignores_mood)
    instrument = prompt.instrument if obeyed[0] else system.habit_instrument
    bpm = TEMPI[prompt.tempo if obeyed[1] else system.habit_tempo] * float(rng.uniform(0.97, 1.03))
    mood = prompt.mood if obeyed[2] else system.habit_mood
    shift = _REACH * (system.adds_layers - system.drops_layers) * float(1 + VARIATION * rng.standard_normal())
    layers = int(np.clip(round(prompt.layers + shift), 1, len(LAYER_NAMES)))
    wanted = {
        fault: float(np.clip(getattr(system, fault) * (1 + VARIATION * rng.standard_normal()), 0, 1))
        for fault in TECHNICAL + MUSICAL
    }

    notes = compose(mood, bpm, layers, SECONDS, rng)
    notes, wrong = faults.spoil_notes(notes, wanted["wrong_notes"], rng)
    notes, late = faults.spoil_timing(notes, wanted["timing"], rng)
    sound = _room(_mix(notes, instrument, bpm), MOOD_STYLES[mood].tilt)
    sound = faults.add_noise(sound, wanted["noise"], rng)
    sound = faults.clip_hard(sound, wanted["clipping"])
    sound = faults.limit_bandwidth(sound, wanted["bandwidth"])
    sound = faults.drop_out(sound, wanted["dropouts"], rng)
    sound *= faults.PEAK / np.abs(sound).max()

    facts = Facts(
        **{fault: wanted[fault] for fault in TECHNICAL},
        wrong_notes=wrong,
        timing=late,
        instrument=instrument,
        bpm=bpm,
        mood=mood,
        layers=layers,
        notes_per_second=len(notes) / SECONDS,
        instrument_match=float(instrument == prompt.instrument),
        tempo_match=max(0.0, 1 - max(0.0, abs(float(np.log2(bpm / TEMPI[prompt.tempo]))) - 0.05)),
        mood_match=float(mood == prompt.mood),
        layers_match=max(0.0, 1 - abs(layers - prompt.layers) / 3),
    )
    return sound.astype(np.float32), facts


def _mix(notes: list[Note], instrument: str, bpm: float) -> np.ndarray:
    """Adds up the notes; shape (160000,)."""
    voices = {"melody": instrument, "chords": "pad", "bass": "bass", "arpeggio": "pluck"}
    n = int(SECONDS * SAMPLE_RATE)
    mix = np.zeros(n)
    for note in notes:
        start = int(note.start * 60 / bpm * SAMPLE_RATE)
        if note.layer in UNPITCHED:
            sound = stroke(note.pitch)[: max(0, n - start)]
        else:
            voice = voices[note.layer]
            sound = _held(tone(voice, note.pitch), note.length * 60 / bpm, PATCHES[voice].release)[: max(0, n - start)]
        mix[start : start + len(sound)] += LAYER_GAINS[note.layer] * note.velocity * sound
    fade = SAMPLE_RATE // 20
    mix[-fade:] *= np.linspace(1, 0, fade)
    return mix


def _held(sound: np.ndarray, seconds: float, release: float) -> np.ndarray:
    """Returns the beginning of a tone, held for some seconds and then released."""
    tail = int(release * SAMPLE_RATE)
    hold = min(int(seconds * SAMPLE_RATE), int(TONE_SECONDS * SAMPLE_RATE) - tail)
    note = sound[: hold + tail].copy()
    note[hold:] *= np.linspace(1, 0, tail, dtype=np.float32)
    return note


def _room(sound: np.ndarray, tilt: float) -> np.ndarray:
    """Tilts the spectrum by some dB per octave around 500 Hz and adds a little reverberation."""
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
