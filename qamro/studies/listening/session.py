"""What a rater does: sees a task, answers it in full, takes it back, stops and comes back, finishes."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qamro.axes import NEEDS_PROMPT
from qamro.studies.listening import store as identity
from qamro.studies.listening.design import PREFERENCE, Design, ListeningError
from qamro.studies.listening.steering import ended, hand_out, most_tasks
from qamro.studies.listening.store import RatingStore

_AHEAD = 2
"""How many tasks ahead the page is told what it may load."""


def rater_of(store: RatingStore, token: str) -> sqlite3.Row:
    """Finds the rater of a personal link.

    Raises:
        ListeningError: Nobody has this link.
    """
    row = store.one("SELECT * FROM raters WHERE id = ?", identity.hashed(token, store.salt))
    if row is None:
        raise ListeningError("this personal link is not known here; check that it was copied whole")
    return row


def state(store: RatingStore, token: str) -> dict[str, Any]:
    """Returns what a rater's page shows now, ready for JSON: the task at hand and nothing about anybody else.

    Keys: ``phase`` (``"rate"``; ``"done"`` when all is rated and may still be taken back; ``"finished"``), ``total``,
    ``done``, ``can_undo``, ``task`` (None unless rating) and ``ahead`` (names of the sounds that come next). In a study
    with a goal also ``open`` (whether ``total`` is only the most that may come) and ``ended`` (the study has).

    Raises:
        ListeningError: Nobody has this link.
    """
    rater = rater_of(store, token)
    design = store.design(rater["study"])
    hand_out(store, rater, design)
    with store.transaction() as db:
        tasks = db.execute("SELECT * FROM tasks WHERE rater = ? ORDER BY position", (rater["id"],)).fetchall()
        waiting = [task for task in tasks if task["rated_at"] is None]
        if waiting and waiting[0]["shown_at"] is None:
            db.execute("UPDATE tasks SET shown_at = ? WHERE id = ?", (store.clock(), waiting[0]["id"]))
    finished = rater["finished_at"] is not None
    task = _task(store, design, waiting[0]) if waiting and not finished else None
    ahead = [next_one[side] for next_one in waiting[1 : 1 + _AHEAD] for side in ("audio_a", "audio_b")]
    raced: dict[str, Any] = {}
    if design.goal:
        most, over = most_tasks(store, rater["study"], design), ended(store, rater["study"]) is not None
        going = not over and not finished and bool(waiting)
        raced = {"open": going, "ended": over} | ({"total": max(most, len(tasks))} if going else {})
    return {
        "phase": "finished" if finished else "rate" if waiting else "done",
        "total": len(tasks),
        "done": len(tasks) - len(waiting),
        "can_undo": not finished and len(waiting) < len(tasks),
        "task": task,
        "ahead": [name for name in ahead if name],
        **raced,
    }


def rate(
    store: RatingStore, token: str, task: int, scores: Mapping[str, float], heard: Sequence[float]
) -> dict[str, Any]:
    """Stores the scores of the task at hand in one transaction and returns the next state.

    When this returns, the scores are on the disk. Sent twice, they count once.

    Args:
        store: The store.
        token: The rater's token.
        task: Id of the task.
        scores: For each axis asked, the score; for a pair, ``preference``: 1 left, 0.5 tie, 0 right.
        heard: Seconds heard of the clip, or of both clips of the pair.

    Raises:
        ListeningError: Not the task at hand, a score is missing or off its scale, or too little was heard.
    """
    rater = rater_of(store, token)
    design = store.design(rater["study"])
    with store.transaction() as db:
        now = _at_hand(db, rater["id"])
        if now is not None and now["id"] == task:
            check_scores(design, now, scores)
            seconds = check_heard(store, design, now, heard)
            time = store.clock()
            rows = [(task, axis, float(score), time) for axis, score in scores.items()]
            db.executemany("INSERT INTO ratings (task, axis, score, rated_at) VALUES (?, ?, ?, ?)", rows)
            db.execute("UPDATE tasks SET rated_at = ?, heard_a = ?, heard_b = ? WHERE id = ?", (time, *seconds, task))
        elif _stored(db, rater["id"], task) != dict(scores):
            raise ListeningError("this clip is not the one at hand any more; the page shows the right one now")
    return state(store, token)


def undo(store: RatingStore, token: str) -> dict[str, Any]:
    """Takes the last confirmation back and returns the state, with that task at hand again.

    Raises:
        ListeningError: There is nothing to take back, or the rater has finished (and may have seen the panel's means).
    """
    rater = rater_of(store, token)
    if rater["finished_at"] is not None:
        raise ListeningError("after finishing nothing can be taken back")
    with store.transaction() as db:
        last = db.execute(
            "SELECT * FROM tasks WHERE rater = ? AND rated_at IS NOT NULL ORDER BY position DESC LIMIT 1",
            (rater["id"],),
        ).fetchone()
        if last is None:
            raise ListeningError("there is nothing to take back yet")
        time = store.clock()
        db.execute("UPDATE ratings SET withdrawn_at = ? WHERE task = ? AND withdrawn_at IS NULL", (time, last["id"]))
        db.execute("UPDATE tasks SET rated_at = NULL WHERE id = ?", (last["id"],))
    return state(store, token)


def finish(store: RatingStore, token: str) -> dict[str, Any]:
    """Ends a rater's work; from now on nothing is taken back, and the comparison may be seen.

    Raises:
        ListeningError: Something is still to be rated.
    """
    rater = rater_of(store, token)
    with store.transaction() as db:
        if _at_hand(db, rater["id"]) is not None:
            raise ListeningError("some clips are not rated yet")
        db.execute(
            "UPDATE raters SET finished_at = ? WHERE id = ? AND finished_at IS NULL", (store.clock(), rater["id"])
        )
    return state(store, token)


def sound_file(store: RatingStore, name: str) -> Path | None:
    """Returns the file behind a random name, or None. Every task has names of its own, also when a clip comes back."""
    row = store.one(
        "SELECT file FROM clips JOIN tasks ON clips.id = CASE WHEN audio_a = ?1 THEN a ELSE b END"
        " WHERE audio_a = ?1 OR audio_b = ?1",
        name,
    )
    path = store.folder / "audio" / row["file"] if row else None
    return path if path is not None and path.is_file() else None


def _at_hand(db: sqlite3.Connection, rater: str) -> Any:
    return db.execute(
        "SELECT * FROM tasks WHERE rater = ? AND rated_at IS NULL ORDER BY position LIMIT 1", (rater,)
    ).fetchone()


def _task(store: RatingStore, design: Design, task: sqlite3.Row) -> dict[str, Any]:
    sides = [("a", task["a"])] + ([("b", task["b"])] if task["b"] is not None else [])
    clips = []
    for side, clip in sides:
        seconds = store.one("SELECT seconds FROM clips WHERE id = ?", clip)["seconds"]
        sound = {"audio": task[f"audio_{side}"], "seconds": seconds, "need": design.need(seconds)}
        clips.append(sound | {"heard": task[f"heard_{side}"]})
    withdrawn = store.all(
        "SELECT axis, score FROM ratings WHERE task = ? AND withdrawn_at IS NOT NULL ORDER BY id", task["id"]
    )
    return {
        "id": task["id"],
        "prompt": task["prompt"] if design.shows_prompts else "",
        "axes": asked_axes(design, task),
        "clips": clips,
        "scores": {row["axis"]: row["score"] for row in withdrawn},
    }


def _stored(db: sqlite3.Connection, rater: str, task: int) -> dict[str, float] | None:
    rows = db.execute(
        "SELECT axis, score FROM ratings JOIN tasks ON tasks.id = task"
        " WHERE task = ? AND rater = ? AND withdrawn_at IS NULL",
        (task, rater),
    ).fetchall()
    return {row["axis"]: row["score"] for row in rows} or None


# What an answer to a task must hold: a score for every axis that is asked, and enough heard to give it.

_SLACK = 0.5
"""Seconds by which clocks and players may disagree about what was heard."""

_CHOICES = (0.0, 0.5, 1.0)


def asked_axes(design: Design, task: Mapping[str, Any] | sqlite3.Row) -> list[str]:
    """Returns the axes of a task, a row of the store; those that need a prompt only where it has one."""
    if design.mode == PREFERENCE:
        return [PREFERENCE]
    keys = [scale.key for scale in design.scales]
    without = [key for key in keys if key not in NEEDS_PROMPT]
    return keys if task["prompt"] or not without else without


def check_scores(design: Design, task: sqlite3.Row, scores: Mapping[str, float]) -> None:
    """Refuses scores that are not those of a task.

    Args:
        design: Of the study.
        task: A row of the store.
        scores: For each axis asked, the score; for a pair, ``preference``: 1 left, 0.5 tie, 0 right.

    Raises:
        ListeningError: An axis that is asked for is missing, another is there, or a score is off its scale.
    """
    asked = asked_axes(design, task)
    if set(scores) != set(asked):
        odd = ", ".join(sorted(set(asked) ^ set(scores)))
        raise ListeningError(f"every axis that is asked for needs one score, and no other does; look at {odd}")
    scales = {scale.key: scale for scale in design.scales}
    for axis, score in scores.items():
        number = isinstance(score, int | float) and not isinstance(score, bool)
        if not number or not (score in _CHOICES if axis == PREFERENCE else scales[axis].accepts(score)):
            raise ListeningError(f"{axis}: {score!r} is not a score of its scale")


def check_heard(store: RatingStore, design: Design, task: sqlite3.Row, heard: Sequence[float]) -> tuple[float, float]:
    """Believes the page about what was heard only as far as this machine's clock allows.

    Args:
        store: The store.
        design: Of the study; says how much of a clip must be heard.
        task: A row of the store.
        heard: Seconds heard of the clip, or of both clips of a pair, as the page tells.

    Returns:
        Seconds heard of the first and of the second clip (0 without one), from 0 to the clip's length.

    Raises:
        ListeningError: The page did not say, or too little was heard.
    """
    keys = [task["a"]] if task["b"] is None else [task["a"], task["b"]]
    lengths = [store.one("SELECT seconds FROM clips WHERE id = ?", key)["seconds"] for key in keys]
    needs = [design.need(seconds) for seconds in lengths]
    told = [float(seconds) for seconds in heard]
    if len(told) != len(keys) or not all(math.isfinite(seconds) for seconds in told):
        raise ListeningError("the page did not say how much was heard; reload it")
    passed = math.inf if max(task["heard_a"], task["heard_b"]) else store.clock() - (task["shown_at"] or math.inf)
    if any(seconds < need - _SLACK for seconds, need in zip(told, needs, strict=True)) or passed < sum(needs) - _SLACK:
        raise ListeningError("listen first: too little of this was heard")
    kept = [max(0.0, min(seconds, length)) for seconds, length in zip(told, lengths, strict=True)]
    return kept[0], kept[1] if len(kept) > 1 else 0.0
