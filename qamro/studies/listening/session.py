"""What a rater does: sees a task, answers it in full, takes it back, stops and comes back, finishes."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qamro.axes import NEEDS_PROMPT
from qamro.studies.listening import headphones
from qamro.studies.listening import store as identity
from qamro.studies.listening.design import Design, ListeningError
from qamro.studies.listening.next_pair import put_next_pair
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

    Keys: ``phase`` (``"headphones"`` before their test is passed, ``"unfit"`` after it was failed too often;
    ``"rate"``; ``"done"`` when all is rated and may still be taken back; ``"finished"``), ``total``, ``done``,
    ``can_undo``, ``task`` (None unless rating), ``ahead`` (names of the sounds that come next), ``trials`` (of the test
    for headphones) and ``completion`` (code and link, once finished). In a study with a goal also
    ``open`` (whether ``total`` is only the most that may come) and ``ended`` (the study has).

    Raises:
        ListeningError: Nobody has this link.
    """
    rater = rater_of(store, token)
    design = store.design(rater["study"])
    if (phase := headphones.phase(design, rater)) is not None:
        return _not_yet(store, rater, phase)
    hand_out(store, rater, design)
    with store.transaction() as db:
        tasks = db.execute("SELECT * FROM tasks WHERE rater = ? ORDER BY position", (rater["id"],)).fetchall()
        waiting = [task for task in tasks if task["rated_at"] is None]
        if waiting and waiting[0]["shown_at"] is None:
            if design.choose == "information" and waiting[0]["kind"] == "first" and store.next_pair is not None:
                waiting[0] = put_next_pair(store, db, rater, waiting)
            db.execute("UPDATE tasks SET shown_at = ? WHERE id = ?", (store.clock(), waiting[0]["id"]))
    finished = rater["finished_at"] is not None
    task = _task(store, design, waiting[0]) if waiting and not finished else None
    ahead = [name for next_one in waiting[1 : 1 + _AHEAD] for name in _sounds(store, next_one)]
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
        "ahead": ahead if design.choose == "even" else [],
        "completion": completion(store, design, rater) if finished else None,
        **raced,
    }


def _not_yet(store: RatingStore, rater: sqlite3.Row, phase: str) -> dict[str, Any]:
    """The state of a rater who has not passed the test for headphones."""
    trials = headphones.trials(store.salt, rater["id"], rater["headphone_tries"]) if phase == "headphones" else []
    total = store.one("SELECT count(*) AS n FROM tasks WHERE rater = ?", rater["id"])["n"]
    nothing: dict[str, Any] = {"task": None, "ahead": [], "completion": None, "done": 0, "can_undo": False}
    return nothing | {"phase": phase, "total": total, "trials": trials, "tries": rater["headphone_tries"]}


def hear_headphones(store: RatingStore, token: str, answers: Sequence[int]) -> dict[str, Any]:
    """Takes the answers of a rater to the test for headphones and returns the next state.

    Raises:
        ListeningError: Nobody has this link, or there is no such test to take now.
    """
    rater = rater_of(store, token)
    if headphones.phase(store.design(rater["study"]), rater) != "headphones":
        raise ListeningError("the test for headphones is over")
    right = headphones.right(store.salt, rater["id"], rater["headphone_tries"], answers)
    with store.transaction() as db:
        db.execute(
            "UPDATE raters SET headphones = max(coalesce(headphones, 0), ?), headphone_tries = headphone_tries + 1"
            " WHERE id = ? AND headphone_tries = ?",
            (right, rater["id"], rater["headphone_tries"]),
        )
    return state(store, token)


