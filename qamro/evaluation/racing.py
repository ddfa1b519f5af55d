"""Racing: rate where the goal needs it, look as often as you like, and stop when the answer is there.

Every look compares the systems' means (clips are the unit, ratings of raters who are strict or mild are set right
first) by confidence sequences, so that looking after each rating costs nothing: the chance of any wrong verdict in the
whole race is at most alpha. A verdict once reached stays. See ``anytime`` for the sequences and their sources.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.anytime import Means, difference

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

FIRST_CLIPS = 10
"""Clips of every system that are rated before anything is decided (all of them where a system has fewer)."""


_SURE = 2.5
"""Standard errors after which the order of two systems on the study's own clips is taken as settled."""


@dataclass(frozen=True)
class Goal:
    """What a race is to find out.

    Attributes:
        kind: ``"best"`` system, full ``"order"``, ``"top"`` k, or every mean within ± ``"width"``.
        number: k of a top k, or the half-width; 0 otherwise.
    """

    kind: str
    number: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Goal:
        """Reads ``best``, ``order``, ``top:K`` or ``width:W``.

        Raises:
            ValueError: It is none of them.
        """
        kind, _, number = text.strip().partition(":")
        if kind in ("best", "order") and not number:
            return cls(kind)
        if kind == "top" and re.fullmatch(r"[1-9]\d*", number):
            return cls(kind, int(number))
        if kind == "width" and re.fullmatch(r"\d+(\.\d+)?|\.\d+", number) and float(number) > 0:
            return cls(kind, float(number))
        raise ValueError(f"a goal is best, order, top:K or width:W (for example top:3 or width:0.2), not {text!r}")

    def __str__(self) -> str:
        return {"best": "best", "order": "order", "top": f"top:{self.number:g}", "width": f"width:{self.number:g}"}[
            self.kind
        ]

    def pair_alpha(self, systems: int, alpha: float, equal_within: float) -> float:
        """Returns the two-sided error that each pair may have, so that all that can go wrong sums to alpha.

        Finding the best goes wrong only where the best loses to one of the others: K - 1 pairs, on one side. The top k
        go wrong in k (K - k) pairs, the order in every pair on both sides; calling systems equal uses both sides, too.
        """
        if self.kind in {"order", "width"}:
            return alpha / max(1, systems * (systems - 1) // 2)
        top = min(self.number, systems - 1) if self.kind == "top" else 1
        one_sided = alpha / max(1, top * (systems - top))
        return one_sided if equal_within else 2 * one_sided


@dataclass(frozen=True)
class Standing:
    """Where a race stands at one look.

    Attributes:
        systems: Names, in the race's order.
        mean: Mean score of each system, NaN where nothing was rated, shape (K,).
        low: Lower ends of the confidence sequences of the means, simultaneous over systems and looks, shape (K,).
        high: Their upper ends.
        ratings: Ratings of each, shape (K,).
        clips: Rated clips of each, shape (K,).
        verdicts: +1 where the row's system is better than the column's, -1 where it is worse, 0 where they are equal
            within the margin that was asked for, NaN where that is open, shape (K, K).
        racing: Which systems need more ratings for the goal, shape (K,).
        decided: Whether the goal is reached.
    """

    systems: list[str]
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ratings: np.ndarray
    clips: np.ndarray
    verdicts: np.ndarray
    racing: np.ndarray
    decided: bool

    @property
    def leader(self) -> str:
        """The system with the highest mean among those that lost to none; empty before the first rating."""
        unbeaten = np.where((self.verdicts == -1).any(axis=1), -np.inf, np.nan_to_num(self.mean, nan=-np.inf))
        return self.systems[int(np.argmax(unbeaten))] if np.isfinite(unbeaten).any() else ""

    def table(self) -> pd.DataFrame:
        """Returns one row a system, best mean first: ``system``, ``mean``, ``low``, ``high``, ``ratings``, ``clips``,
        ``better_than``, ``worse_than``, ``racing``.
        """
        import pandas as pd

        rows = {
            "system": self.systems,
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "ratings": self.ratings,
            "clips": self.clips,
            "better_than": (self.verdicts == 1).sum(axis=1),
            "worse_than": (self.verdicts == -1).sum(axis=1),
            "racing": self.racing,
        }
        return pd.DataFrame(rows).sort_values("mean", ascending=False, kind="stable", ignore_index=True)


@dataclass
class Race:
    """A study of one axis while it is being rated.

    Attributes:
        clips: The clips of every system, by its name.
        goal: What is to be found out.
        scale: Lowest and highest score.
        alpha: Chance of any wrong verdict in the whole race.
        equal_within: Systems whose difference lies within ± this are called equal; 0 never calls two equal.
        first_clips: Clips of every system that are rated before anything is decided.
        content: What a clip renders (its prompt or source), by clip, to spread a rater's clips over; optional.
    """

    clips: dict[str, Sequence[str]]
    goal: Goal
    scale: tuple[float, float]
    alpha: float = 0.05
    equal_within: float = 0.0
    first_clips: int = FIRST_CLIPS
    content: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.clips) < 2 or not all(self.clips.values()):
            raise ValueError("a race needs two systems or more, each with a clip")
        if not 0 < self.alpha < 1 or self.equal_within < 0 or self.first_clips < 2:
            raise ValueError("alpha lies between 0 and 1, equal_within is 0 or more, first_clips 2 or more")
        if not self.scale[0] < self.scale[1]:
            raise ValueError(f"the scale's ends are {self.scale[0]:g} and {self.scale[1]:g}; the first must be lower")
        self.systems = list(self.clips)
        self._place = {clip: (k, i) for k, own in enumerate(self.clips.values()) for i, clip in enumerate(own)}
        count = len(self.systems)
        self._limit = np.array([min(self.first_clips, len(own)) for own in self.clips.values()])
        self._verdicts = np.full((count, count), np.nan)
        np.fill_diagonal(self._verdicts, 0)
        self._system: list[int] = []
        self._clip: list[int] = []
        self._rater: list[int] = []
        self._score: list[float] = []
        self._raters: dict[str, int] = {}
        self._heard: dict[str, set[str]] = {}
        shape = (count, max(map(len, self.clips.values())))
        self._counts = np.zeros(shape, dtype=int)
        self._sums = np.zeros(shape)
        self._squares = np.zeros(shape)
        self._known = self._means()
        self._hopeless = np.zeros((count, count), dtype=bool)
        self._racing = np.ones(count, dtype=bool)

    def add(self, clip: str, rater: str, score: float) -> None:
        """Takes a rating.

        Raises:
            KeyError: The race has no such clip.
            ValueError: The score is off the scale.
        """
        if clip not in self._place:
            raise KeyError(f"the race has no clip {clip!r}")
        if not self.scale[0] <= score <= self.scale[1]:
            raise ValueError(f"clip {clip!r}: {score:g} is off the scale {self.scale[0]:g} to {self.scale[1]:g}")
        system, place = self._place[clip]
        self._counts[system, place] += 1
        self._sums[system, place] += score
        self._squares[system, place] += score**2
        self._system.append(system)
        self._clip.append(place)
        # A nameless rating has a rater of its own, about whom nothing can be set right.
        self._rater.append(self._raters.setdefault(rater, len(self._raters)) if rater else -1)
        self._score.append(float(score))
        if rater:
            self._heard.setdefault(rater, set()).add(clip)

    def look(self) -> Standing:
        """Says where the race stands; verdicts that are reached stay for good."""
        means = self._means()
        self._known = means
        count = len(self.systems)
        alpha = self.goal.pair_alpha(count, self.alpha, self.equal_within)
        ready = means.clips >= self._limit
        one, other = np.nonzero(np.triu(np.isnan(self._verdicts) & ready[:, None] & ready[None, :]))
        if self.goal.kind != "order":  # who is out of the race has nothing to win any more
            playing = self._racing[one] & self._racing[other]
            one, other = one[playing], other[playing]
        low, high = difference(means.take(one), means.take(other), alpha)
        verdict = np.where(low > 0, 1.0, np.where(high < 0, -1.0, np.nan))
        verdict[np.isnan(verdict) & (low >= -self.equal_within) & (high <= self.equal_within)] = 0
        self._verdicts[one, other], self._verdicts[other, one] = verdict, -verdict
        hopeless = self._beyond(one, other, alpha)
        self._hopeless[one, other] = self._hopeless[other, one] = hopeless
        low, high = means.interval(self.alpha / count)
        self._racing = self._needed((high - low) / 2)
        return Standing(
            self.systems,
            means.mean,
            np.maximum(low, self.scale[0]),
            np.minimum(high, self.scale[1]),
            self._counts.sum(axis=1),
            means.clips.astype(int),
            self._verdicts.copy(),
            self._racing,
            not bool(self._racing.any()),
        )

    def take_back(self, clip: str, rater: str) -> None:
        """Forgets the last rating of a clip by a rater, who has withdrawn it; verdicts that were reached stay.

        Raises:
            KeyError: There is no such rating.
        """
        system, place = self._place[clip]
        who = self._raters.get(rater, -1)
        rows = zip(self._system, self._clip, self._rater, strict=True)
        found = [i for i, row in enumerate(rows) if row == (system, place, who)]
        if not found:
            raise KeyError(f"there is no rating of clip {clip!r} by {rater!r} to take back")
        score = self._score[found[-1]]
        for column in (self._system, self._clip, self._rater, self._score):
            del column[found[-1]]
        self._counts[system, place] -= 1
        self._sums[system, place] -= score
        self._squares[system, place] -= score**2
        if rater and len(found) == 1:
            self._heard[rater].discard(clip)

    def next_clip(self, rater: str, rng: np.random.Generator, waiting: Sequence[tuple[str, str]] = ()) -> str | None:
        """Chooses what a rater hears next: where the goal needs it, never twice, spread over systems and content.

        Args:
            rater: Who asks.
            rng: Decides between equals.
            waiting: Raters and clips that were handed out and are not rated yet; nobody needs to be sent after them.

        Returns:
            A clip, or None when this rater has heard every clip that is still worth a rating.
        """
        heard = self._heard.get(rater, set()) | {clip for who, clip in waiting if who == rater}
        counts = self._counts.copy()
        for _, clip in waiting:
            counts[self._place[clip]] += 1
        own = np.zeros(len(self.systems), dtype=int)
        contents: dict[str, int] = {}
        for clip in heard:
            own[self._place[clip][0]] += 1
            contents[self.content.get(clip, "")] = contents.get(self.content.get(clip, ""), 0) + 1
        behind = counts.astype(bool).sum(axis=1) < self._limit
        wanted = behind if behind.any() else self._racing
        # A rater spreads over the systems first: a strict one must not hear one system only. Then the least known.
        order = sorted(
            np.flatnonzero(wanted), key=lambda k: (own[k], -self._known.below[k] - self._known.above[k], rng.random())
        )
        for system in order:
            fresh = [clip for clip in self.clips[self.systems[system]] if clip not in heard]
            if fresh:
                return min(
                    fresh,
                    key=lambda clip: (
                        counts[self._place[clip]],
                        contents.get(self.content.get(clip, ""), 0),
                        rng.random(),
                    ),
                )
        return None

    def ratings_to_go(self) -> dict[tuple[str, str], int | None]:
        """Estimates for each open pair that the goal needs how many more ratings tell the two apart.

        The estimate takes the difference seen now for the true one, and a clip that nobody has rated for every rating.

        Returns:
            Ratings of both systems together by pair (first before second in the race's order); None where the two
            look the same, or where more clips would be needed than there are: then more ratings do not help.
        """
        means = self._means()
        alpha = self.goal.pair_alpha(len(self.systems), self.alpha, self.equal_within)
        answer: dict[tuple[str, str], int | None] = {}
        for i, j in zip(*np.nonzero(np.triu(np.isnan(self._verdicts))), strict=True):
            if not (self._racing[i] and self._racing[j]):
                continue
            both = np.array([i, j])
            growth_limit = np.array([len(self.clips[self.systems[k]]) for k in both]) / np.maximum(means.clips[both], 1)
            growth = np.minimum(np.geomspace(1, max(1.0, growth_limit.max()), 200)[:, None], growth_limit)
            after = [_grown(means.take(np.repeat(k, len(growth))), growth[:, n]) for n, k in enumerate(both)]
            low, high = difference(after[0], after[1], alpha)
            enough = (low > 0) | (high < 0) | ((low >= -self.equal_within) & (high <= self.equal_within))
            more = (means.clips[both] * (growth - 1)).sum(axis=1)
            answer[self.systems[i], self.systems[j]] = round(more[enough.argmax()]) if enough.any() else None
        return answer

    def to_go(self) -> int | None:
        """Estimates how many more ratings the goal needs; None where these clips are not enough.

        As ``ratings_to_go``, each system getting what its most doubtful pair needs; for a width, from the half-widths
        now, which shrink about as the root of the ratings grows.
        """
        rated = self._counts.astype(bool).sum(axis=1)
        behind = np.maximum(self._limit - rated, 0)
        if not self._racing.any():
            return 0
        need = np.zeros(len(self.systems))
        if self.goal.kind == "width":
            low, high = self._means().interval(self.alpha / len(self.systems))
            half = (high - low) / 2
            with np.errstate(invalid="ignore"):
                need = np.where(self._racing, rated * ((half / self.goal.number) ** 2 - 1), 0)
            need = np.where(np.isfinite(need), need, 0)
            if (rated + need > [len(own) for own in self.clips.values()]).any():
                return None
        else:
            for (one, other), more in self.ratings_to_go().items():
                if more is None:
                    return None
                for name in (one, other):
                    k = self.systems.index(name)
                    need[k] = max(need[k], more / 2)
        return int(np.ceil(np.maximum(need, behind)).sum())

    def _means(self) -> Means:
        """Means of the clips' means, raters set right."""
        sums: np.ndarray = self._sums
        if len(self._raters) > 1:
            system, clip = np.array(self._system, dtype=int), np.array(self._clip, dtype=int)
            score = np.array(self._score) - self._rater_effects(system)
            width = self._counts.shape[1]
            sums = np.bincount(system * width + clip, weights=score, minlength=self._counts.size)
            sums = sums.reshape(self._counts.shape)
        rated = self._counts > 0
        clips = rated.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(rated, sums / self._counts, 0.0)
            mean = np.where(clips > 0, means.sum(axis=1) / clips, np.nan)
        squares = np.where(rated, (means - mean[:, None]) ** 2, 0.0).sum(axis=1)
        return Means.of(mean, squares, clips, self.scale)

    def _rater_effects(self, system: np.ndarray) -> np.ndarray:
        """How much each rating's rater lies above the others on the same systems, drawn towards 0 for few ratings."""
        rater = np.array(self._rater, dtype=int)
        effects = np.zeros(rater.size)
        named = rater >= 0
        score = np.array(self._score)
        offset = np.zeros(len(self._raters))
        counts = np.bincount(rater[named], minlength=offset.size)
        totals = np.bincount(system, minlength=len(self.systems))
        for _ in range(5):  # raters and systems overlap much, so that a few turns settle it
            effects[named] = offset[rater[named]]
            means = np.bincount(system, weights=score - effects, minlength=len(self.systems)) / np.maximum(totals, 1)
            left = np.bincount(rater[named], weights=(score - means[system])[named], minlength=offset.size)
            offset = left / (counts + 2)
            offset -= np.average(offset, weights=counts)
        effects[named] = offset[rater[named]]
        return effects

    def _beyond(self, one: np.ndarray, other: np.ndarray, alpha: float) -> np.ndarray:
        """Which pairs no number of ratings of these clips is likely to tell apart, though their order on them is clear.

        Rating the same clips again takes the raters' noise out of a system's mean, but not the luck of which clips it
        was judged by.
        """
        known = self._known
        heard = (known.clips >= [len(own) for own in self.clips.values()]) & np.isfinite(known.below)
        if not (heard[one] & heard[other]).any():
            return np.zeros(one.shape, dtype=bool)
        noise = np.minimum(self._noise(), known.below)
        left = np.where(heard, noise, 0)
        with np.errstate(invalid="ignore"):
            below, above = (np.maximum(each - left, 1e-12) for each in (known.below, known.above))
        silent = Means(known.mean, known.clips, below, above, known.span)
        low, high = difference(silent.take(one), silent.take(other), alpha)
        gap = np.abs(known.mean[one] - known.mean[other])
        doubt = _SURE * np.sqrt(noise[one] + noise[other])  # how far the gap on these clips may still go
        radius = (high - low) / 2
        settled = (gap > doubt) & (gap + doubt < radius)
        return heard[one] & heard[other] & settled & (gap - doubt + radius > self.equal_within)

    def _noise(self) -> np.ndarray:
        """The part of the variance of each mean that more ratings of the same clips would take away, shape (K,)."""
        counts = self._counts
        again = counts > 1
        if not again.any():
            return np.full(len(self.systems), np.inf)
        within = (self._squares - self._sums**2 / np.maximum(counts, 1))[again].sum() / (counts[again] - 1).sum()
        rated = counts > 0
        return (
            within * np.where(rated, 1 / np.maximum(counts, 1), 0).sum(axis=1) / np.maximum(rated.sum(axis=1), 1) ** 2
        )

    def _needed(self, half: np.ndarray) -> np.ndarray:
        """Which systems need more ratings."""
        open_pairs = np.isnan(self._verdicts) & ~self._hopeless
        behind = self._counts.astype(bool).sum(axis=1) < self._limit
        if self.goal.kind == "width":
            return (half > self.goal.number) | behind
        if self.goal.kind == "order":
            return open_pairs.any(axis=1) | behind
        k = min(int(self.goal.number), len(self.systems) - 1) if self.goal.kind == "top" else 1
        beaten = (self._verdicts == -1).sum(axis=1)
        if self.goal.kind == "top":
            settled_in = (self._verdicts == 1).sum(axis=1) >= len(self.systems) - k
            settled = settled_in | (beaten >= k)
            undecided = ~settled & open_pairs.any(axis=1)
            if (beaten < k).sum() <= k:  # all others are out
                undecided[:] = False
            return undecided | behind
        alive = beaten == 0
        rivals = alive & (open_pairs & alive[None, :]).any(axis=1)
        return rivals | behind


