"""Who hears what, and when: pairs to compare, and a random order for every rater."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from qamro.studies.listening.design import PREFERENCE, Design

MOST_PAIRS = 5000
"""Of more pairs than this a random part is compared."""

GAP = 5
"""A clip comes back after at least so many others, where the study has as many."""

Item = tuple[int, ...]
"""What is judged at once: one clip, or two."""


@dataclass(frozen=True)
class Planned:
    """One task of a rater.

    Attributes:
        kind: ``"first"``, ``"repeat"`` or ``"check"``.
        clips: The clip, or the left and the right one.
        answer: What a check expects: the number of beeps, or 1 (left) or 0 (right) for a pair; None otherwise.
    """

    kind: str
    clips: Item
    answer: float | None = None


def pairs(systems: Mapping[int, str], contents: Mapping[int, str], rng: random.Random) -> list[Item]:
    """Returns which clips are compared: of different systems, and of the same content where contents are known.

    Args:
        systems: For each clip, what generated it; empty when unknown.
        contents: For each clip, what its versions share (a source, a prompt); empty when unknown.
        rng: Chooses where there are more than ``MOST_PAIRS``.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for clip in systems:
        groups[contents.get(clip, "")].append(clip)
    named = [group for content, group in groups.items() if content]
    found = _different(named, systems) or _different([list(systems)], systems)
    return rng.sample(found, MOST_PAIRS) if len(found) > MOST_PAIRS else found


def _different(groups: Sequence[Sequence[int]], systems: Mapping[int, str]) -> list[Item]:
    known = any(systems.values())
    return [(a, b) for group in groups for a, b in combinations(group, 2) if not known or systems[a] != systems[b]]


def plan(
    design: Design,
    items: Sequence[Item],
    asked: Mapping[Item, int],
    beeps: Mapping[int, int],
    rng: random.Random,
) -> list[Planned]:
    """Makes the tasks of one rater, in order.

    Where a rater does not get all, those go first that the fewest were asked about; ties are drawn. Repeats come at
    least ``GAP`` tasks after the first time, pairs with their sides swapped. A check is never the first task.

    Args:
        design: How many of what.
        items: Everything that may be asked.
        asked: How often each item was given to a rater so far.
        beeps: Clips that are attention checks, each with its number of beeps.
        rng: The source of chance.
    """
    drawn = sorted(items, key=lambda item: (asked.get(item, 0), rng.random()))
    chosen = [_swapped(item, rng) for item in drawn[: design.each or len(drawn)]]
    rng.shuffle(chosen)
    placed: list[tuple[float, Planned]] = [(i, Planned("first", item)) for i, item in enumerate(chosen)]
    n = len(chosen)
    gap = min(GAP, n // 2)
    early = rng.sample(range(n - gap), min(design.repeats, n - gap)) if n else []
    placed += [(rng.uniform(i + gap, n) + 0.01, Planned("repeat", chosen[i][::-1])) for i in early]
    if beeps and n:
        placed += [(rng.uniform(0.01, n), _check(design, chosen, beeps, rng)) for _ in range(design.checks)]
    return [task for _, task in sorted(placed, key=lambda entry: entry[0])]


def _swapped(item: Item, rng: random.Random) -> Item:
    return item[::-1] if rng.random() < 0.5 else item


def _check(design: Design, chosen: Sequence[Item], beeps: Mapping[int, int], rng: random.Random) -> Planned:
    clip = rng.choice(sorted(beeps))
    if design.mode != PREFERENCE:
        return Planned("check", (clip,), float(beeps[clip]))
    music = rng.choice(chosen)[0]
    return Planned("check", (music, clip), 1.0) if rng.random() < 0.5 else Planned("check", (clip, music), 0.0)