def completion(store: RatingStore, design: Design, rater: sqlite3.Row) -> dict[str, str] | None:
    """Returns the code and the address with which a crowd's worker shows to have finished; None where none is wanted.

    Without a code in the design, a worker's own is made from the store's salt; ``raters.csv`` lists it.
    """
    if not (design.code or design.return_link or rater["participant"]):
        return None
    code = design.code or identity.hashed(f"{rater['id']}/code", store.salt)[:10].upper()
    return {"code": code, "link": design.return_link.replace("{code}", code)}


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
        heard: Seconds heard of each sound of the task, in the order in which the state names them.

    Raises:
        ListeningError: Not the task at hand, a score is missing or off its scale, or too little was heard.
    """
    rater = rater_of(store, token)
    design = store.design(rater["study"])
    with store.transaction() as db:
        now = _at_hand(db, rater["id"])
        if now is not None and now["id"] == task:
            check_scores(store, design, now, scores)
            seconds = check_heard(store, design, now, heard)
            time = store.clock()
            several = design.method.rates_stimuli
            rows = [
                (task, design.scales[0].key if several else key, float(score), time, int(key) if several else 0)
                for key, score in scores.items()
            ]
            db.executemany("INSERT INTO ratings (task, axis, score, rated_at, stimulus) VALUES (?, ?, ?, ?, ?)", rows)
            two = [*seconds[: 1 + (now["b"] is not None)], 0.0][:2]
            db.execute("UPDATE tasks SET rated_at = ?, heard_a = ?, heard_b = ? WHERE id = ?", (time, *two, task))
            more = seconds[1 + (now["b"] is not None) :]
            db.executemany(
                "UPDATE stimuli SET heard = ? WHERE task = ? AND place = ?",
                [(each, task, place) for place, each in enumerate(more, 1)],
            )
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
        " WHERE audio_a = ?1 OR audio_b = ?1"
        " UNION ALL SELECT file FROM clips JOIN stimuli ON clips.id = clip WHERE audio = ?1",
        name,
    )
    path = store.folder / "audio" / row["file"] if row else None
    return path if path is not None and path.is_file() else None


def _at_hand(db: sqlite3.Connection, rater: str) -> Any:
    return db.execute(
        "SELECT * FROM tasks WHERE rater = ? AND rated_at IS NULL ORDER BY position LIMIT 1", (rater,)
    ).fetchone()


def _heard_in(store: RatingStore, task: sqlite3.Row) -> list[dict[str, Any]]:
    """Every sound of a task in order: ``audio`` (its random name), ``clip``, ``seconds`` and ``heard``."""
    sides = [side for side in ("a", "b") if task[side] is not None]
    found = [{"audio": task[f"audio_{s}"], "clip": task[s], "heard": task[f"heard_{s}"]} for s in sides]
    found += [dict(row) for row in store.all("SELECT * FROM stimuli WHERE task = ? ORDER BY place", task["id"])]
    for sound in found:
        sound["seconds"] = store.one("SELECT seconds FROM clips WHERE id = ?", sound["clip"])["seconds"]
    return found


def _sounds(store: RatingStore, task: sqlite3.Row) -> list[str]:
    return [sound["audio"] for sound in _heard_in(store, task)]


def _task(store: RatingStore, design: Design, task: sqlite3.Row) -> dict[str, Any]:
    clips = [
        {key: sound[key] for key in ("audio", "seconds", "heard")} | {"need": design.need(sound["seconds"])}
        for sound in _heard_in(store, task)
    ]
    withdrawn = store.all(
        "SELECT axis, score, stimulus FROM ratings WHERE task = ? AND withdrawn_at IS NOT NULL ORDER BY id", task["id"]
    )
    return {
        "id": task["id"],
        "prompt": task["prompt"] if design.shows_prompts else "",
        "axes": asked_axes(design, task, len(clips)),
        "clips": clips,
        "scores": {_key(row): row["score"] for row in withdrawn},
    }


def _key(row: sqlite3.Row) -> str:
    """What a page calls a score: its axis, or the place of the stimulus that it is for."""
    return str(row["stimulus"] or row["axis"])


def _stored(db: sqlite3.Connection, rater: str, task: int) -> dict[str, float] | None:
    rows = db.execute(
        "SELECT axis, score, stimulus FROM ratings JOIN tasks ON tasks.id = task"
        " WHERE task = ? AND rater = ? AND withdrawn_at IS NULL",
        (task, rater),
    ).fetchall()
    return {_key(row): row["score"] for row in rows} or None


# What an answer to a task must hold: a score for every axis that is asked, and enough heard to give it.

_SLACK = 0.5
"""Seconds by which clocks and players may disagree about what was heard."""


def asked_axes(design: Design, task: Mapping[str, Any] | sqlite3.Row, sounds: int) -> list[str]:
    """Returns what a task asks for: axes (textual alignment needs a prompt), or the places of its stimuli.

    Args:
        design: Of the study.
        task: A row of the store.
        sounds: Number of its sounds.
    """
    method = design.method
    if method.rates_stimuli:
        return [str(place) for place in range(1, sounds - (task["b"] is not None))]
    if method.axis:
        return [method.axis]
    keys = [scale.key for scale in design.scales]
    without = [key for key in keys if key not in NEEDS_PROMPT]
    return without if without and not task["prompt"] and method.key == "scores" else keys


def check_scores(store: RatingStore, design: Design, task: sqlite3.Row, scores: Mapping[str, float]) -> None:
    """Refuses scores that are not those of a task.

    Args:
        store: The store.
        design: Of the study.
        task: A row of the store.
        scores: For each axis asked, the score; for a pair, ``preference``: 1 left, 0.5 tie, 0 right.

    Raises:
        ListeningError: An axis that is asked for is missing, another is there, or a score is off its scale.
    """
    asked = asked_axes(design, task, len(_heard_in(store, task)))
    if set(scores) != set(asked):
        odd = ", ".join(sorted(set(asked) ^ set(scores)))
        raise ListeningError(f"every axis that is asked for needs one score, and no other does; look at {odd}")
    scales = {scale.key: scale for scale in design.scales}
    choices, several = design.method.choices, design.method.rates_stimuli
    for axis, score in scores.items():
        number = isinstance(score, int | float) and not isinstance(score, bool)
        scale = design.scales[0] if several else scales.get(axis)
        if not number or not (score in choices if scale is None else scale.accepts(score)):
            raise ListeningError(f"{axis}: {score!r} is not a score of its scale")


def check_heard(store: RatingStore, design: Design, task: sqlite3.Row, heard: Sequence[float]) -> list[float]:
    """Believes the page about what was heard only as far as this machine's clock allows.

    Args:
        store: The store.
        design: Of the study; says how much of a clip must be heard.
        task: A row of the store.
        heard: Seconds heard of each sound, as the page tells.

    Returns:
        Seconds heard of each sound, from 0 to its length.

    Raises:
        ListeningError: The page did not say, or too little was heard.
    """
    sounds = _heard_in(store, task)
    lengths = [sound["seconds"] for sound in sounds]
    needs = [design.need(seconds) for seconds in lengths]
    told = [float(seconds) for seconds in heard]
    if len(told) != len(sounds) or not all(math.isfinite(seconds) for seconds in told):
        raise ListeningError("the page did not say how much was heard; reload it")
    before = max(sound["heard"] for sound in sounds)
    passed = math.inf if before else store.clock() - (task["shown_at"] or math.inf)
    if any(seconds < need - _SLACK for seconds, need in zip(told, needs, strict=True)) or passed < sum(needs) - _SLACK:
        raise ListeningError("listen first: too little of this was heard")
    return [max(0.0, min(seconds, length)) for seconds, length in zip(told, lengths, strict=True)]
