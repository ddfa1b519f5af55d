"""Checks of a study's two tables; every complaint names the table, the row and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CLIP_TEXT = ("clip", "path", "system", "prompt")
RATING_TEXT = ("clip", "rater", "axis")
VOTE_TEXT = ("clip_a", "clip_b", "system_a", "system_b", "rater", "axis", "winner")
WINNERS = ("a", "b", "tie", "both_bad")


class StudyError(ValueError):
    """A study's table is not valid; the message says where and what to do."""


def check_clips(clips: pd.DataFrame) -> pd.DataFrame:
    """Returns a clean copy of a clips table: text columns, missing ones empty, names unique.

    Raises:
        StudyError: There is no ``clip`` column, a name is empty, or a name stands twice.
    """
    _need(clips, ["clip"], "clips")
    clean = _text(clips, list(CLIP_TEXT))
    _no_empty(clean, "clip", "clips")
    repeated = clean["clip"].duplicated()
    if repeated.any():
        row = int(np.flatnonzero(repeated)[0])
        name = clean["clip"].iloc[row]
        raise StudyError(f"clips row {row + 1}: clip {name!r} stands twice; give every clip a name of its own")
    return clean


def check_ratings(ratings: pd.DataFrame, clips: pd.DataFrame) -> pd.DataFrame:
    """Returns a clean copy of a ratings table: text keys, float scores, every clip known.

    Raises:
        StudyError: A column is missing, a score is not a finite number, ``mean_of`` is not a positive whole
            number, or a clip is unknown.
    """
    _need(ratings, ["clip", "axis", "score"], "ratings")
    clean = _text(ratings, list(RATING_TEXT))
    _no_empty(clean, "clip", "ratings")
    _no_empty(clean, "axis", "ratings")
    clean["score"] = _numbers(clean, "score")
    if "mean_of" in clean.columns:
        counts = _numbers(clean, "mean_of")
        if not (ok := (counts >= 1) & (counts % 1 == 0)).all():
            row = int(np.flatnonzero(~ok)[0])
            raise StudyError(f"ratings row {row + 1}: mean_of is {counts.iloc[row]:g}; a mean is of 1 rating or more")
        clean["mean_of"] = counts.astype(int)
    unknown = ~clean["clip"].isin(clips["clip"])
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        raise StudyError(
            f"ratings row {row + 1}: clip {clean['clip'].iloc[row]!r} is not in the clips table "
            f"({int(unknown.sum())} such rows); add the clip or remove its ratings"
        )
    return clean


def check_votes(votes: pd.DataFrame, clips: pd.DataFrame) -> pd.DataFrame:
    """Returns a clean copy of a votes table: text, every clip known, every winner one of ``WINNERS``.

    Raises:
        StudyError: A column is missing, a clip is unknown, or a winner is none.
    """
    _need(votes, ["clip_a", "clip_b", "winner"], "votes")
    clean = _text(votes, list(VOTE_TEXT))
    clean["axis"] = clean["axis"].where(clean["axis"] != "", "preference")
    for column, allowed, what in (
        ("clip_a", clips["clip"], "not in the clips table; add the clip or remove its votes"),
        ("clip_b", clips["clip"], "not in the clips table; add the clip or remove its votes"),
        ("winner", WINNERS, f"none of {', '.join(WINNERS)}"),
    ):
        bad = ~clean[column].isin(allowed).to_numpy()
        if bad.any():
            row = int(bad.argmax())
            raise StudyError(f"votes row {row + 1}, column {column!r}: {clean[column].iloc[row]!r} is {what}")
    return clean


def _need(table: pd.DataFrame, columns: list[str], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise StudyError(
            f"the {name} table lacks the column {missing[0]!r}; it has {', '.join(map(str, table.columns)) or 'none'}"
        )


def _text(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    clean = table.reset_index(drop=True).copy()
    for column in columns:
        if column in clean.columns:
            clean[column] = _as_text(clean[column])
        else:
            clean[column] = ""
    rest = [column for column in clean.columns if column not in columns]
    return clean[columns + rest]


def _as_text(cells: pd.Series) -> pd.Series:
    """Cells as text, missing ones empty; of many equal ones each is looked at once."""
    import pandas as pd

    codes, values = pd.factorize(cells, use_na_sentinel=True)
    texts = pd.Series(values).convert_dtypes().astype(object)  # whole numbers beside missing ones stay whole
    return pd.Series(np.append(texts.astype(str).to_numpy(object), "")[codes], index=cells.index, dtype=str)


def _numbers(table: pd.DataFrame, column: str) -> pd.Series:
    import pandas as pd

    values = pd.to_numeric(table[column], errors="coerce").astype(float)
    bad = ~np.isfinite(values.to_numpy())
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise StudyError(
            f"ratings row {row + 1} (clip {table['clip'].iloc[row]!r}): {column} {str(table[column].iloc[row])!r} "
            "is not a finite number; correct it or leave the row out"
        )
    return values


def _no_empty(table: pd.DataFrame, column: str, name: str) -> None:
    empty = table[column].isin([text for text in table[column].unique() if not text.strip()])
    if empty.any():
        row = int(np.flatnonzero(empty)[0])
        raise StudyError(f"{name} row {row + 1}: the column {column!r} is empty; every row needs one")
