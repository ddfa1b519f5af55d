"""Reads predictions: a score table of ours, what other models write (CSV, JSON, JSON lines), lists without a header."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qamro.studies.importers.cells import decimal_of, listed, look, number_of, scales_in, shown, sums_in
from qamro.studies.importers.forms import musiceval
from qamro.studies.importers.names import is_quality, is_truth, role_of
from qamro.studies.importers.table import Parsing, Sheet, open_sheet
from qamro.studies.importers.words import words_of
from qamro.studies.tables import BLANKS, StudyError, numbers

if TYPE_CHECKING:
    import pandas as pd

TEXT = ("clip", "path", "system", "prompt", "domain", "error")
_NOT_AXES = (*TEXT, "seconds")
_TOLD = ("source", "kind", "encoder", "study", "hash", "calibrated", "calibrationhash", "fold", "domain")
"""What a table tells of its axes in columns such as ``source_MI``: text, whatever it looks like."""

_MEASURES = frozenset(
    [
        "index",
        "idx",
        "rank",
        "order",
        "position",
        "row",
        "duration",
        "dauer",
        "seconds",
        "sec",
        "secs",
        "ms",
        "time",
        "timestamp",
        "date",
        "length",
        "year",
        "samplerate",
        "hz",
        "sr",
        "hops",
        "size",
        "bytes",
        "std",
        "sd",
        "sem",
        "ci",
        "var",
        "rtf",
        "speed",
        "num",
        "n",
        "count",
        "epoch",
        "step",
        "seed",
        "fold",
        "loss",
        "batch",
    ]
)
_UNNAMED = "quality"
"""What the axis of a list without a header is called: as in a list of ratings without one."""


def read_predictions(path: Path | str, parsing: Parsing | None = None, *, clip_column: str = "") -> pd.DataFrame:
    """Reads predicted scores.

    Without a header, a name and a number are one axis, ``quality``; a name and two numbers MusicEval's answer form,
    ``clip,MI,TA``. With one, a column names the clip: ``clip``, one that is called like it, or the only one whose cells
    are sound files. Every other column in which some cell is a number is numeric and must be so throughout (empty means
    not scored).

    Args:
        path: A table in CSV, Excel, JSON, JSON lines or Parquet.
        parsing: How it is cut into cells, where somebody knows.
        clip_column: The column that names the clips, where somebody says it.

    Returns:
        The file's columns; text columns as text, the others as floats with NaN for empty cells.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: There is no column ``clip``, no column of scores, a clip stands twice or has no name, or a cell is
            not a number; names file, row and column.
    """
    path = Path(path)
    sheet = open_sheet(path, parsing)
    if sheet.problem:
        raise StudyError(sheet.problem)
    table = _with_clip(sheet, clip_column)
    if sheet.source == "json":  # {"scores": {"MI": 3}}
        bare = {name: re.sub(r"^(?:score|rating|prediction|result|output)s?[.]", "", name) for name in map(str, table)}
        if len(set(bare.values())) == len(bare):
            table = table.rename(columns=bare)
    if sums := sums_in(table["clip"].tolist()):
        table = table[: -len(sums)].copy()
    if table.empty:
        raise StudyError(f"{path} has no row below its header ({listed(sheet.header, 8)})")
    decimal = decimal_of(table)
    _without_units(table, decimal)
    told = {f"{part}_{name}" for part in _TOLD for name in table.columns}
    for column in _number_columns(table, decimal):
        if column not in TEXT and column not in told:
            table[column] = numbers(table, column, path, empty=True, decimal=decimal)
    _one_row_a_clip(table, path)
    if not score_columns(table):
        words = [n for n in map(str, table.columns) if n not in TEXT and is_rated_by_name(n)]
        if words:
            cell = next((cell for cell in table[words[0]] if cell), "")
            raise StudyError(
                f"{path}, column {words[0]!r} holds no numbers, but {shown(cell)}; predictions are numbers"
            )
        raise StudyError(
            f"{path} has no column of scores; it has {listed(table.columns)}. Name each by its axis, for example MI"
        )
    return table


def is_rated_by_name(name: str) -> bool:
    """Whether a column is one of scores by its name."""
    return is_quality(name) or role_of(name) in ("rating", "prediction")


def _without_units(table: pd.DataFrame, decimal: str) -> None:
    """Puts plain numbers into columns whose cells are all percents, or all of one share: ``87 %``, ``4/5``."""
    for name in map(str, table.columns):
        cells = [cell for cell in table[name].unique() if cell.lower() not in BLANKS]
        units = scales_in(cells[:1])
        if name in TEXT or len(units) != 1 or not next(iter(units)).startswith(("%", "/")) or scales_in(cells) != units:
            continue
        values = {cell: number_of(cell, decimal) for cell in cells}
        if np.isfinite(list(values.values())).all():
            table[name] = [
                f"{values[cell]:.15g}".replace(".", decimal) if cell in values else cell for cell in table[name]
            ]


def is_parts(path: Path | str) -> bool:
    """Whether this is a folder of scores in parts, as ``predict`` writes for a corpus."""
    path = Path(path)
    return path.is_dir() and any(path.glob("part-*.parquet"))


def read_parts(folder: Path | str, keep: Callable[[str, str], bool] | None = None) -> pd.DataFrame:
    """Reads the scores of a corpus batch by batch; only rows that are kept are ever in memory together.

    Args:
        folder: Holds ``part-….parquet``.
        keep: Gets a row's clip and path; None keeps all.

    Returns:
        A score table without the columns ``prompt`` and ``seconds``; ``attrs["rows"]`` says how many there are.

    Raises:
        ImportError: pyarrow is not installed.
        StudyError: The parts are of no score table, or a clip stands twice.
    """
    import pandas as pd

    try:
        import pyarrow.parquet as pq
    except ImportError as problem:
        raise ImportError("a folder of scores needs pyarrow: pip install 'qamro[corpora]'") from problem
    folder = Path(folder)
    kept: list[pd.DataFrame] = []
    rows = 0
    for file in sorted(folder.glob("part-*.parquet")):
        try:
            part = pq.ParquetFile(file)
            names = [name for name in part.schema_arrow.names if name not in ("prompt", "seconds")]
            if not {"clip", "path"} <= set(names):
                raise StudyError(f"{file} has no columns clip and path; is it a part of scores?")
            for batch in part.iter_batches(10_000, columns=names):
                rows += len(batch)
                if keep is not None:
                    pairs = zip(batch.column("clip").to_pylist(), batch.column("path").to_pylist(), strict=True)
                    wanted = np.fromiter((keep(clip or "", path or "") for clip, path in pairs), bool, len(batch))
                    batch = batch.filter(wanted)  # noqa: PLW2901
                if len(batch) or not kept:
                    kept.append(batch.to_pandas())
        except (OSError, ValueError) as problem:
            raise StudyError(f"{file} cannot be read: {problem}") from problem
    table = pd.concat(kept, ignore_index=True)
    for name in table.columns:
        if isinstance(table[name].dtype, pd.CategoricalDtype):
            table[name] = table[name].astype(str)
    _one_row_a_clip(table, folder)
    table.attrs["rows"] = rows
    return table


def score_columns(table: pd.DataFrame) -> list[str]:
    """Returns the columns of a score table that are predicted axes.

    Numbers that are no interval, no length, no counter and no text: a column of numbers under the name of an index, a
    duration, a rank or an id is no prediction, nor is what listeners said beside a model's column.
    """
    import pandas as pd

    names = [str(column) for column in table.columns]
    if any(role_of(name) == "prediction" for name in names):  # what listeners said beside it is none
        names = [name for name in names if not is_truth(name)]
    ends = {f"{name}_{end}" for name in names for end in ("low", "high")}
    return [
        name
        for name in names
        if name not in _NOT_AXES
        and name not in ends
        and pd.api.types.is_numeric_dtype(table[name])
        and not _is_no_score(name, table[name])
    ]


def _number_columns(table: pd.DataFrame, decimal: str) -> list[str]:
    """Returns the columns of text in which some cell is a number, or all are empty."""
    found = []
    for name in map(str, table.columns):
        text = table[name].str.replace(decimal, ".", regex=False) if decimal != "." else table[name]
        if _some_number(text) or text.isin(["", "nan", "NaN"]).all():
            found.append(name)
    return found


def _some_number(text: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.to_numeric(text, errors="coerce").notna().any())


def _is_no_score(name: str, values: pd.Series) -> bool:
    """Whether a column of numbers is something else by its name, or counts the rows under no name."""
    told = values.to_numpy(float)
    if not name.strip() or name.lower().startswith("unnamed"):
        return True
    role = role_of(name)
    if {"id", "ids", "uuid"} & set(words_of(name)):
        return True
    if is_quality(name) or role == "prediction":
        return False
    counts = len(told) > 2 and told[0] in (0, 1) and bool((np.diff(told) == 1).all())
    return role == "id" or bool(_MEASURES & set(words_of(name))) or (counts and role != "rating")


def _with_clip(sheet: Sheet, said: str = "") -> pd.DataFrame:
    """Returns the table with the only column that names clips, such as ``file`` or ``wav_name``, called ``clip``.

    Raises:
        StudyError: None does, or several do.
    """
    table = sheet.frame.copy()
    names = list(sheet.header)
    if said:
        if said not in names:
            raise StudyError(f"{sheet.path} has no column {said!r}, as --clip-column says; it has {listed(names)}")
        return table.drop(columns="clip" if said != "clip" and "clip" in names else []).rename(columns={said: "clip"})
    if sheet.headless:
        first = [cells[0] for cells in sheet.columns.values() if len(cells)]
        if len(names) == 2:
            return table.set_axis(["clip", _UNNAMED], axis=1)
        if musiceval.is_list(first) or musiceval.recognises(first):
            return table.set_axis(["clip", *musiceval.AXES], axis=1)
    if "clip" in names:
        return table
    named = [name for name in names if role_of(name) == "clip" and "ref" not in words_of(name)]
    named = named or [name for name in names if role_of(name) == "path"]
    if len(named) != 1:
        facts = {name: look(table[name], ".") for name in names}
        sounds = [name for name in named or names if facts[name].sounds]
        exact = [
            n for n in named if words_of(n) in {("file", "name"), ("file",), ("wav",), ("deg",)} and facts[n].sounds
        ]
        keys = [name for name in names if words_of(name) in {("key",), ("id",), ("name",)} and not facts[name].repeats]
        first = [n for n in names if not n.strip() and not facts[n].numeric and not facts[n].repeats]
        named = (
            sounds if len(sounds) == 1 else exact[:1] or (keys[:1] if not named else []) or (first if not named else [])
        )
    if len(named) == 1:
        return table.rename(columns={named[0]: "clip"})
    told = listed(names)
    if all(map(_some_number, (table[name] for name in names))):
        raise StudyError(f"{sheet.path} names no clips; it has {told}, which are numbers. Add a column 'clip'")
    raise StudyError(
        f"{sheet.path} has no column 'clip'; it has {told}. Call the one that names the clips 'clip', or name "
        f"it with --clip-column {shlex.quote(_likeliest(table))}"
    )


def _likeliest(table: pd.DataFrame) -> str:
    """The column whose cells are least like numbers and most unlike each other."""
    names = [name for name in map(str, table.columns) if len(name) < 200]
    return max(names, key=lambda name: (not _some_number(table[name]), table[name].nunique()), default="NAME")


def _one_row_a_clip(table: pd.DataFrame, path: Path) -> None:
    empty = (table["clip"] == "").to_numpy()
    if empty.any():
        raise StudyError(f"{path}, row {int(empty.argmax()) + 1}, column 'clip' is empty; every row names its clip")
    twice = table["clip"].duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise StudyError(f"{path}, row {row + 1}: clip {table['clip'].iloc[row]!r} stands twice; keep one row a clip")
