"""What is said of a kind of listening test: the columns of ``METHODS``."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qamro.studies.listening.design import Design, Item, Scale

MOST_PAIRS = 5000
"""Of more pairs than this a random part is compared."""


@dataclass(frozen=True)
class Clips:
    """The clips of a study, by their ids.

    Attributes:
        systems: What generated each; empty when unknown.
        contents: What versions of a clip share (a source, a prompt); empty when unknown.
    """

    systems: Mapping[int, str]
    contents: Mapping[int, str]

    def alike(self, clip: int) -> list[int]:
        """The clips of the same content, the clip itself too."""
        return [other for other, content in self.contents.items() if content == self.contents[clip]]


@dataclass(frozen=True)
class Given:
    """One confirmed score, with the names of what was heard.

    Attributes:
        axis: What was asked.
        score: What was answered.
        a: The clip that was asked about, the left one, or the reference.
        b: The second clip; empty without one.
        stimulus: The clip that this score is for, where a task has several; or the hidden one (X).
        systems: System of each clip.
        reference: The system that is the reference; empty without one.
        answer: What was right, where that is known.
    """

    axis: str
    score: float
    a: str
    b: str
    stimulus: str
    systems: Mapping[str, str]
    reference: str = ""
    answer: float | None = None

    def sides(self) -> dict[str, str]:
        """The columns of a vote that say what was compared."""
        clips = {"clip_a": self.a, "clip_b": self.b}
        return clips | {"system_a": self.systems[self.a], "system_b": self.systems[self.b]}


@dataclass(frozen=True)
class Screening:
    """Who is left out afterwards: raters who score the hidden reference below ``limit`` in more than ``share`` of it.

    Attributes:
        limit: Lowest score that a hidden reference should get.
        share: Share of its ratings that may lie below.
        source: Where the rule stands.
    """

    limit: float
    share: float
    source: str


@dataclass(frozen=True)
class Analysis:
    """How the answers of a test are analysed; ``qamro.evaluation.listening_tests`` does it.

    Attributes:
        statistic: ``"mean"`` (of each system), ``"comparison"`` (mean of each pair against 0) or ``"share"`` (of right
            answers against chance).
        screening: Who is left out first.
        chance: Share of right answers by guessing.
    """

    statistic: str
    screening: Screening | None = None
    chance: float = 0.5


def no_stimuli(design: Design, item: Item, clips: Clips, rng: random.Random) -> tuple[list[int], float | None]:
    """Nothing but the item itself is heard, and no answer is right."""
    return [], None


@dataclass(frozen=True)
class Method:
    """One kind of listening test.

    Attributes:
        key: Its name in a design.
        title: What the set-up calls it.
        note: One line that says what it asks.
        names: Words under which the clips of a task stand (keys of the languages' files); empty for a single clip.
        page: How a task is shown: ``"players"`` (one under another) or ``"sorted"`` (a slider for each, in step).
        items: Which clips are asked about together: a clip each, or two.
        stored: Where an answer goes, ``"ratings"`` or ``"votes"``, and the row's own columns.
        scales: What is rated, where the method says so; empty where the design does, or for votes.
        choices: The answers that are possible, where they are no scale.
        axis: What its answers are called, where neither design nor method has scales.
        stimuli: What else is heard in a task (clip ids in order), and the right answer if there is one.
        rates_stimuli: Whether each of them gets a score of its own.
        reference: ``"needed"``, ``"possible"`` or ``""``: whether one system is the reference.
        turned: Whether the sides of a pair are drawn, and swapped when it comes again.
        extras: Whether attention checks and unannounced repeats can be mixed in.
        trials: Whether a design says how often each pair comes.
        analysis: How it is analysed; None where Compare's views of ratings and votes say everything.
        source: Where the method is defined.
    """

    key: str
    title: str
    note: str
    items: Callable[[Design, Clips, random.Random], list[Item]]
    stored: Callable[[Given], tuple[str, dict[str, Any]]]
    names: tuple[str, ...] = ()
    page: str = "players"
    scales: tuple[Scale, ...] = ()
    choices: tuple[float, ...] = ()
    axis: str = ""
    stimuli: Callable[[Design, Item, Clips, random.Random], tuple[list[int], float | None]] = no_stimuli
    rates_stimuli: bool = False
    reference: str = ""
    turned: bool = True
    extras: bool = False
    trials: bool = False
    analysis: Analysis | None = None
    source: str = ""


def pairs(clips: Clips, rng: random.Random, reference: str = "") -> list[Item]:
    """Returns which clips are compared: of different systems, and of the same content where contents are known.

    Args:
        clips: The clips.
        rng: Chooses where there are more than ``MOST_PAIRS``.
        reference: Only pairs with a clip of this system; empty for all.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for clip in clips.systems:
        groups[clips.contents.get(clip, "")].append(clip)
    named = [group for content, group in groups.items() if content]
    found = _different(named, clips.systems) or _different([list(clips.systems)], clips.systems)
    if reference:
        found = [item for item in found if reference in {clips.systems[clip] for clip in item}]
    return rng.sample(found, MOST_PAIRS) if len(found) > MOST_PAIRS else found


def _different(groups: Sequence[Sequence[int]], systems: Mapping[int, str]) -> list[Item]:
    known = any(systems.values())
    return [(a, b) for group in groups for a, b in combinations(group, 2) if not known or systems[a] != systems[b]]


def rating(clip: str, given: Given, **more: Any) -> tuple[str, dict[str, Any]]:
    """A row of ratings."""
    return "ratings", {"clip": clip, "score": given.score} | more
