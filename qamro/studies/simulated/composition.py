"""Prompts of the simulated study, and short pieces of music for them as lists of notes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamro.studies.simulated.randomness import balanced_choice

LAYER_NAMES = ("melody", "chords", "bass", "drums", "arpeggio", "shaker")
"""The layers in the order in which they join."""

LAYER_GAINS = {"melody": 1.0, "chords": 0.2, "bass": 0.4, "drums": 0.6, "arpeggio": 0.4, "shaker": 0.45}
"""How loud each layer is in the mix."""

UNPITCHED = ("drums", "shaker")
"""Layers without a pitch; their notes cannot be wrong."""

KICK, SNARE, HAT, SHAKE = 36, 38, 42, 70


@dataclass(frozen=True)
class Mood:
    """How a mood is played.

    Attributes:
        scale: Semitones above the root, seven of them.
        chords: Scale degrees of the chords' roots, from 0.
        register: Scale steps by which the melody is moved.
        touch: Share of its length that a melody note is held; below 1 staccato, above 1 legato.
        rhythms: Patterns of the melody: lengths in beats that fill two beats.
        tilt: Tilt of the spectrum in dB per octave above 500 Hz.
        loudness: Velocity of the melody.
    """

    scale: tuple[int, ...]
    chords: tuple[int, ...]
    register: int
    touch: float
    rhythms: tuple[tuple[float, ...], ...]
    tilt: float
    loudness: float


_MAJOR, _MINOR, _LOCRIAN = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 1, 3, 5, 6, 8, 10)

MOOD_STYLES: dict[str, Mood] = {
    "happy": Mood(_MAJOR, (0, 4, 5, 3), 3, 0.5, ((0.5, 0.5, 1.0), (0.5, 0.5, 0.5, 0.5)), 1.5, 1.0),
    "sad": Mood(_MINOR, (0, 5, 3, 4), -3, 1.1, ((1.0, 1.0), (1.0, 0.5, 0.5)), -3.0, 0.8),
    "calm": Mood(_MAJOR, (0, 3, 0, 3), 0, 1.3, ((1.0, 1.0), (1.0, 0.5, 0.5)), -1.5, 0.7),
    "tense": Mood(_LOCRIAN, (0, 1, 0, 1), -5, 0.7, ((0.5, 0.5, 0.5, 0.5), (0.5, 0.25, 0.25, 1.0)), 0.0, 0.9),
    "triumphant": Mood(_MAJOR, (0, 3, 4, 0), 2, 0.95, ((0.5, 0.5, 1.0), (1.0, 0.5, 0.5)), 3.0, 1.1),
}
"""One style a mood."""


@dataclass(frozen=True)
class Note:
    """One note or stroke.

    Attributes:
        layer: One of ``LAYER_NAMES``.
        pitch: MIDI number; for drums and shaker, which stroke.
        start: Onset in beats.
        length: Length in beats.
        velocity: Loudness, about 0.3 to 1.1.
    """

    layer: str
    pitch: int
    start: float
    length: float
    velocity: float


def compose(
    mood: str, bpm: float, layers: int, seconds: float, rng: np.random.Generator
) -> tuple[list[Note], set[int]]:
    """Composes a short piece.

    Args:
        mood: A key of ``MOOD_STYLES``.
        bpm: Tempo in beats per minute.
        layers: How many layers sound, 1 to 6.
        seconds: Length of the piece.
        rng: Chooses the key, the motif and small differences of loudness.

    Returns:
        The notes, layer by layer, every onset before the end; and the pitch classes of the key, 0 to 11.
    """
    style = MOOD_STYLES[mood]
    beats = seconds * bpm / 60
    root = 60 + int(rng.integers(-5, 6))
    span = 4.0 if bpm > 120 else 2.0
    chords = [style.chords[i % len(style.chords)] for i in range(int(np.ceil(beats / span)))]
    notes = _melody(style, root, chords, span, rng)
    makers = (_chords, _bass, _drums, _arpeggio, _shaker)
    for maker in makers[: layers - 1]:
        for i, degree in enumerate(chords):
            notes += maker(style, root, degree, i * span, span)
    return [note for note in notes if note.start < beats - 0.1], {(root + step) % 12 for step in style.scale}


def degree_pitch(style: Mood, root: int, degree: int) -> int:
    """Returns the MIDI number of a scale degree; degrees beyond 0 … 6 move by octaves."""
    octave, step = divmod(degree, 7)
    return root + 12 * octave + style.scale[step]


def _melody(style: Mood, root: int, chords: list[int], span: float, rng: np.random.Generator) -> list[Note]:
    """Writes a motif over the first chord and moves it with the chords, each second time with a new ending."""
    halves = int(span // 2)
    motif = [style.rhythms[int(rng.integers(len(style.rhythms)))] for _ in range(halves)]
    lengths = [length for rhythm in motif for length in rhythm]
    steps = _walk(len(lengths), rng)
    notes = []
    for i, degree in enumerate(chords):
        if i % 2:
            steps = np.concatenate([steps[: len(steps) // 2], _walk(len(steps) - len(steps) // 2, rng)])
        start = i * span
        anchor = degree if degree < 4 else degree - 7
        for length, step in zip(lengths, steps, strict=True):
            pitch = degree_pitch(style, root + 12, anchor + style.register + int(step))
            accent = 1.0 if start % 2 == 0 else 0.85
            velocity = style.loudness * accent * float(rng.uniform(0.9, 1.0))
            notes.append(Note("melody", pitch, start, length * style.touch, velocity))
            start += length
    return notes


def _walk(n: int, rng: np.random.Generator) -> np.ndarray:
    """Returns n scale steps above the chord's root: chord tones on the beat, neighbours between."""
    tones = rng.choice([0, 2, 4, 7], size=n)
    passing = np.concatenate([[0], rng.choice([-1, 0, 1], size=max(n - 1, 0))])[:n]
    return tones + np.where(np.arange(n) % 2 == 1, passing, 0)


