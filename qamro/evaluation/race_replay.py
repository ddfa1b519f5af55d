"""What racing would have saved: a finished study, raced through as if its ratings came one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.axes import get_axis
from qamro.evaluation.racing import FIRST_CLIPS, Goal, Race

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


@dataclass(frozen=True)
class Replay:
    """A finished study, replayed as if it had been raced.

    Attributes:
        axis: The axis.
        goal: The goal, in words.
        systems: Number of systems.
        ratings: Ratings of the study on this axis.
        best: The system with the best mean over all ratings.
        runs: One row a run: ``used`` (ratings), ``picked`` (the leader at the end), ``picked_even`` (the leader of an
            even spread of as many ratings), ``kept`` (whether the best never lost to another), ``decided`` (whether the
            goal was reached before the ratings ran out), ``racing`` (systems left undecided).
    """

    axis: str
    goal: str
    systems: int
    ratings: int
    best: str
    runs: pd.DataFrame

    def summary(self) -> dict[str, float | int | str]:
        """Returns shares over the runs: ``share_used``, ``picked_best``, ``picked_best_even``, ``truth_kept``,
        ``decided``, and what was replayed.
        """
        runs = self.runs
        return {
            "axis": self.axis,
            "goal": self.goal,
            "systems": self.systems,
            "ratings": self.ratings,
            "runs": len(runs),
            "best": self.best,
            "share_used": float(runs["used"].mean() / self.ratings),
            "picked_best": float((runs["picked"] == self.best).mean()),
            "picked_best_even": float((runs["picked_even"] == self.best).mean()),
            "truth_kept": float(runs["kept"].mean()),
            "decided": float(runs["decided"].mean()),
        }


def replay(
    study: Study,
    axis: str,
    goal: Goal,
    *,
    alpha: float = 0.05,
    equal_within: float = 0.0,
    first_clips: int = FIRST_CLIPS,
    runs: int = 100,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Replay:
    """Races through the ratings of a finished study in random orders.

    In every round each system that is still racing gets one of its ratings, on the clip that has fewest so far; where
    raters are named, a round is one rater's. The race looks after every round, and ends when its goal is reached or no
    rating is left.

    Args:
        study: The ratings.
        axis: The axis.
        goal: What is to be found out.
        alpha: Chance of any wrong verdict in a race.
        equal_within: Systems whose difference lies within ± this are called equal.
        first_clips: Clips of every system that are rated before anything is decided.
        runs: Races.
        seed: Seed of their orders.
        progress: Told how many races are done.

    Raises:
        ValueError: Fewer than two systems were rated on this axis, or the study holds means only.
    """
    import pandas as pd

    pool = _Pool.of(study, axis)
    rows = []
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        rows.append(pool.race(goal, alpha, equal_within, first_clips, rng))
        if progress:
            progress(run + 1)
    return Replay(axis, str(goal), len(pool.clips), len(pool.table), pool.best, pd.DataFrame(rows))


@dataclass(frozen=True)
class _Pool:
    """The ratings that a replay draws from, one row each, and the truth that they hold together."""

    clips: dict[str, list[str]]
    table: pd.DataFrame
    scale: tuple[float, float]
    best: str

    @classmethod
    def of(cls, study: Study, axis: str) -> _Pool:
        if axis not in study.axes:
            raise ValueError(f"{study.name} has no axis {axis!r}; it has {', '.join(study.axes)}")
        if study.holds_means:
            raise ValueError(f"{study.name} holds means of several ratings; a race needs single ratings")
        table = study.ratings.loc[study.ratings["axis"] == axis, ["clip", "rater", "score"]]
        table = table.merge(study.clips[["clip", "system"]], on="clip")
        table = table[table["system"] != ""].reset_index(drop=True)
        clips = {str(name): sorted(rows["clip"].unique()) for name, rows in table.groupby("system")}
        if len(clips) < 2:
            raise ValueError(f"a race needs ratings of two systems or more; {study.name} has them of {len(clips)}")
        if not (table["rater"] != "").all():
            table["rater"] = ""
        means = table.groupby(["system", "clip"])["score"].mean().groupby("system").mean()
        first = [str(name) for name in means.index[means >= means.max() - 1e-9]]
        if len(first) > 1:
            raise ValueError(
                f"{study.name}: {', '.join(first[:6])} share the highest mean on {axis}, so no system is the best "
                "that a race could find; leave all but one of them out"
            )
        known = get_axis(axis)
        ends = [known.low, known.high] if known.has_range else []
        low, high = min([*ends, table["score"].min()]), max([*ends, table["score"].max()])
        return cls(clips, table, (float(low), float(high)), str(means.idxmax()))

    def race(
        self, goal: Goal, alpha: float, equal_within: float, first_clips: int, rng: np.random.Generator
    ) -> dict[str, Any]:
        """One race; a row of ``Replay.runs``."""
        table = self.table.iloc[rng.permutation(len(self.table))]
        table = table.assign(turn=table.groupby("clip").cumcount()).sort_values("turn", kind="stable")
        race = Race(dict(self.clips), goal, self.scale, alpha, equal_within, first_clips)
        best = race.systems.index(self.best)
        rounds = _Rounds(table, race.systems, rng)
        standing, kept = race.look(), True
        while not standing.decided and (rows := rounds.next(standing.racing)):
            for clip, rater, score in rows:
                race.add(clip, rater, score)
            standing = race.look()
            kept = kept and not (standing.verdicts[best] == -1).any()
        used = int(standing.ratings.sum())
        even = table.groupby("system", sort=False).head(max(1, used // len(self.clips)))
        means = even.groupby(["system", "clip"])["score"].mean().groupby("system").mean()
        return {
            "used": used,
            "picked": standing.leader,
            "picked_even": str(means.idxmax()),
            "kept": kept,
            "decided": standing.decided,
            "racing": int(standing.racing.sum()),
        }


class _Rounds:
    """Hands out a rating of every racing system at a time; where raters are named, those of one rater."""

    def __init__(self, table: pd.DataFrame, systems: list[str], rng: np.random.Generator) -> None:
        self._rng = rng
        self._queues: list[dict[str, list[tuple[str, str, float]]]] = [{} for _ in systems]
        place = {name: k for k, name in enumerate(systems)}
        columns = [table[name].tolist()[::-1] for name in ("system", "clip", "rater", "score")]
        for system, *rating in zip(*columns, strict=True):  # the clips' first turns come off the end first
            self._queues[place[system]].setdefault(rating[1], []).append(tuple(rating))

    def next(self, racing: np.ndarray) -> list[tuple[str, str, float]]:
        """Returns the next round; empty when no racing system has a rating left."""
        queues = [self._queues[k] for k in np.flatnonzero(racing)]
        raters = sorted({rater for own in queues for rater, left in own.items() if left})
        if not raters:
            return []
        rater = raters[int(self._rng.integers(len(raters)))]
        return [own[rater].pop() for own in queues if own.get(rater)]
