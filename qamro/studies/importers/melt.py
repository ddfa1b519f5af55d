"""One table of text, whatever its form, melted into one row a rating, and divided into clips and ratings."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.importers.cells import is_date, number_of, scales_in, shown, sums_in
from qamro.studies.importers.layout import OF_THE_CLIP, Layout
from qamro.studies.importers.names import known_axis
from qamro.studies.importers.options import answer_options, column_option, rows_option
from qamro.studies.importers.scales import COLUMN, FILE, ROW
from qamro.studies.tables import BLANKS, StudyError, need

if TYPE_CHECKING:
    import pandas as pd

_LOOKED_AT = 2000
MOST_AXES = 200
"""Most axes of a study; a column with more different cells does not say which axis a rating is of."""

_OWN = frozenset(("clip", *OF_THE_CLIP, "rater", "axis", "score", "mean_of", FILE, ROW, COLUMN))


def melt(
    table: pd.DataFrame, layout: Layout, files: Sequence[Path], file_of: np.ndarray, row_of: np.ndarray
) -> tuple[pd.DataFrame, list[str]]:
    """Melts a table of text into one row a rating.

    Args:
        table: The table.
        layout: What its columns mean.
        files: The files that its rows come from.
        file_of: For each row, which of them.
        row_of: For each row, its place in that file, from 0.

    Returns:
        ``clip``, ``rater``, ``axis``, ``score`` (float), further columns that are kept, and where each score stands;
        and notes about what was left out.

    Raises:
        StudyError: No column is the clip or holds ratings, or a cell is not a number; names file, row and column.
    """
    import pandas as pd

    path = files[0]
    need(table, [column.name for column in layout.columns], path)
    keep = wanted_rows(table, layout, path)
    notes = []
    if not keep.all():
        notes.append(f"{int((~keep).sum())} of {len(keep)} rows left out")
        table, file_of, row_of = table[keep], file_of[keep], row_of[keep]
    if sums := _sums(table, layout):
        named = ", ".join(repr(name) for name in sums)
        notes.append(f"the last {len(sums)} rows ({named}) sum the table up and were left out")
        table, file_of, row_of = table[: -len(sums)], file_of[: -len(sums)], row_of[: -len(sums)]
    table = table.reset_index(drop=True)
    ratings = [column for column in layout.columns if column.role == "rating"]
    if not ratings:
        raise StudyError(f"{path}: no column holds ratings; say which one does, for example --column NAME=score")

    def place(row: int, column: str) -> str:
        return f"{files[int(file_of[row])]}, row {int(row_of[row]) + 1}, column {column!r}"

    shared = _shared(table, layout, row_of, place)
    paths = pd.Index([str(file) for file in files])
    scores, rows, counts = [], [], []
    for column in ratings:
        score = _scores(table[column.name], layout, _placed(place, column.name))
        answered = np.flatnonzero(np.isfinite(score))
        scores.append(score[answered])
        rows.append(answered)
        counts.append(len(answered))
    row = np.concatenate(rows)
    unanswered = len(table) * len(ratings) - len(row)
    melted = shared if len(ratings) == 1 and not unanswered else shared.take(row).reset_index(drop=True)
    told: dict[str, Any] = {}
    for key in ("axis", "rater", "clip", "system"):
        fixed = [getattr(column, key) for column in ratings]
        if key == "axis" and "axis" not in shared.columns:
            fixed = [axis or layout.axis for axis in fixed]
        if any(fixed) and not (key == "axis" and "axis" in shared.columns):
            told[key] = np.repeat(np.array(fixed, dtype=object), counts)
    melted = melted.assign(
        **told,
        score=np.concatenate(scores),
        **{
            ROW: row_of[row] + 1,
            FILE: pd.Categorical.from_codes(file_of[row], paths),
            COLUMN: pd.Categorical.from_codes(np.repeat(np.arange(len(ratings)), counts), [c.name for c in ratings]),
        },
    )
    if "clip" not in melted.columns and {"system", "source"} <= {*melted.columns}:
        melted["clip"] = melted["source"] + "/" + melted["system"]
    if "clip" not in melted.columns:
        listed = ", ".join(map(repr, [column.name for column in layout.columns][:12]))
        likeliest = _likeliest_clip(table, layout)
        way = f", or say which one does, for example {column_option(likeliest, 'clip')}" if likeliest else ""
        raise StudyError(f"{path}: no column names the clip; call one 'clip'{way}; the columns are {listed}")
    _check(melted, layout, path)
    if unanswered:
        notes.append(f"{unanswered} empty cells were left out as not rated")
    return melted, notes


def _check(melted: pd.DataFrame, layout: Layout, path: Path) -> None:
    """Checks that every rating has a clip and an axis, and that axes are few.

    Raises:
        StudyError: It is not so; names the option that helps.
    """
    if melted.empty:
        raise StudyError(f"{path}: the columns of ratings are empty")
    for key in ("clip", "axis"):
        if (empty := (melted[key] == "").to_numpy()).any():
            row = melted.iloc[int(empty.argmax())]
            raise StudyError(
                f"{row[FILE]}, row {row[ROW]}: the column {key!r} is empty; every row needs one. Leave such rows out "
                f"with {rows_option(next(iter(layout.having(key)), key), '')}"
            )
    axes = melted["axis"].nunique()
    if axes > MOST_AXES:
        by = next(iter(layout.having("axis")), "")
        raise StudyError(
            f"{path}: {axes:,} different axes; a study has at most {MOST_AXES}. Is {by or 'each header'!r} "
            f"an axis? If not: {column_option(by or 'NAME', 'note')}"
        )


def _one_scale(cells: pd.Series, texts: Sequence[str], place: Callable[[int], str]) -> None:
    """Checks that percents, shares (``4/5``) and plain numbers are not mixed.

    Raises:
        StudyError: They are; names the rarer ones, and how to leave them out.
    """
    if len(texts) > _LOOKED_AT:
        return
    by_unit: dict[str, list[str]] = {}
    for text in texts:
        for unit in scales_in([text]):
            by_unit.setdefault(unit, []).append(text)
    if len(by_unit) < 2 or not any(unit == "%" or unit.startswith("/") for unit in by_unit):
        return
    odd = min(by_unit.values(), key=lambda few: int(cells.isin(few).sum()))
    row = int(cells.isin(odd).to_numpy().argmax())
    kinds = ", ".join(sorted(repr(unit) if unit else "plain numbers" for unit in by_unit))
    out = " ".join(rows_option(str(cells.name), text) for text in odd[:8]) + (" …" if len(odd) > 8 else "")
    raise StudyError(
        f"{place(row)}: {shown(cells.iloc[row])} stands in a column of {kinds}, which are not of one scale; leave "
        f"the fewer out with {out}"
    )


def _sums(table: pd.DataFrame, layout: Layout) -> list[str]:
    """What the last rows are called where they sum the table up: ``Mean``, ``Total``, ``SD``."""
    named = layout.having("clip") or layout.having("path") or layout.having("rater")
    named = named if layout.form != "survey" else [str(name) for name in table.columns[:1]]
    return sums_in(table[named[0]].tolist()) if named else []


def _likeliest_clip(table: pd.DataFrame, layout: Layout) -> str:
    """The column that is least like ratings and whose cells differ most; empty where all are ratings."""
    free = [c.name for c in layout.columns if c.role not in ("rating", "rater", "axis", "ignore")]
    free = free or [c.name for c in layout.columns if c.role in ("rater", "ignore")]
    return max(free, key=lambda name: int(table[name].nunique()), default="")


def _placed(place: Callable[[int, str], str], column: str) -> Callable[[int], str]:
    return lambda row: place(row, column)


def wanted_rows(table: pd.DataFrame, layout: Layout, path: Path) -> np.ndarray:
    """Says which rows of a table are read, as ``layout.rows`` says.

    Raises:
        StudyError: There is no such column, or no row has a value that is wanted.
    """
    keep = np.ones(len(table), dtype=bool)
    for name, value, wanted in layout.rows:
        need(table, [name], path)
        same = (table[name] == value).to_numpy()
        keep &= same if wanted else ~same
        if wanted and not same.any():
            some = ", ".join(map(repr, table[name].unique()[:5]))
            raise StudyError(f"{path}, column {name!r}: no cell is {value!r}, as --rows says; there are {some}")
    return keep


def _scores(cells: pd.Series, layout: Layout, place: Callable[[int], str]) -> np.ndarray:
    """Reads scores; cells that hold nothing become NaN.

    Raises:
        StudyError: A cell is no number; names where it stands.
    """
    import pandas as pd

    values, texts = pd.factorize(cells)
    blank = np.array([text.lower() in BLANKS for text in texts], dtype=bool)
    numbers = np.array([number_of(text, layout.decimal) for text in texts], dtype=float)
    bad = ~np.isfinite(numbers) & ~blank
    numbers[blank] = np.nan
    _one_scale(cells, texts[~blank], place)
    if bad.any():
        row = int(np.flatnonzero(bad[values])[0])
        date = " (a spreadsheet may have made a date of it)" if is_date(cells.iloc[row]) else ""
        raise StudyError(
            f"{place(row)}: {shown(cells.iloc[row])} is not a finite number{date}; correct it, say what it stands for "
            f"with {answer_options(texts[bad])}, or leave such rows out with "
            f"{rows_option(str(cells.name), str(cells.iloc[row]))}"
        ).asking(texts[bad])
    return numbers[values]


def _shared(table: pd.DataFrame, layout: Layout, row_of: np.ndarray, place: Callable[[int, str], str]) -> pd.DataFrame:
    """What every rating of a row shares."""
    import pandas as pd

    shared = pd.DataFrame(index=table.index)
    for role in ("clip", *OF_THE_CLIP, "rater", "axis"):
        names = layout.having(role)
        if names:
            shared[role] = _joined(table, names)
    if "axis" in shared.columns:
        shared["axis"] = shared["axis"].map({name: known_axis(name) or name for name in shared["axis"].unique()})
    if "clip" not in shared.columns:
        both = "system" in shared.columns and "source" in shared.columns
        if "path" in shared.columns and not (both and (shared["path"] == "").any()):
            shared["clip"] = shared["path"]
        elif both:
            shared["clip"] = shared["source"] + "/" + shared["system"]
        elif layout.why.startswith("nothing but numbers"):
            shared["clip"] = [f"row {row + 1}" for row in row_of]
    if layout.form == "survey" and "rater" not in shared.columns:
        shared["rater"] = [f"row {row + 1}" for row in row_of]
    for name in layout.having("mean_of"):
        shared["mean_of"] = _scores(table[name], layout, _placed(place, name))
        if (bad := ~(np.nan_to_num(shared["mean_of"].to_numpy()) >= 1)).any():
            row = int(bad.argmax())
            raise StudyError(
                f"{place(row, name)}: {table[name].iloc[row]!r} ratings behind a mean; mean_of is "
                f"{table[name].iloc[row]}, and a mean is of 1 rating or more. If it says something "
                f"else: {column_option(name, 'note')}"
            )
    for name in (*layout.having("about_clip"), *layout.having("about_rating")):
        shared[kept_as(name)] = table[name]
    return shared


def kept_as(name: str) -> str:
    """What a further column is called, so that it takes no other's place."""
    return f"{name} (as found)" if name in _OWN or not name.strip() else name


