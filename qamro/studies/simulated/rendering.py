"""From prompt and system to sound, what really sounds in it, and the true scores that follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qamro.axes import AXES
from qamro.studies.simulated import systems
from qamro.studies.simulated.composition import LAYER_NAMES, MOOD_STYLES, TEMPI, Prompt, compose
from qamro.studies.simulated.instruments import MUSIC_SECONDS, mix, room
from qamro.studies.simulated.randomness import generator
from qamro.studies.simulated.systems import MUSICAL, TECHNICAL, System

VARIATION = 0.15
"""Standard deviation of a clip's fault level around its system's severity, as a share of the severity."""

AIR_DB = 50.0
"""Every recording holds the air of its room: noise this far below the music, before any fault."""

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
        notes_per_second: Notes and strokes a second, slips not counted.
        instrument_match: 1 if the instrument is the one asked for, else 0.
        tempo_match: 1 within 0.05 octaves of the tempo asked for, less the further distance in octaves, at least 0.
        mood_match: 1 if the mood is the one asked for, else 0.
        layers_match: 1 less a third for each layer too many or too few, at least 0.
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
    instrument_match: float = 1.0
    tempo_match: float = 1.0
    mood_match: float = 1.0
    layers_match: float = 1.0


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

    notes, scale = compose(mood, bpm, layers, MUSIC_SECONDS, rng)
    notes_per_second = len(notes) / MUSIC_SECONDS
    notes, wrong = systems.slip(notes, wanted["wrong_notes"], scale, rng)
    notes, late = systems.stumble(notes, wanted["timing"], bpm, rng)
    sound = room(mix(notes, instrument, bpm), MOOD_STYLES[mood].tilt)
    sound = systems.add_noise(sound, AIR_DB, rng)
    sound = systems.limit_bandwidth(sound, wanted["bandwidth"])
    sound = systems.clip_hard(sound, wanted["clipping"])
    sound = systems.add_noise(sound, systems.snr_db(wanted["noise"]), rng)
    sound = systems.drop_out(sound, wanted["dropouts"], rng)
    sound *= systems.PEAK / np.abs(sound).max()

    facts = Facts(
        **{fault: wanted[fault] for fault in TECHNICAL},
        wrong_notes=wrong,
        timing=late,
        instrument=instrument,
        bpm=bpm,
        mood=mood,
        layers=layers,
        notes_per_second=notes_per_second,
    )
    return sound.astype(np.float32), judge(facts, prompt)


def judge(facts: Facts, prompt: Prompt) -> Facts:
    """Returns the facts of a clip held against a prompt, be it the one it was made for or another."""
    octaves = abs(float(np.log2(facts.bpm / TEMPI[prompt.tempo])))
    return replace(
        facts,
        instrument_match=float(facts.instrument == prompt.instrument),
        tempo_match=max(0.0, 1 - max(0.0, octaves - 0.05)),
        mood_match=float(facts.mood == prompt.mood),
        layers_match=max(0.0, 1 - abs(facts.layers - prompt.layers) / 3),
    )


# True scores: documented formulas of what really sounds in a clip.


def true_scores(facts: Facts) -> dict[str, float]:
    """Returns a clip's true score on all six axes (docs/simulated-study.md says it in words).

    Every axis is its scale's low end plus its range times a share in [0, 1]. With the levels n (noise), b
    (bandwidth), c (clipping), d (drop-outs), w (wrong notes), t (timing), the number L of layers and
    r = notes per second / 40 (at most 1):

    - fidelity f = (1 - .75 n)(1 - .65 b)(1 - .65 c)(1 - .75 d), and PQ = f
    - PC = .85 (L - 1) / 5 + .15 r
    - TA = .35 instrument + .25 layers + .2 tempo + .2 mood (each the share that was honoured)
    - playing p = (1 - .7 w)(1 - .35 t); richness ρ = 1 - |L - 4| / 5
    - MI = p (.55 + .45 f) (.7 + .3 ρ)
    - CE = p^.5 f^.6 (.5 + .5 ρ)
    - CU = f (1 - .3 w)(1 - .3 t)(1 - .35 max(0, L - 3) / 3)

    Args:
        facts: What really sounds.

    Returns:
        Axis to score, on the axis's scale.
    """
    fidelity = (
        (1 - 0.75 * facts.noise)
        * (1 - 0.65 * facts.bandwidth)
        * (1 - 0.65 * facts.clipping)
        * (1 - 0.75 * facts.dropouts)
    )
    playing = (1 - 0.7 * facts.wrong_notes) * (1 - 0.35 * facts.timing)
    richness = 1 - abs(facts.layers - 4) / 5
    crowded = max(0, facts.layers - 3) / 3
    shares = {
        "MI": playing * (0.55 + 0.45 * fidelity) * (0.7 + 0.3 * richness),
        "TA": 0.35 * facts.instrument_match
        + 0.25 * facts.layers_match
        + 0.2 * facts.tempo_match
        + 0.2 * facts.mood_match,
        "PQ": fidelity,
        "PC": 0.85 * (facts.layers - 1) / 5 + 0.15 * min(1.0, facts.notes_per_second / 40),
        "CE": playing**0.5 * fidelity**0.6 * (0.5 + 0.5 * richness),
        "CU": fidelity * (1 - 0.3 * facts.wrong_notes) * (1 - 0.3 * facts.timing) * (1 - 0.35 * crowded),
    }
    return {key: AXES[key].low + (AXES[key].high - AXES[key].low) * share for key, share in shares.items()}
