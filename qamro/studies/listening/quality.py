"""How carefully raters worked: attention checks, and what they said when a clip came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qamro.studies.listening.design import PREFERENCE
from qamro.studies.listening.store import RatingStore

if TYPE_CHECKING:
    import pandas as pd

_RATED = """
SELECT raters.id AS rater, kind, tasks.position, a, b, tasks.answer, axis, score
FROM ratings JOIN tasks ON tasks.id = ratings.task JOIN raters ON raters.id = tasks.rater
WHERE raters.study = ? AND withdrawn_at IS NULL ORDER BY raters.joined_at, raters.id, position, ratings.id
"""

_COLUMNS = [
    *("rater", "joined", "finished", "tasks", "rated"),
    *("checks", "checks_passed", "repeats", "repeat_difference"),
]


def label(rater: str) -> str:
    """Returns what a rater is called in exports: the start of the salted hash."""
    return f"r-{rater[:10]}"


def checks(store: RatingStore, study: str) -> pd.DataFrame:
    """Returns every answer to an attention check.

    Returns:
        Columns ``rater``, ``position``, ``axis``, ``answer`` (what was right), ``score`` (what was given), ``passed``.
    """
    import pandas as pd

    design = store.design(study)
    counted = {s.key for s in design.scales if any(s.accepts(n) for n in design.answers)} | {PREFERENCE}
    rows = [
        (label(row["rater"]), row["position"], row["axis"], row["answer"], row["score"], row["score"] == row["answer"])
        for row in store.all(_RATED, study)
        if row["kind"] == "check" and row["axis"] in counted
    ]
    return pd.DataFrame(rows, columns=["rater", "position", "axis", "answer", "score", "passed"])


def repeats(store: RatingStore, study: str) -> pd.DataFrame:
    """Returns what raters said the first and the second time.

    Returns:
        Columns ``rater``, ``clip``, ``against`` (the other clip of a pair, else empty), ``axis``, ``first``,
        ``second``; preferences are those for ``clip``.
    """
    import pandas as pd

    names = {row["id"]: row["name"] for row in store.all("SELECT id, name FROM clips WHERE study = ?", study)}
    rows = store.all(_RATED, study)
    first = {(row["rater"], _pair(row), row["axis"]): _for_lower(row) for row in rows if row["kind"] == "first"}
    found = []
    for row in rows:
        key = row["rater"], _pair(row), row["axis"]
        if row["kind"] == "repeat" and key in first:
            clip, against = [*(names[clip] for clip in _pair(row)), ""][:2]
            found.append((label(row["rater"]), clip, against, row["axis"], first[key], _for_lower(row)))
    return pd.DataFrame(found, columns=["rater", "clip", "against", "axis", "first", "second"])


def raters(store: RatingStore, study: str) -> pd.DataFrame:
    """Returns a line for every rater, without anything that tells who it is.

    Returns:
        Columns ``rater``, ``joined`` (day, UTC), ``finished`` (bool), ``tasks``, ``rated``, ``checks``,
        ``checks_passed``, ``repeats``, and ``repeat_difference`` (mean absolute difference between the two times as a
        share of the scale; NaN without repeats).
    """
    import pandas as pd

    people = store.all(
        "SELECT raters.*, count(tasks.id) AS n, count(rated_at) AS rated"
        " FROM raters LEFT JOIN tasks ON rater = raters.id WHERE study = ?"
        " GROUP BY raters.id ORDER BY joined_at, raters.id",
        study,
    )
    asked, again = checks(store, study), repeats(store, study)
    widths = {scale.key: scale.high - scale.low for scale in store.design(study).scales} | {PREFERENCE: 1.0}
    again["difference"] = (again["first"] - again["second"]).abs() / again["axis"].map(widths)
    rows = []
    for person in people:
        name = label(person["id"])
        answers, twice = asked[asked["rater"] == name], again[again["rater"] == name]
        passed = answers.groupby("position")["passed"].all()
        rows.append({
            "rater": name,
            "joined": str(pd.Timestamp(person["joined_at"], unit="s", tz="UTC").date()),
            "finished": person["finished_at"] is not None,
            "tasks": person["n"],
            "rated": person["rated"],
            "checks": len(passed),
            "checks_passed": int(passed.sum()),
            "repeats": int(twice.groupby(["clip", "against"]).ngroups),
            "repeat_difference": float(twice["difference"].mean()) if len(twice) else float("nan"),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=_COLUMNS)


def _pair(row: Any) -> tuple[int, ...]:
    return tuple(sorted(clip for clip in (row["a"], row["b"]) if clip is not None))


def _for_lower(row: Any) -> float:
    """A score as it is; a preference as one for the clip that was added first, whatever side it stood on."""
    swapped = row["b"] is not None and row["b"] < row["a"]
    return 1 - row["score"] if swapped else row["score"]
