"""The axes that clips are rated on: MI, TA, PQ, PC, CE, CU; SQ of speech; and any axis of your own."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """One scored quality.

    Attributes:
        key: Short name used as a column name, for example ``"MI"``.
        name: Full name, for example ``"Musical impression"``.
        low: Lowest score of the scale; NaN when unknown (an axis of your own).
        high: Highest score of the scale; NaN when unknown.
        colour: Hex colour for this axis in every figure (Okabe and Ito's; grey where more is not better).
        definition: One line that says what is judged.
        needs_prompt: Whether it is judged against the prompt: a clip without one gets no score, its head reads the
            prompt besides the sound, raters see it, and an encoder that reads no text cannot serve it.
        is_quality: Whether a higher score is a better one: more components in a scene are just more.
    """

    key: str
    name: str
    low: float
    high: float
    colour: str
    definition: str
    needs_prompt: bool = False
    is_quality: bool = True

    @property
    def has_range(self) -> bool:
        """Whether the scale's ends are known."""
        return not (math.isnan(self.low) or math.isnan(self.high))


AXES: dict[str, Axis] = {
    axis.key: axis
    for axis in (
        Axis("MI", "Musical impression", 1, 5, "#0072B2", "How good the clip is as music."),
        Axis("TA", "Textual alignment", 1, 5, "#D55E00", "How well the clip matches its prompt.", needs_prompt=True),
        Axis("PQ", "Production quality", 1, 10, "#009E73", "Technical quality: clarity, fidelity, dynamics, balance."),
        Axis("PC", "Production complexity", 1, 10, "#7F7F7F", "How many components the scene has.", is_quality=False),
        Axis("CE", "Content enjoyment", 1, 10, "#E69F00", "How much one enjoys listening: emotion, skill, artistry."),
        Axis("CU", "Content usefulness", 1, 10, "#56B4E9", "How likely one would use it as material to create with."),
    )
}
"""The six axes of the field, in the order in which tables and figures show them."""

SPEECH = Axis("SQ", "Speech quality", 1, 5, "#882255", "How good the speech sounds: MOS, 1 bad to 5 excellent.")
"""The axis of speech (ITU-T P.800), which music and sound are not rated on."""

PREFERENCE = Axis(
    "preference", "Preference", 0, 1, "#999933", "Chance that people prefer the clip to the median of a reference set."
)
"""The axis of a reward that was trained on pairs; a chance, so that it has a unit."""

_KNOWN = AXES | {axis.key: axis for axis in (SPEECH, PREFERENCE)}

NEEDS_PROMPT: tuple[str, ...] = tuple(key for key, axis in _KNOWN.items() if axis.needs_prompt)
"""The axes that are judged against the prompt."""

AESTHETIC: tuple[str, ...] = ("PQ", "PC", "CE", "CU")
"""The four axes of Audiobox-Aesthetics (arXiv 2502.05139)."""

_OWN_COLOURS = ("#4C4C4C", "#8C564B", "#7F7F00", "#5D3A9B")


def get_axis(key: str) -> Axis:
    """Returns a known axis, or makes one of your own with an unknown range.

    Args:
        key: ``"MI"`` … ``"CU"``, ``"SQ"``, or any other non-empty name, for example ``"quality"``.

    Raises:
        ValueError: ``key`` is empty.
    """
    if not key or not key.strip():
        raise ValueError("an axis needs a name; the axis column holds an empty value")
    if key in _KNOWN:
        return _KNOWN[key]
    colour = _OWN_COLOURS[sum(key.encode()) % len(_OWN_COLOURS)]
    return Axis(key, key, math.nan, math.nan, colour, "An axis of your own.")


def axis_order(keys: list[str]) -> list[str]:
    """Sorts axis keys: the six known ones in their order, speech quality, preference, then axes of your own by name."""
    known = [key for key in _KNOWN if key in keys]
    return known + sorted(key for key in set(keys) if key not in _KNOWN)