def _joined(table: pd.DataFrame, names: list[str]) -> pd.Series:
    joined = table[names[0]]
    for name in names[1:]:
        joined = joined + "/" + table[name]
    return joined


def one_name(name: str) -> str:
    """What all spellings of a clip's name have in common: composed letters, slashes, no ending of a sound file, no case
    of the ending.
    """
    text = name if name.isascii() else unicodedata.normalize("NFC", name)
    text = text.replace("\\", "/")
    stem, dot, ending = text.rpartition(".")
    return stem if dot and f".{ending.lower()}" in AUDIO_ENDINGS else text


def clips_of(melted: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Divides what was melted into the clips table and the ratings table.

    A clip's name under several systems is as many clips, ``system/clip``; a clip with two spellings of its ending is
    one; what varies within a clip is a note about the rating.

    Returns:
        Clips, ratings, and notes about names that were changed.
    """
    import pandas as pd

    notes: list[str] = []
    codes, found = pd.factorize(melted["clip"])
    names = found.astype(object)  # Arrow's text is slow to walk through
    spelt: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        spelt.setdefault(one_name(name), []).append(place)
    twice = {key: places for key, places in spelt.items() if len(places) > 1}
    if twice:
        counts = np.bincount(codes, minlength=len(names))
        new = np.array(names)
        merged = 0
        for places in twice.values():
            ends = {
                names[p].rpartition(".")[2].lower()
                for p in places
                if one_name(names[p]) != unicodedata.normalize("NFC", names[p]).replace("\\", "/")
            }
            if len(ends) > 1:  # a.wav and a.mp3 are two recordings
                continue
            best = max(places, key=lambda p: (names[p].rpartition(".")[2].lower() in ends, counts[p]))
            for place in places:
                merged += int(place != best)
                new[place] = names[best]
        if merged:
            melted = melted.assign(clip=new[codes])
            notes.append(f"{merged} clips were spelt in two ways (ending, accents or slashes) and were read as one")
    if "system" in melted.columns:
        pairs = melted[["clip", "system"]].drop_duplicates()
        if len(pairs) > pairs["clip"].nunique():
            melted = melted.assign(clip=melted["system"] + "/" + melted["clip"])
            notes.append("the same clips stand under several systems; each is called system/clip")
    kept = map(kept_as, layout.having("about_clip"))
    described = [key for key in (*OF_THE_CLIP, *kept) if key in melted.columns]
    codes, _ = pd.factorize(melted["clip"])
    varies = [key for key in described if key != "system" and _varies(melted[key], codes)]
    for key in varies:
        if key in OF_THE_CLIP:
            melted = melted.rename(columns={key: f"{key} (as found)"})
            notes.append(f"{key!r} is not the same in all rows of a clip, and was kept with the ratings")
    described = [key for key in described if key not in varies]
    clips = melted.drop_duplicates("clip")[["clip", *described]].reset_index(drop=True)
    first_four = [key for key in ("clip", "rater", "axis", "score") if key in melted.columns]
    rest = [key for key in melted.columns if key not in (*first_four, *described)]
    return clips, melted[[*first_four, *rest]], notes


def _varies(cells: pd.Series, clip: np.ndarray) -> bool:
    import pandas as pd

    values, _ = pd.factorize(cells)
    first = np.full(clip.max() + 1 if len(clip) else 0, -1)
    first[clip[::-1]] = values[::-1]
    return bool((values != first[clip]).any())
