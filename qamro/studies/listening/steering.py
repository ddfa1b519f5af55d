"""Studies with a goal: every next clip is chosen when one is rated, and the study ends when it knows enough.

What is worth rating next is worked out by ``qamro.evaluation.live_race``; here is what becomes of its answer.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qamro.studies.listening.design import GAP, Design, ListeningError, Planned, check_task

if TYPE_CHECKING:
    from qamro.studies.listening.store import RatingStore

AHEAD = 1
"""Tasks that a rater has beyond the one at hand, so that its sound is loaded when it is wanted."""

_EARLY = 20
"""Checks and repeats fall within a rater's first clips: nobody knows how many there will be."""

REACHED, BY_OWNER = "reached", "owner"
"""Why a study has ended: it knows what it was to find out, or cannot with these clips; or its owner said so."""


def check_clips(design: Design, systems: Mapping[int, str]) -> None:
    """Refuses clips that cannot be raced.

    Args:
        design: Of the study.
        systems: For each clip, what generated it; empty when unknown.

    Raises:
        ListeningError: Fewer than two systems are named, or a clip has none.
    """
    if not design.goal:
        return
    named = {system for system in systems.values() if system}
    if len(named) < 2 or "" in systems.values():
        raise ListeningError(
            "a goal compares systems, so every clip needs one, and there must be two or more; name them in a CSV with "
            "clip, system, or choose “All alike”"
        )
    if design.goal.startswith("top:") and int(design.goal[4:]) >= len(named):
        raise ListeningError(f"the top {design.goal[4:]} of {len(named)} systems are all of them; choose fewer")


def ended(store: RatingStore, study: str) -> dict[str, Any] | None:
    """Returns when (seconds since 1970) and why a study has ended, as ``at`` and ``why``; None while it goes on."""
    row = store.one("SELECT value FROM meta WHERE key = ?", f"ended:{study}")
    return json.loads(row["value"]) if row else None


def end(store: RatingStore, study: str, why: str = BY_OWNER) -> None:
    """Ends a study: nobody gets another clip, what raters have before them still counts. Ended once, it stays so.

    Raises:
        ListeningError: There is no such study, or it has no goal.
    """
    if not store.design(study).goal:
        raise ListeningError("only a study with a goal can be stopped")
    value = json.dumps({"at": store.clock(), "why": why})
    with store.transaction() as db:
        db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (f"ended:{study}", value))
        db.execute(
            "DELETE FROM tasks WHERE shown_at IS NULL AND rated_at IS NULL"
            " AND rater IN (SELECT id FROM raters WHERE study = ?)",
            (study,),
        )


def hand_out(store: RatingStore, rater: sqlite3.Row, design: Design) -> None:
    """Gives a rater of a study with a goal the next tasks, unless there are enough, or nothing is worth a rating.

    Raises:
        ListeningError: Nothing here can tell what is worth a rating.
    """
    if not design.goal or rater["finished_at"] is not None:
        return
    if store.steer is None:
        raise ListeningError("this study has a goal, and this program cannot tell which clip is to be rated next")
    while True:
        tasks = store.all("SELECT kind, a, rated_at FROM tasks WHERE rater = ? ORDER BY position", rater["id"])
        if sum(task["rated_at"] is None for task in tasks) > AHEAD or ended(store, rater["study"]):
            return
        full = design.each and sum(task["kind"] == "first" for task in tasks) >= design.each
        chosen = None if full else store.steer(store, rater["study"], rater["id"])
        if chosen is None and (ended(store, rater["study"]) or not tasks):
            return
        task = _extra(store, rater, design, tasks) or (Planned("first", (chosen,)) if chosen is not None else None)
        if task is None:
            return
        with store.transaction() as db:
            (n,) = db.execute("SELECT count(*) FROM tasks WHERE rater = ?", (rater["id"],)).fetchone()
            if n == len(tasks):  # else another window of the same rater was quicker
                store.add_task(db, (rater["study"], rater["id"]), n, task)


def most_tasks(store: RatingStore, study: str, design: Design) -> int:
    """How many tasks a rater gets at most."""
    clips = store.one("SELECT count(*) AS n FROM items WHERE study = ?", study)["n"]
    return min(design.each or clips, clips) + design.repeats + (design.checks if design.answers else 0)


def _extra(store: RatingStore, rater: sqlite3.Row, design: Design, tasks: list[sqlite3.Row]) -> Planned | None:
    """A check or a repeat where this rater's turn has come for one; drawn from the rater's id, so always the same."""
    rng = random.Random(rater["id"])
    clips = store.one("SELECT count(*) AS n FROM items WHERE study = ?", rater["study"])["n"]
    n = min(_EARLY, clips, design.each or clips)
    gap = min(GAP, n // 2)
    checks = sorted(rng.sample(range(1, n + 1), min(design.checks, n)))
    repeats = sorted(rng.sample(range(gap + 1, n + 1), min(design.repeats, n - gap)))
    firsts = [task["a"] for task in tasks if task["kind"] == "first"]
    done = {kind: sum(task["kind"] == kind for task in tasks) for kind in ("check", "repeat")}
    if done["check"] < len(checks) and len(firsts) >= checks[done["check"]]:
        rows = store.all("SELECT id, beeps FROM clips WHERE study = ? AND beeps IS NOT NULL", rater["study"])
        if beeps := {row["id"]: row["beeps"] for row in rows}:
            return check_task(design, [(clip,) for clip in firsts], beeps, rng)
    again = {task["a"] for task in tasks if task["kind"] == "repeat"}
    old = [clip for clip in firsts[: len(firsts) - gap] if clip not in again]
    if done["repeat"] < len(repeats) and len(firsts) >= repeats[done["repeat"]] and old:
        return Planned("repeat", (rng.choice(old),))
    return None