def after_race(study: Study, axis: str) -> str:
    """Says what ordinary intervals of means and differences are worth after a race; empty for what was not raced.

    Args:
        study: As ``race_of`` takes it.
        axis: A rated axis.
    """
    told = study.about.get("race")
    if not isinstance(told, dict) or told.get("axis") != axis:
        return ""
    return (
        f"The ratings of {axis} were handed out by a race, and these intervals and verdicts take the numbers of "
        "ratings as given: they may promise too much; those of the race itself hold in spite of it."
    )


def race_of(study: Study) -> Race | None:
    """Rebuilds the race that a listening study was run as, with all its ratings; None where it was not raced.

    Verdicts are those of one look at all ratings. Those that were reached earlier hold as well, for the sequences hold
    at every look; a pair that was clear once and is not now is left open here.

    Args:
        study: As ``qamro.studies.listening`` exports it: ``about["race"]`` says how it was raced.
    """
    told = study.about.get("race")
    if not isinstance(told, dict):
        return None
    table = study.clips[study.clips["system"] != ""]
    clips: dict[str, Sequence[str]] = {str(name): own["clip"].tolist() for name, own in table.groupby("system")}
    low, high = told["scale"]
    race = Race(clips, Goal.parse(told["goal"]), (low, high), equal_within=float(told["equal_within"]))
    rows = study.counted
    rows = rows[(rows["axis"] == told["axis"]) & rows["clip"].isin(table["clip"])]
    for clip, rater, score in rows[["clip", "rater", "score"]].itertuples(index=False, name=None):
        race.add(clip, rater, score)
    return race


def _grown(means: Means, times: np.ndarray) -> Means:
    """The same means over so many times the clips."""
    return Means(means.mean, means.clips * times, means.below / times, means.above / times, means.span)
