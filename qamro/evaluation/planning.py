"""Planning a listening study: what clips, ratings and raters buy, before anybody listens.

A clip's mean of m ratings varies about its system's by ``clips + rest / m + raters / m * (1 - m / R)``, where each clip
is heard by another m of R raters: what all share shifts every system alike. All else follows from that: intervals of
means and differences, pairs told apart by the rule of ``tell_apart``, the power for one difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from qamro.counts import count
from qamro.evaluation.significance.tell_apart import largest_gaps
from qamro.evaluation.variances import Estimated, Variances, estimate

if TYPE_CHECKING:
    from qamro.studies import Study

SPREADS = 400
"""Draws of systems, where only the variance between them is known."""

_LIMIT_DRAWS = 2000
_NODES = 64


@dataclass(frozen=True)
class Design:
    """Clips of each system, ratings of each clip, and how many raters give them.

    Attributes:
        clips: Clips of each system.
        ratings: Ratings of each clip, each by another rater.
        raters: Raters altogether; 0 for so many that no two clips need to share one.
    """

    clips: int
    ratings: int
    raters: int = 0

    def __post_init__(self) -> None:
        """Refuses what cannot be run.

        Raises:
            ValueError: Clips or ratings are below 1, or a clip gets more ratings than there are raters.
        """
        if self.clips < 1 or self.ratings < 1 or self.raters < 0:
            raise ValueError(f"a design has 1 clip and 1 rating or more, not {self}")
        if 0 < self.raters < self.ratings:
            raise ValueError(f"{self}: {count(self.raters, 'rater')} cannot rate each clip {self.ratings} times")

    @classmethod
    def parse(cls, text: str) -> Design:
        """Reads ``20x5`` or ``20x5x12``.

        Raises:
            ValueError: It is neither, or cannot be run.
        """
        found = re.fullmatch(r"\s*(\d+)\s*[xX×]\s*(\d+)(?:\s*[xX×]\s*(\d+))?\s*", text)
        if not found:
            raise ValueError(f"a design is CLIPSxRATINGS or CLIPSxRATINGSxRATERS, for example 20x5, not {text!r}")
        return cls(*(int(part) for part in found.groups(default="0")))

    def __str__(self) -> str:
        return f"{self.clips} x {self.ratings}" + (f" by {self.raters}" if self.raters else "")


@dataclass(frozen=True)
class Outlook:
    """What a design may be expected to show.

    Attributes:
        design: The design.
        total: Ratings altogether.
        cost: What clips and ratings cost together.
        mean: Half-width of the interval of a system's mean, in score units; NaN with one clip.
        difference: Half-width of the interval of one difference.
        apart: Share of the pairs of systems that ``tell_apart`` sets apart.
        power: Chance that one difference, planned beforehand, is found; NaN where none was named.
    """

    design: Design
    total: int
    cost: float
    mean: float
    difference: float
    apart: float
    power: float


@dataclass(frozen=True)
class Goal:
    """What a study is to reach.

    Attributes:
        kind: ``"pairs"`` (share told apart), ``"mean"`` or ``"difference"`` (half-width), ``"power"``.
        number: How much of it.
    """

    kind: str
    number: float

    @classmethod
    def parse(cls, text: str) -> Goal:
        """Reads ``pairs:0.7``, ``mean:0.2``, ``difference:0.3`` or ``power:0.8``.

        Raises:
            ValueError: It is none of them.
        """
        kind, _, number = text.strip().partition(":")
        known = kind in {"pairs", "mean", "difference", "power"} and re.fullmatch(r"\d+(\.\d+)?|\.\d+", number)
        if not known or float(number) <= 0 or (kind in {"pairs", "power"} and float(number) >= 1):
            raise ValueError(
                f"a goal is pairs:SHARE, mean:W, difference:W or power:SHARE (for example pairs:0.7), not {text!r}"
            )
        return cls(kind, float(number))

    def met(self, outlook: Outlook) -> bool:
        """Whether a design reaches it."""
        if self.kind in {"mean", "difference"}:
            return bool(getattr(outlook, self.kind) <= self.number)
        return bool((outlook.apart if self.kind == "pairs" else outlook.power) >= self.number)


class Plan:
    """What can be said of designs for one kind of study.

    Attributes:
        variances: Components of single ratings.
        systems: Number of systems.
        levels: The systems' true means about their middle, draws of them, shape (draws, K).
    """

    def __init__(
        self,
        variances: Variances,
        systems: int,
        *,
        levels: np.ndarray | None = None,
        level: float = 0.95,
        delta: float | None = None,
        clip_price: float = 0.0,
        rating_price: float = 1.0,
    ) -> None:
        """Keeps what designs are judged by.

        Args:
            variances: Components of single ratings.
            systems: Number of systems, two or more.
            levels: True means that the systems are taken to have, shape (K,) or (draws, K); normal draws with the
                variance between systems unless given.
            level: Coverage of intervals, and joint coverage of all pairs.
            delta: The difference whose power is asked for, in score units.
            clip_price: Of a clip, heard by as many as may be.
            rating_price: Of a rating.

        Raises:
            ValueError: There are fewer than two systems, or another argument is out of range.
        """
        if systems < 2:
            raise ValueError(f"comparing takes two systems or more, not {systems}")
        if not 0 < level < 1:
            raise ValueError(f"level is a share between 0 and 1, not {level:g}")
        if delta is not None and not delta > 0:
            raise ValueError(f"delta is a difference above 0, not {delta:g}")
        if min(clip_price, rating_price) < 0 or clip_price + rating_price <= 0:
            raise ValueError("prices are 0 or more, and that of a clip or a rating is more")
        if variances.clips + variances.rest + variances.raters <= 0:
            raise ValueError(
                "neither clips nor raters nor repeats differ within a system, so there is nothing to plan from; ask "
                "for clips of which some are better than others"
            )
        self.variances, self.systems, self.level, self.delta = variances, systems, level, delta
        self.clip_price, self.rating_price = clip_price, rating_price
        if levels is None:
            spread = np.sqrt(variances.between)
            levels = spread * np.random.default_rng(0).normal(size=(SPREADS, systems))
        self.levels = np.atleast_2d(np.asarray(levels, float))

    @classmethod
    def of(cls, pilot: Estimated, **more: float | None) -> Plan:
        """Plans for systems like those of a pilot.

        The pilot's means are further apart than the systems are, by their own error; so they are drawn together until
        their spread is the variance between systems.

        Args:
            pilot: Its components and means.
            **more: As for a plan.
        """
        levels = shrunk(pilot)
        return cls(pilot.variances, len(pilot.systems), levels=levels, **more)  # type: ignore[arg-type]

    def spread(self, design: Design) -> float:
        """Variance of a clip's mean about its system's."""
        v, m = self.variances, design.ratings
        alike = m / design.raters if design.raters else 0.0
        return v.clips + v.rest / m + v.raters / m * (1 - alike)

    def outlook(self, design: Design) -> Outlook:
        """Says what to expect of a design."""
        from scipy.special import nctdtr, stdtrit

        n, total = design.clips, self.systems * design.clips * design.ratings
        cost = self.cost(design)
        nan = float("nan")
        if n < 2:
            return Outlook(design, total, cost, nan, nan, 0.0, nan)
        error = self.spread(design) / n
        shared = self.variances.raters / design.raters if design.raters else 0.0
        tail = (1 + self.level) / 2
        mean = float(stdtrit(n - 1, tail) * np.sqrt(error + shared))
        freedom = 2 * (n - 1)
        limit = float(stdtrit(freedom, tail))
        difference = limit * np.sqrt(2 * error)
        power = nan
        if self.delta is not None:
            away = self.delta / np.sqrt(2 * error)
            # Beyond 37 standard errors the lower tail's chance is no number any more, and no difference is missed.
            power = 1.0 if away > 37 else float(1 - nctdtr(freedom, away, limit) + nctdtr(freedom, away, -limit))
        return Outlook(design, total, cost, mean, float(difference), self._apart(n, error), power)

    def _apart(self, clips: int, error: float) -> float:
        """Expected share of pairs told apart; means of ``clips`` clips have the variance ``error``."""
        from scipy.special import ndtr

        limit, errors = _rule(self.systems, clips, self.level)
        first, second = np.triu_indices(self.systems, 1)
        gaps = np.abs(self.levels[:, first] - self.levels[:, second]).ravel() / np.sqrt(2 * error)
        # The rule's own standard error varies; gaps are looked up in a table of chances, for there are many.
        table = np.linspace(0, max(float(gaps.max()), 1e-9), 200)
        needed = limit * errors
        chance = (ndtr(table[:, None] - needed) + ndtr(-table[:, None] - needed)).mean(axis=1)
        return float(np.interp(gaps, table, chance).mean())

    def cost(self, design: Design) -> float:
        """What clips and ratings of a design cost together."""
        return self.systems * design.clips * (self.clip_price + design.ratings * self.rating_price)

    def alternatives(
        self, design: Design, *, most_clips: int = 1000, ratings: Iterable[int] = (1, 2, 3, 5, 10)
    ) -> list[Design]:
        """Returns designs that cost as much as a design or a little less, spread otherwise over clips and ratings.

        Args:
            design: The design.
            most_clips: Clips of each system at most.
            ratings: How often each clip may be rated.
        """
        found = set()
        for m in ratings:
            clips = int(self.cost(design) / self.cost(Design(1, m)) + 1e-9) if self.cost(Design(1, m)) else most_clips
            if m != design.ratings and clips >= 2 and m <= (design.raters or m):
                found.add((min(clips, most_clips), m))
        return [Design(n, m, design.raters) for n, m in sorted(found)]

    def cheapest(
        self, goal: Goal, *, most_clips: int = 1000, most_ratings: int = 20, raters: int = 0
    ) -> Outlook | None:
        """Finds the cheapest design that reaches a goal; of equally cheap ones the one with fewer ratings a clip.

        Args:
            goal: The goal.
            most_clips: Clips of each system at most.
            most_ratings: Ratings of each clip at most.
            raters: Raters altogether, 0 for any number.

        Returns:
            The design with its outlook, or None where none within these bounds reaches the goal.

        Raises:
            ValueError: The goal is a power, and no difference was named.
        """
        if goal.kind == "power" and self.delta is None:
            raise ValueError("power is a chance to find one difference; name it with delta")
        best: Outlook | None = None
        for ratings in range(1, min(most_ratings, raters or most_ratings) + 1):
            low, high = 1, most_clips
            if not goal.met(self.outlook(Design(high, ratings, raters))):
                continue
            while high - low > 1:
                middle = (low + high) // 2
                if goal.met(self.outlook(Design(middle, ratings, raters))):
                    high = middle
                else:
                    low = middle
            found = self.outlook(Design(high, ratings, raters))
            if best is None or found.cost < best.cost:
                best = found
        return best


@dataclass(frozen=True)
class Pilot:
    """What a plan rests on.

    Attributes:
        plan: The plan.
        estimated: The pilot's components, those that were typed in their place; None without a pilot.
        axis: Its axis; empty without one.
        raters: How many named raters it has; 0 where they are not named.
    """

    plan: Plan
    estimated: Estimated | None
    axis: str
    raters: int

    def design(self, text: str) -> Design:
        """Reads a design; one that does not say how many raters there are has the pilot's, where they suffice."""
        asked = Design.parse(text)
        return asked if asked.raters or self.raters < asked.ratings else replace(asked, raters=self.raters)

    def apart_range(self, design: Design) -> tuple[float, float] | None:
        """Where the share of pairs told apart may lie (see ``apart_range``); None without a pilot."""
        return apart_range(self.estimated, self.plan, design) if self.estimated else None


