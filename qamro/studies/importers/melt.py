"""One table of text, whatever its form, melted into one row a rating, and several of those made into a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qamro.studies.importers.layout import OF_THE_CLIP, Layout
from qamro.studies.tables import need, numbers
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

FILE, ROW, COLUMN = "@file", "@row", "@column"
"""Columns of the melted table that say where a score stands."""

_OWN = frozenset(("clip", *OF_THE_CLIP, "rater", "axis", "score", "mean_of", FILE, ROW, COLUMN))


def melt(table: pd.DataFrame, layout: Layout, path: Path) -> pd.DataFrame:
    """Melts a table of text into one row a rating.

    Args:
        table: The table; its index says where a row stands in the file, from 0.
        layout: What its columns mean.
        path: The file, for the messages.

    Returns:
        ``clip``, ``rater``, ``axis``, ``score`` (float), further columns that are kept, and where each score stands.

    Raises:
        StudyError: No column is the clip or holds ratings, or a cell is not a number; names file, row and column.
    """
    import pandas as pd

    need(table, [column.name for column in layout.columns], path)
    ratings = [column for column in layout.columns if column.role == "rating"]
    if not ratings:
        raise StudyError(f"{path}: no column holds ratings; say which one does")
    shared = _shared(table, layout, path)
    parts = []
    for column in ratings:
        score = numbers(table, column.name, path, empty=layout.gaps, decimal=layout.decimal)
        own = {"axis": column.axis, "rater": column.rater, "clip": column.clip}
        fixed = {key: value for key, value in own.items() if value}
        if "axis" not in fixed and "axis" not in shared.columns:
            fixed["axis"] = layout.axis
        part = shared.assign(**fixed, score=score, **{ROW: table.index + 1, COLUMN: column.name})
        parts.append(part[score.notna()])
    melted = pd.concat(parts, ignore_index=True)
    if "clip" not in melted.columns:
        raise StudyError(f"{path}: no column names the clip; call one 'clip', or say which one does")
    if melted.empty:
        raise StudyError(f"{path}: the columns of ratings are empty")
    for key in ("clip", "axis"):
        empty = (melted[key].str.strip() == "").to_numpy()
        if empty.any():
            raise StudyError(
                f"{path}, row {melted[ROW].iloc[int(empty.argmax())]}: the column {key!r} is empty; every row needs one"
            )
    return melted.assign(**{FILE: str(path)})


def clips_of(melted: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Divides what was melted into the clips table and the ratings table.

    Raises:
        StudyError: Two rows disagree about a clip; names both.
    """
    kept = map(_kept, layout.having("about_clip"))
    described = [key for key in (*OF_THE_CLIP, *kept) if key in melted.columns]
    first = melted.drop_duplicates("clip").set_index("clip")
    for column in described:
        expected = melted["clip"].map(first[column])
        differs = (melted[column] != expected).to_numpy()
        if differs.any():
            here = melted.iloc[int(differs.argmax())]
            raise StudyError(
                f"{here[FILE]}, row {here[ROW]}, column {column!r}: clip {here['clip']!r} has {here[column]!r} here "
                f"and {expected[here.name]!r} above; a clip has one"
            )
    clips = first.reset_index()[["clip", *described]]
    first_four = [key for key in ("clip", "rater", "axis", "score") if key in melted.columns]
    rest = [key for key in melted.columns if key not in (*first_four, *described)]
    return clips, melted[[*first_four, *rest]]


def _shared(table: pd.DataFrame, layout: Layout, path: Path) -> pd.DataFrame:
    """What every rating of a row shares."""
    import pandas as pd

    shared = pd.DataFrame(index=table.index)
    for role in ("clip", *OF_THE_CLIP, "rater", "axis"):
        names = layout.having(role)
        if names:
            shared[role] = _joined(table, names)
    if "clip" not in shared.columns:
        if "path" in shared.columns:
            shared["clip"] = shared["path"]
        elif "system" in shared.columns and "source" in shared.columns:
            shared["clip"] = shared["source"] + "/" + shared["system"]
    if layout.form == "survey" and "rater" not in shared.columns:
        shared["rater"] = [f"row {row + 1}" for row in table.index]
    for name in layout.having("mean_of"):
        shared["mean_of"] = numbers(table, name, path)
    for name in (*layout.having("about_clip"), *layout.having("about_rating")):
        shared[_kept(name)] = table[name]
    return shared


def _kept(name: str) -> str:
    """What a further column is called, so that it takes no other's place."""
    return f"{name} (as found)" if name in _OWN else name


def _joined(table: pd.DataFrame, names: list[str]) -> pd.Series:
    joined = table[names[0]]
    for name in names[1:]:
        joined = joined + "/" + table[name]
    return joined
