"""Prompts of the simulated study: an instrument, a tempo, a mood and a number of layers, put into words."""

from __future__ import annotations

from dataclasses import dataclass

from qamro.studies.simulated.randomness import balanced_choice

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
