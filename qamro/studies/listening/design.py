"""What a listening study asks, how much of it each rater gets, and in which order."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from qamro.axes import AXES, NEEDS_PROMPT

if TYPE_CHECKING:
    from qamro.studies.listening.methods import Method

PREFERENCE = "preference"
"""The axis of A/B comparisons: 1 for the preferred clip, 0 for the other, 0.5 for both after a tie."""

MOST_STEPS = 11
"""A scale of at most so many values is shown as buttons; a finer one as a slider."""

CHOICES = ("even", "information")
"""How the pairs that a rater gets may be chosen."""
_GOAL = re.compile(r"best|order|top:[1-9]\d*|width:(\d+(\.\d+)?|\.\d+)")

BEEPS = (2, 3, 4, 5)
"""How many beeps an attention check may have."""


@dataclass(frozen=True)
class Scale:
    """One thing that is rated, with the range of its scores.

    Attributes:
        key: Name of the axis in the ratings, for example ``"MI"``.
        low: Lowest score.
        high: Highest score, above ``low``.
        name: Full name; the key if empty.
        definition: One line that says what is judged.
    """

    key: str
    low: float
    high: float
    name: str = ""
    definition: str = ""

    def __post_init__(self) -> None:
        """Refuses what nobody could rate on.

        Raises:
            ListeningError: The key is empty, or the range is.
        """
        if not self.key.strip():
            raise ListeningError("an axis needs a name, for example: naturalness, 1, 5")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ListeningError(
                f"axis {self.key!r} runs from {self.low:g} to {self.high:g}; give a low and a high end"
            )

    @property
    def step(self) -> float:
        """Distance of neighbouring scores: 1 where the ends are whole and 2 or more apart, else 1/100 of the range."""
        whole = self.low == int(self.low) and self.high == int(self.high)
        return 1.0 if whole and self.high - self.low >= 2 else (self.high - self.low) / 100

    @property
    def values(self) -> list[float]:
        """Every score of a coarse scale, ascending; none for a fine one."""
        count = round((self.high - self.low) / self.step) + 1
        return [self.low + i * self.step for i in range(count)] if count <= MOST_STEPS else []

    def accepts(self, score: float) -> bool:
        """Whether a score is on the scale."""
        if not (math.isfinite(score) and self.low <= score <= self.high):
            return False
        steps = (score - self.low) / self.step
        return abs(steps - round(steps)) < 1e-6


def known_scale(key: str) -> Scale:
    """Returns the scale of one of the field's six axes.

    Raises:
        KeyError: There is no such axis.
    """
    axis = AXES[key]
    return Scale(axis.key, axis.low, axis.high, axis.name, axis.definition)


@dataclass(frozen=True)
class Design:
    """What a study asks and how.

    Attributes:
        name: What raters read as its title.
        mode: The kind of test, a key of ``METHODS``: ``"scores"``, ``"preference"``, ``"mushra"``, ….
        scales: What is rated; given for scores, else the method's own.
        instructions: What raters read before they begin.
        question: What is asked about a pair.
        prompts: Whether raters see the prompts; always so where textual alignment is rated.
        each: How many clips (or pairs) a rater gets; 0 for all.
        repeats: How many of them come a second time, unannounced.
        checks: How many attention checks (beeps to count) are mixed in.
        seconds: How much of a clip must have been heard; less where it is shorter.
        reference: The system that others are held against, where the method has one.
        anchors: Systems that are anchors (MUSHRA).
        trials: How often each pair comes (ABX).
        level: Whether the versions of a trial are played at one loudness (MUSHRA).
        choose: How pairs are chosen: ``"even"`` (those that the fewest were asked about) or ``"information"`` (the
            pair whose vote is expected to tell most).
        language: The rater's pages' language, for example ``"de"``; empty goes by the rater's browser.
        headphones: Whether raters must pass a test for headphones first.
        code: Completion code that is shown at the end; empty makes one for each rater who came from a crowd's link.
        return_link: Address to which raters go back at the end; ``{code}`` in it becomes the code.
        goal: ``""`` (every clip alike), or what is to be found out, by which clips are handed out and the study ends:
            ``"best"`` system, full ``"order"``, ``"top:K"``, or every mean within ``"width:W"``. See ``steering``.
        equal_within: With a goal: systems whose difference lies within ± this are called equal; 0 never does.
    """

    name: str
    mode: str = "scores"
    scales: tuple[Scale, ...] = ()
    instructions: str = ""
    question: str = "Which of the two is better?"
    prompts: bool = False
    each: int = 0
    repeats: int = 0
    checks: int = 0
    seconds: float = 8.0
    reference: str = ""
    anchors: tuple[str, ...] = ()
    trials: int = 1
    level: bool = True
    choose: str = "even"
    language: str = ""
    headphones: bool = False
    code: str = ""
    return_link: str = ""
    goal: str = ""
    equal_within: float = 0.0

    def __post_init__(self) -> None:
        """Refuses a design that cannot be run.

        Raises:
            ListeningError: Says what is wrong and what to do.
        """
        if not self.name.strip():
            raise ListeningError("give the study a name; raters see it")
        method = self.method
        if method.scales and not self.scales:
            object.__setattr__(self, "scales", method.scales)
        keys = [scale.key for scale in self.scales]
        if self.mode == "scores" and not keys:
            raise ListeningError("choose at least one axis, or compare clips in pairs")
        if self.mode != "scores" and self.scales != method.scales:
            raise ListeningError(f"{method.title} has no axes of one's own; leave them out")
        if len(set(keys)) < len(keys) or PREFERENCE in keys:
            twice = PREFERENCE if PREFERENCE in keys else next(key for key in keys if keys.count(key) > 1)
            raise ListeningError(f"the name {twice!r} is taken; call one axis differently")
        for what, number in (("each", self.each), ("repeats", self.repeats), ("checks", self.checks)):
            if number < 0:
                raise ListeningError(f"{what} is a number of clips, not {number}")
        if not (math.isfinite(self.seconds) and self.seconds >= 0):
            raise ListeningError(f"the time that must have been heard is a number of seconds, not {self.seconds}")
        if (self.checks or self.repeats) and not method.extras:
            raise ListeningError(f"{method.title} takes no attention checks and no repeats; leave them out")
        if method.reference == "needed" and not self.reference:
            raise ListeningError(f"{method.title} needs a reference; name the system that it is")
        if self.trials < 1 or (self.trials > 1 and not method.trials):
            raise ListeningError(f"{method.title}: trials is a number of times that each pair comes, 1 or more")
        if self.choose not in CHOICES or (self.choose != "even" and self.mode != PREFERENCE):
            raise ListeningError(f"choose is one of {', '.join(CHOICES)}; by information only pairs are chosen")
        if self.choose != "even" and self.repeats:
            raise ListeningError("pairs chosen by information do not come twice; leave the repeats out")
        if self.return_link and not self.return_link.startswith(("https://", "http://")):
            raise ListeningError(f"the return link {self.return_link!r} is no address; it begins with https://")
        _check_goal(self.goal, self.equal_within, self.mode)
        if self.checks and self.mode == "scores" and not self.answers:
            raise ListeningError(
                "attention checks count two to five beeps, which must be scores of at least one scale; "
                "leave the checks out, or rate on a wider scale"
            )

    @property
    def method(self) -> Method:
        """The rules of its kind of test.

        Raises:
            ListeningError: There is no such kind.
        """
        from qamro.studies.listening.methods import METHODS  # its files speak of designs

        if self.mode not in METHODS:
            raise ListeningError(f"mode is one of {', '.join(METHODS)}, not {self.mode!r}")
        return METHODS[self.mode]

    @property
    def answers(self) -> tuple[int, ...]:
        """Numbers of beeps that can be given as an answer: scores of every scale that holds any such number."""
        scales = [scale for scale in self.scales if any(scale.accepts(n) for n in BEEPS)]
        if self.mode == PREFERENCE:
            return BEEPS
        return tuple(n for n in BEEPS if scales and all(scale.accepts(n) for scale in scales))

    @property
    def raced(self) -> Scale | None:
        """The scale that a goal is about: the first that every clip is rated on; None without a goal."""
        if not self.goal:
            return None
        return next((scale for scale in self.scales if scale.key not in NEEDS_PROMPT), self.scales[0])

    @property
    def shows_prompts(self) -> bool:
        """Whether raters see prompts."""
        return self.prompts or any(scale.key in NEEDS_PROMPT for scale in self.scales)

    def need(self, seconds: float) -> float:
        """How many seconds of a clip of this length must have been heard."""
        return min(self.seconds, seconds)

    def to_json(self) -> str:
        """Returns the design as text that ``from_json`` reads."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Design:
        """Reads what ``to_json`` wrote."""
        fields = json.loads(text)
        scales = tuple(Scale(**scale) for scale in fields["scales"])
        return cls(**fields | {"scales": scales, "anchors": tuple(fields.get("anchors", ()))})


