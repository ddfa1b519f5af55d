"""The next pair of an A/B study by what its vote tells: chosen when the one before is answered, from everybody's votes.

What a vote tells is worked out by ``qamro.evaluation.preferences.next_pair``; here is what becomes of its answer.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qamro.studies.listening import store as identity

if TYPE_CHECKING:
    from qamro.studies.listening.store import RatingStore


def put_next_pair(
    store: RatingStore, db: sqlite3.Connection, rater: sqlite3.Row, waiting: list[sqlite3.Row]
) -> sqlite3.Row:
    """Puts the pair whose vote is expected to tell most into the task at hand, with new names for its sounds.

    Of the pairs that the rater did not have yet; of several clips of that pair of systems, those that the fewest raters
    were asked about. Without anybody to choose (``RatingStore.next_pair``) the task stays.

    Args:
        store: The store.
        db: Its transaction.
        rater: A row of the store.
        waiting: The rater's tasks that are not rated, the first of which nobody has seen.

    Returns:
        The row of the task at hand.
    """
    task, study = waiting[0], rater["study"]
    clips = {row["id"]: row for row in db.execute("SELECT * FROM clips WHERE study = ? AND beeps IS NULL", (study,))}
    name = {key: clip["system"] or clip["name"] for key, clip in clips.items()}
    had = {
        tuple(sorted((row["a"], row["b"])))
        for row in db.execute("SELECT a, b, id, shown_at FROM tasks WHERE rater = ? AND b IS NOT NULL", (rater["id"],))
        if row["shown_at"] is not None
    }
    free = [
        (row["a"], row["b"])
        for row in db.execute("SELECT a, b FROM items WHERE study = ?", (study,))
        if tuple(sorted((row["a"], row["b"]))) not in had
    ]
    given = db.execute(
        "SELECT a, b, score FROM ratings JOIN tasks ON tasks.id = task JOIN raters ON raters.id = rater"
        " WHERE raters.study = ? AND kind = 'first' AND withdrawn_at IS NULL",
        (study,),
    ).fetchall()
    votes = [(name[row["a"]], name[row["b"]], row["score"]) for row in given]
    by_pair: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for a, b in free:
        by_pair.setdefault(tuple(sorted((name[a], name[b]))), []).append((a, b))
    if not by_pair or store.next_pair is None:
        return task
    chosen = by_pair[store.next_pair(votes, sorted(set(name.values())), sorted(by_pair))]
    rng = random.SystemRandom()
    asked = identity.asked(db, study)
    a, b = min(chosen, key=lambda item: (asked.get(tuple(sorted(item)), 0), rng.random()))
    a, b = (b, a) if rng.random() < 0.5 else (a, b)
    for other in waiting[1:]:  # whoever was to have this pair later gets the one that stood here
        if other["kind"] == "first" and {other["a"], other["b"]} == {a, b}:
            _put(db, other["id"], task["a"], task["b"], clips)
    _put(db, task["id"], a, b, clips)
    row: sqlite3.Row = db.execute("SELECT * FROM tasks WHERE id = ?", (task["id"],)).fetchone()
    return row


def _put(db: sqlite3.Connection, task: int, a: int, b: int, clips: Mapping[int, sqlite3.Row]) -> None:
    """Puts a pair into a task that nobody has seen; the names are new, as a browser may have kept the old sounds."""
    names = identity.new_token(), identity.new_token()
    db.execute(
        "UPDATE tasks SET a = ?, b = ?, prompt = ?, audio_a = ?, audio_b = ? WHERE id = ?",
        (a, b, clips[a]["prompt"], *names, task),
    )
