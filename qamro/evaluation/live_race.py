"""A listening study that is raced while people rate it: what each hears next, and how it stands for its owner.

>>> from qamro.evaluation.live_race import next_clip
>>> store.steer = next_clip  # doctest: +SKIP
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from qamro.counts import count
from qamro.evaluation.racing import Goal, Race, Standing
from qamro.studies.listening import ListeningError
from qamro.studies.listening.steering import REACHED, end, ended

if TYPE_CHECKING:
    from qamro.studies.listening import RatingStore

_RATINGS = """
SELECT ratings.id, rater, a, score FROM ratings JOIN tasks ON tasks.id = task JOIN raters ON raters.id = rater
WHERE raters.study = ? AND kind = 'first' AND axis = ? AND withdrawn_at IS NULL ORDER BY ratings.id
"""
_WAITING = """
SELECT rater, a FROM tasks JOIN raters ON raters.id = rater
WHERE raters.study = ? AND kind = 'first' AND rated_at IS NULL AND finished_at IS NULL
"""
_GOALS = {
    "best": "the best system",
    "order": "the full order",
    "top": "the top {n:g}",
    "width": "each mean within ± {n:g}",
}


class _Live:
    """One study's race, which follows the store: another process may have written, a rater may have taken back."""

    def __init__(self, store: RatingStore, study: str) -> None:
        design = store.design(study)
        scale = design.raced
        if scale is None:
            raise ListeningError("this study has no goal")
        rows = store.all("SELECT * FROM clips WHERE study = ? AND beeps IS NULL ORDER BY id", study)
        self.axis, self.ids = scale.key, {str(row["id"]): row["id"] for row in rows}
        systems = sorted({str(row["system"]) for row in rows})
        clips: dict[str, Sequence[str]] = {
            name: [str(row["id"]) for row in rows if row["system"] == name] for name in systems
        }
        content = {str(row["id"]): row["source"] or row["prompt"] for row in rows}
        self.race = Race(
            clips,
            Goal.parse(design.goal),
            (scale.low, scale.high),
            equal_within=design.equal_within,
            content={clip: what for clip, what in content.items() if what},
        )
        self._taken: dict[int, tuple[str, str]] = {}
        self.standing: Standing = self.race.look()

    def follow(self, store: RatingStore, study: str) -> None:
        rows = {row["id"]: row for row in store.all(_RATINGS, study, self.axis)}
        gone, new = self._taken.keys() - rows.keys(), [key for key in rows if key not in self._taken]
        for key in gone:
            self.race.take_back(*self._taken.pop(key))
        for key in new:
            row = rows[key]
            self.race.add(str(row["a"]), row["rater"], row["score"])
            self._taken[key] = str(row["a"]), row["rater"]
        if gone or new:
            self.standing = self.race.look()


_lives: WeakKeyDictionary[RatingStore, dict[str, _Live]] = WeakKeyDictionary()
_lock = threading.RLock()


def _live(store: RatingStore, study: str) -> _Live:
    known = _lives.setdefault(store, {})
    if study not in known:
        known[study] = _Live(store, study)
    known[study].follow(store, study)
    return known[study]


def next_clip(store: RatingStore, study: str, rater: str) -> int | None:
    """Chooses what a rater hears next; for ``RatingStore.steer``. Ends the study when its goal is reached.

    Args:
        store: The store.
        study: Id of a study with a goal.
        rater: Id of the rater.

    Returns:
        Id of a clip that this rater has not heard; None where none is worth a rating.
    """
    with _lock:
        live = _live(store, study)
        if live.standing.decided:
            end(store, study, REACHED)
            return None
        heard = store.all("SELECT a FROM tasks WHERE rater = ? AND kind = 'first'", rater)
        waiting = [(row["rater"], str(row["a"])) for row in store.all(_WAITING, study) if row["rater"] != rater]
        waiting += [(rater, str(row["a"])) for row in heard]
        rng = np.random.default_rng([int(rater[:12], 16), len(heard)])
        chosen = live.race.next_clip(rater, rng, waiting)
        return None if chosen is None else live.ids[chosen]