def _check_goal(goal: str, equal_within: float, mode: str) -> None:
    """Refuses a goal that no study can have.

    Raises:
        ListeningError: It is none, or votes are asked for.
    """
    if not goal:
        return
    if mode != "scores":
        raise ListeningError("a goal steers studies that ask for scores; leave it at “All alike”")
    if not _GOAL.fullmatch(goal) or (goal.startswith("width") and not float(goal.partition(":")[2])):
        raise ListeningError(f"a goal is best, order, top:K or width:W (for example top:3 or width:0.2), not {goal!r}")
    if not equal_within >= 0:
        raise ListeningError("systems may be called equal within ± a number of 0 or more")


class ListeningError(ValueError):
    """Something about a listening study cannot be done; the message may be shown to whoever asked."""


# Who hears what, and when: a random order for every rater.

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
    chosen = [_swapped(item, rng) if design.method.turned else item for item in drawn[: design.each or len(drawn)]]
    rng.shuffle(chosen)
    placed: list[tuple[float, Planned]] = [(i, Planned("first", item)) for i, item in enumerate(chosen)]
    n = len(chosen)
    gap = min(GAP, n // 2)
    early = rng.sample(range(n - gap), min(design.repeats, n - gap)) if n else []
    placed += [(rng.uniform(i + gap, n) + 0.01, Planned("repeat", chosen[i][::-1])) for i in early]
    if beeps and n:
        placed += [(rng.uniform(0.01, n), check_task(design, chosen, beeps, rng)) for _ in range(design.checks)]
    return [task for _, task in sorted(placed, key=lambda entry: entry[0])]


def _swapped(item: Item, rng: random.Random) -> Item:
    return item[::-1] if rng.random() < 0.5 else item


def check_task(design: Design, chosen: Sequence[Item], beeps: Mapping[int, int], rng: random.Random) -> Planned:
    """Draws an attention check: beeps to count, or a pair of beeps and one of the chosen clips."""
    clip = rng.choice(sorted(beeps))
    if design.mode != PREFERENCE:
        return Planned("check", (clip,), float(beeps[clip]))
    music = rng.choice(chosen)[0]
    return Planned("check", (music, clip), 1.0) if rng.random() < 0.5 else Planned("check", (clip, music), 0.0)