def plan_from(
    study: Study | None,
    axis: str,
    typed: Mapping[str, float | None],
    systems: int = 0,
    called: Mapping[str, str] | None = None,
    **more: float | None,
) -> Pilot:
    """Plans from a pilot, from typed deviations, or from both.

    Args:
        study: The pilot; None for typed deviations alone.
        axis: Its axis; empty for the only one.
        typed: Standard deviations by component, in score units; they go before the pilot's.
        systems: How many are to be compared; the pilot's unless given.
        called: What the caller calls the components and ``systems``, for the error.
        **more: As for a plan.

    Raises:
        ValueError: Something is missing, the pilot lacks the axis or cannot tell its components apart, or a plan's
            argument is out of range.
    """
    given = {name: value**2 for name, value in typed.items() if value is not None}
    needed = {name: (called or {}).get(name, name) for name in ("between", "clips", "rest", "systems")}
    if study is None:
        there = {*given, *(["systems"] if systems else [])}
        if lacking := [told for name, told in needed.items() if name not in there]:
            raise ValueError(f"without a pilot, give {', '.join(lacking)}")
        return Pilot(Plan(Variances(**({"raters": 0.0} | given)), systems, **more), None, "", 0)  # type: ignore[arg-type]
    if axis not in study.axes and (axis or len(study.axes) != 1):
        raise ValueError(f"no axis {axis!r} in {study.name}; it is rated on {', '.join(study.axes)}: name one of them")
    try:
        pilot = estimate(study, axis or study.axes[0])
    except ValueError as problem:
        raise ValueError(f"{problem} (without a pilot, give {', '.join(needed.values())})") from problem
    pilot = replace(pilot, variances=replace(pilot.variances, **given))
    alike = systems in (0, len(pilot.systems))
    made = Plan.of(pilot, **more) if alike else Plan(pilot.variances, systems, **more)  # type: ignore[arg-type]
    raters = len(set(study.counted["rater"])) if pilot.named else 0
    return Pilot(made, pilot, axis or study.axes[0], raters)