def overview(store: RatingStore, study: str) -> dict[str, Any]:
    """Says how a race stands, ready for JSON; for the owner's eyes only.

    Returns:
        ``axis``, ``goal`` (in words), ``rows`` (systems, best first: ``system``, ``mean``, ``low``, ``high`` (95 %
        confidence sequences for all systems at once, None where unknown), ``ratings``, ``in``), ``ratings``,
        ``to_go`` (None where these clips are not enough), ``even`` (what an even spread would have needed to rate
        those that are in as often), ``ended`` (``"reached"``, ``"owner"`` or empty), ``said`` (sentences).

    Raises:
        ListeningError: There is no such study, or it has no goal.
    """
    with _lock:
        live = _live(store, study)
        standing, race = live.standing, live.race
        to_go = race.to_go()
    over = ended(store, study)
    table = standing.table()
    rows = [
        {
            "system": row["system"],
            "mean": _number(row["mean"]),
            "low": _number(row["low"]) if row["clips"] > 1 else None,
            "high": _number(row["high"]) if row["clips"] > 1 else None,
            "ratings": int(row["ratings"]),
            "in": bool(row["racing"]),
        }
        for row in table.to_dict("records")
    ]
    used = int(standing.ratings.sum())
    even = int(standing.ratings.max(initial=0)) * len(standing.systems)
    goal = _GOALS[race.goal.kind].format(n=race.goal.number)
    answer = {"axis": live.axis, "goal": goal, "rows": rows, "ratings": used, "to_go": to_go, "even": even}
    why = over["why"] if over else ""
    return answer | {"ended": why, "said": _said(answer, standing, race, why)}


def files(store: RatingStore, study: str) -> dict[str, str]:
    """Returns what the export of a raced study holds besides: how it was allocated, as text and as a table."""
    if not store.design(study).goal:
        return {}
    with _lock:
        table = _live(store, study).standing.table()
    told = overview(store, study)
    text = ["# How these ratings were allocated", "", *told["said"], ""]
    text += [
        "race.csv has a row a system. low and high are 95 % confidence sequences for the means of all systems at once, "
        "over clips; they hold whenever one looks or stops, which other intervals do not after a race.",
    ]
    return {"race.md": "\n".join(text) + "\n", "race.csv": table.to_csv(index=False)}


def _said(told: dict[str, Any], standing: Standing, race: Race, why: str) -> list[str]:
    racing = [name for name, on in zip(standing.systems, standing.racing, strict=True) if on]
    said = [f"A race for {told['goal']} on {told['axis']}: {count(told['ratings'], 'rating')} so far."]
    if why == REACHED and _settled(standing, race):
        said.append("It has ended: the goal is reached.")
    elif why == REACHED:
        said.append("It has ended: these clips cannot tell apart what is left; more clips could.")
    elif why:
        said.append("Its owner has stopped it.")
    else:
        said.append(f"{count(len(racing), 'system')} of {len(standing.systems)} still need ratings.")
        to_go = told["to_go"]
        if to_go:
            said.append(f"About {count(to_go, 'rating')} to go, if the systems are as far apart as they look now.")
        elif to_go is None:
            said.append("As it looks now, these clips are not enough for the goal.")
    if told["even"] > told["ratings"]:
        said.append(
            f"An even spread would have needed {count(told['even'], 'rating')} to rate the most heard system as often."
        )
    return said


def _settled(standing: Standing, race: Race) -> bool:
    """Whether the goal was reached by verdicts, rather than given up for want of clips."""
    better, kind, k = standing.verdicts, race.goal.kind, len(standing.systems)
    if kind == "width":
        return True
    if kind == "order":
        return not bool(np.isnan(better).any())
    top = min(int(race.goal.number), k - 1) if kind == "top" else 1
    beaten = (better == -1).sum(axis=1)
    inside = beaten < top
    if int(inside.sum()) == top:
        return True
    rivals = better[np.ix_(inside, inside)]
    return not bool(np.isnan(rivals).any())  # equal within what was asked for


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
