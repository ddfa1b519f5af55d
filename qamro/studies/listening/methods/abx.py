"""ABX: is X the same as A or as B? Right answers beyond chance show that a difference is heard (Clark 1982).

The answer is 1 for "X is A" and 0 for "X is B"; a study stores 1 for a right answer, with the clip that X was.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from qamro.studies.listening.methods.method import Analysis, Clips, Given, Method, pairs, rating

if TYPE_CHECKING:
    from qamro.studies.listening.design import Design, Item


def stimuli(design: Design, item: Item, clips: Clips, rng: random.Random) -> tuple[list[int], float | None]:
    """X, and whether it is A."""
    is_a = rng.random() < 0.5
    return [item[0] if is_a else item[1]], float(is_a)


def stored(given: Given) -> tuple[str, dict[str, Any]]:
    """A rating of 1 or 0 for the clip that is not the reference; both orders of a pair are one pair."""
    reference_first = given.reference != "" and given.systems[given.a] == given.reference
    reference_last = given.reference != "" and given.systems[given.b] == given.reference
    turn = reference_first or (not reference_last and given.a > given.b)
    clip, against = (given.b, given.a) if turn else (given.a, given.b)
    return rating(clip, given, score=float(given.score == given.answer), against=against, x=given.stimulus)


METHOD = Method(
    key="abx",
    title="ABX",
    note="Is X the same as A or as B? Shows whether a difference is heard at all.",
    items=lambda design, clips, rng: pairs(clips, rng, design.reference) * design.trials,
    stored=stored,
    names=("side_a", "side_b", "side_x"),
    choices=(0.0, 1.0),
    axis="ABX",
    stimuli=stimuli,
    reference="possible",
    trials=True,
    analysis=Analysis("share", chance=0.5),
    source="Clark 1982, Journal of the Audio Engineering Society 30(5)",
)
