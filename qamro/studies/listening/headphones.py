"""A test that only headphones pass: which of three tones is quietest, one of them in antiphase.

Two tones are in phase on both ears, one of them 6 dB quieter; the third is as loud as the first but in antiphase.
Through headphones the 6 dB tone is the quietest; loudspeakers cancel the antiphase tone, which then is. Six trials,
five of them right (Woods, Siegel, Traer and McDermott 2017, Attention, Perception & Psychophysics 79, 2064-2072).

The page makes the tones; the server draws the orders, from its salt, and checks the answers.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

    from qamro.studies.listening.design import Design

TRIALS, NEEDED, TRIES = 6, 5, 2
TONES = ("loud", "quiet", "antiphase")


def trials(salt: str, rater: str, tries: int) -> list[list[str]]:
    """Returns the order of the three tones in each trial of a rater's test; each time another one."""
    rng = random.Random(f"{salt}/{rater}/{tries}/headphones")
    return [rng.sample(TONES, len(TONES)) for _ in range(TRIALS)]


def right(salt: str, rater: str, tries: int, answers: Sequence[int]) -> int:
    """Counts right answers: places of the tone said to be quietest, from 0, one a trial."""
    return sum(
        order.index("quiet") == answer for order, answer in zip(trials(salt, rater, tries), answers, strict=False)
    )


def phase(design: Design, rater: Mapping[str, Any] | sqlite3.Row) -> str | None:
    """Where a rater stands: ``"headphones"`` to be tested, ``"unfit"`` after too many tries, None when passed."""
    if not design.headphones or (rater["headphones"] or 0) >= NEEDED:
        return None
    return "headphones" if rater["headphone_tries"] < TRIES else "unfit"