def _triad(style: Mood, root: int, degree: int) -> list[int]:
    return [degree_pitch(style, root, degree + third) for third in (0, 2, 4)]


def _chords(style: Mood, root: int, degree: int, start: float, span: float) -> list[Note]:
    low = root - 12 if degree > 3 else root
    triad = _triad(style, low, degree)
    return [Note("chords", p, start + 2 * i, 1.95, 0.8) for i in range(int(span // 2)) for p in triad]


def _bass(style: Mood, root: int, degree: int, start: float, span: float) -> list[Note]:
    low = degree if degree < 4 else degree - 7
    pitches = [degree_pitch(style, root - 24, step) for step in (low, low + 4)]
    return [Note("bass", pitches[i % 2], start + i, 0.9, 1.0 - 0.2 * (i % 2)) for i in range(int(span))]


def _drums(style: Mood, root: int, degree: int, start: float, span: float) -> list[Note]:
    hats = [Note("drums", HAT, start + i / 2, 0.25, 0.5 - 0.15 * (i % 2)) for i in range(int(2 * span))]
    return hats + [Note("drums", SNARE if i % 2 else KICK, start + i, 0.5, 1.0) for i in range(int(span))]


def _arpeggio(style: Mood, root: int, degree: int, start: float, span: float) -> list[Note]:
    triad = _triad(style, root, degree)
    pattern = [*triad, triad[0] + 12]
    return [Note("arpeggio", pattern[i % 4], start + i / 2, 0.6, 0.8) for i in range(int(2 * span))]


def _shaker(style: Mood, root: int, degree: int, start: float, span: float) -> list[Note]:
    return [Note("shaker", SHAKE, start + i / 4, 0.2, 0.9 if i % 4 == 0 else 0.5) for i in range(int(4 * span))]


# Prompts of the simulated study: an instrument, a tempo, a mood and a number of layers, put into words.

INSTRUMENTS = ("piano", "guitar", "strings", "flute", "organ", "bells", "synth", "trumpet")
"""The instruments that a prompt can ask for; they play the melody."""

TEMPI: dict[str, float] = {"slow": 60.0, "moderate": 98.0, "fast": 160.0}
"""The words for the tempo, in beats per minute."""

MOODS = ("happy", "sad", "calm", "tense", "triumphant")
"""The moods that a prompt can ask for; they choose the mode, the chords, the register and the touch."""

LAYERS = (1, 2, 3, 4, 5)
"""The numbers of layers that a prompt can ask for; a system that adds layers reaches six."""

_LAYER_WORDS = {1: "solo", 2: "two layers", 3: "three layers", 4: "four layers", 5: "five layers"}

_TEMPLATES = (
    "A {mood} {tempo} piece for {instrument}, {layers}.",
    "{Tempo} {instrument} music, {layers}, {mood} mood.",
    "{Instrument}, {layers}, {tempo} tempo, {mood}.",
    "Play something {mood} with {instrument} at a {tempo} tempo, {layers}.",
)


@dataclass(frozen=True)
class Prompt:
    """What is asked for.

    Attributes:
        index: The number of the prompt in its study, from 0.
        instrument: One of ``INSTRUMENTS``.
        tempo: One of ``TEMPI``.
        mood: One of ``MOODS``.
        layers: How many layers are to sound, 1 to 5.
        template: Which of the four wordings is used, 0 to 3.
    """

    index: int
    instrument: str
    tempo: str
    mood: str
    layers: int
    template: int = 0

    def __post_init__(self) -> None:
        """Refuses words that no system knows."""
        for word, known in ((self.instrument, INSTRUMENTS), (self.tempo, tuple(TEMPI)), (self.mood, MOODS)):
            if word not in known:
                raise ValueError(f"{word!r} is not a word of the simulated prompts; take one of {', '.join(known)}")
        if self.layers not in LAYERS:
            raise ValueError(f"a prompt asks for {LAYERS[0]} to {LAYERS[-1]} layers, not {self.layers}")

    @property
    def name(self) -> str:
        """The short name used in clip names, ``P01`` for the first."""
        return f"P{self.index + 1:02d}"

    @property
    def text(self) -> str:
        """The prompt in words."""
        return _TEMPLATES[self.template % len(_TEMPLATES)].format(
            instrument=self.instrument,
            Instrument=self.instrument.capitalize(),
            tempo=self.tempo,
            Tempo=self.tempo.capitalize(),
            mood=self.mood,
            layers=_LAYER_WORDS[self.layers],
        )


def draw_prompt(index: int, seed: int = 0) -> Prompt:
    """Draws prompt number ``index`` of a seed; it is the same however many others are drawn.

    Every run of eight prompts names each instrument once, every run of three each tempo, and so on.
    """
    return Prompt(
        index,
        instrument=balanced_choice(seed, "prompt instrument", INSTRUMENTS, index),
        tempo=balanced_choice(seed, "prompt tempo", tuple(TEMPI), index),
        mood=balanced_choice(seed, "prompt mood", MOODS, index),
        layers=balanced_choice(seed, "prompt layers", LAYERS, index),
        template=balanced_choice(seed, "prompt template", range(len(_TEMPLATES)), index),
    )