def shrunk(pilot: Estimated) -> np.ndarray:
    """The pilot's system means, drawn to their middle until they vary as the systems do, shape (K,)."""
    apart = pilot.means - pilot.means.mean()
    seen = float(apart @ apart / (len(apart) - 1))
    return apart * (np.sqrt(pilot.variances.between / seen) if seen > 0 else 0.0)


def apart_range(pilot: Estimated, plan: Plan, design: Design, *, draws: int = 40) -> tuple[float, float]:
    """Where the share of pairs told apart may lie, as the pilot knows its components only so well.

    Components are drawn about their estimates, each as wide as its own interval, and the systems' spread with them.

    Args:
        pilot: The components with their intervals.
        plan: What the share was predicted with.
        design: The design.
        draws: How many.

    Returns:
        The 2.5th and 97.5th percentile.
    """
    rng = np.random.default_rng(0)
    values = np.tile([getattr(pilot.variances, each.name) for each in fields(Variances)], (draws, 1))
    for k, each in enumerate(fields(Variances)):
        low, high, value = pilot.low.get(each.name, 0.0), pilot.high.get(each.name, 0.0), values[0, k]
        if value > 0 and np.isfinite(high) and high > value:
            sides = np.log(high / value), np.log(value / low) if low > 0 else np.inf
            z = rng.normal(size=draws)
            down = min(sides[1], 4 * sides[0])
            values[:, k] *= np.exp(np.where(z > 0, sides[0], down) * z / 1.96)
        elif np.isfinite(high):
            values[:, k] = np.abs(rng.normal(size=draws)) * high / 1.96
    shares = []
    for row in values:
        drawn = Variances(*row)
        scale = np.sqrt(drawn.between / plan.variances.between) if plan.variances.between > 0 else 1.0
        other = Plan(drawn, plan.systems, levels=plan.levels * scale, level=plan.level)
        shares.append(other.outlook(design).apart)
    return float(np.quantile(shares, 0.025)), float(np.quantile(shares, 0.975))


@lru_cache(maxsize=4096)
def _rule(systems: int, clips: int, level: float) -> tuple[float, np.ndarray]:
    """The limit of ``tell_apart`` for normal scores, and standard errors that a pair may get, where the true one is 1.

    Returns:
        The limit in standard errors, and standard errors at evenly spread chances, shape (nodes,).
    """
    rng = np.random.default_rng([systems, clips])
    means = rng.normal(size=(_LIMIT_DRAWS, systems)) / np.sqrt(clips)
    variances = rng.chisquare(clips - 1, size=(_LIMIT_DRAWS, systems)) / (clips - 1)
    largest, errors = largest_gaps(means, variances, np.full(systems, clips))
    limit = float(np.quantile(largest, level))
    pairs = np.sqrt((errors[:, 0] + errors[:, 1]) * clips / 2)
    return limit, np.quantile(pairs, (np.arange(_NODES) + 0.5) / _NODES)
