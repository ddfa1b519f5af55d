"""After a rater has finished: own ratings beside the predictor's and the panel's mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qamro.studies.listening.design import PREFERENCE, ListeningError
from qamro.studies.listening.session import rater_of
from qamro.studies.listening.store import RatingStore

PANEL = 3
"""A mean is shown of so many other raters, or of six, nine, …: never of fewer.

Two looks at growing panels would tell a single newcomer's rating (the difference of two sums). In blocks of three, in
the order in which raters finished, they tell at most the sum of three."""


def own(store: RatingStore, token: str) -> list[dict[str, Any]]:
    """Returns the first ratings of a rater who has finished.

    Returns:
        Dicts with ``a`` and ``b`` (clip ids; ``b`` None unless a pair), ``axis``, ``score``, ``audio``, ``audio_b``
        (random names), ``position`` and ``prompt``, in the order in which they were given.

    Raises:
        ListeningError: The rater has not finished, or nobody has this link.
    """
    rater = rater_of(store, token)
    if rater["finished_at"] is None:
        raise ListeningError("the comparison is shown after everything is rated")
    rows = store.all(
        "SELECT a, b, axis, score, audio_a AS audio, audio_b, position, prompt FROM ratings"
        " JOIN tasks ON tasks.id = task WHERE rater = ? AND kind = 'first' AND withdrawn_at IS NULL"
        " ORDER BY position, ratings.id",
        rater["id"],
    )
    return [dict(row) for row in rows]


def panel(store: RatingStore, token: str) -> dict[tuple[int, int | None, str], tuple[float, int]]:
    """Returns means of other raters who have finished, of what the asking rater has rated.

    Returns:
        For each clip (or pair, lower id first) and axis: the mean score and of how many raters, a multiple
        of ``PANEL``. What fewer others have rated is missing. Preferences are those for the clip of the lower id.

    Raises:
        ListeningError: The rater has not finished.
    """
    mine = {key_of(row) for row in own(store, token)}
    rater = rater_of(store, token)
    rows = store.all(
        "SELECT a, b, axis, score FROM ratings JOIN tasks ON tasks.id = task JOIN raters ON raters.id = rater"
        " WHERE raters.study = ? AND rater <> ? AND finished_at IS NOT NULL AND kind = 'first' AND withdrawn_at IS NULL"
        " ORDER BY finished_at, rater",
        rater["study"],
        rater["id"],
    )
    scores: dict[tuple[int, int | None, str], list[float]] = {}
    for row in rows:
        scores.setdefault(key_of(row), []).append(for_lower(row))
    means = {}
    for key, given in scores.items():
        count = len(given) - len(given) % PANEL
        if key in mine and count:
            means[key] = sum(given[:count]) / count, count
    return means


def keep_predictions(
    store: RatingStore, predictor: str, scores: Mapping[int, Mapping[str, float]], sources: Mapping[str, str]
) -> None:
    """Remembers what a predictor gave to clips, so that the next rater does not wait.

    Args:
        store: The store.
        predictor: Its name.
        scores: For each clip, axis to score.
        sources: For each axis, where the scores come from.
    """
    tried = [(clip, predictor, "", None, "") for clip in scores]
    rows = [(clip, predictor, axis, score, sources[axis]) for clip, r in scores.items() for axis, score in r.items()]
    with store.transaction() as db:
        db.executemany("INSERT OR IGNORE INTO predictions VALUES (?, ?, ?, ?, ?)", [*tried, *rows])


def predictions(
    store: RatingStore, predictor: str, clips: Sequence[int]
) -> tuple[dict[int, dict[str, float]], dict[str, str]]:
    """Returns remembered predictions of clips.

    Args:
        store: The store.
        predictor: The predictor's name.
        clips: Ids of the clips.

    Returns:
        For each clip that was tried, its scores by axis (none where it failed); and for each axis where its scores
        come from.
    """
    scores: dict[int, dict[str, float]] = {}
    sources: dict[str, str] = {}
    wanted = set(clips)
    for row in store.all("SELECT * FROM predictions WHERE predictor = ?", predictor):
        if row["clip"] in wanted:
            scores.setdefault(row["clip"], {})
            if row["axis"]:
                scores[row["clip"]][row["axis"]] = row["score"]
                sources[row["axis"]] = row["source"]
    return scores, sources


def key_of(row: Any) -> tuple[int, int | None, str]:
    """Names what was judged, whatever the order of a pair."""
    if row["b"] is None:
        return row["a"], None, row["axis"]
    return min(row["a"], row["b"]), max(row["a"], row["b"]), row["axis"]


def for_lower(row: Any) -> float:
    """Returns a score as it is, and a preference as one for the clip of the lower id."""
    swapped = row["axis"] == PREFERENCE and row["b"] is not None and row["b"] < row["a"]
    return 1 - row["score"] if swapped else row["score"]
