"""Reads predictions: a score table of ours, any CSV with a column ``clip``, or a headerless answer file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qamro.studies.importers import musiceval
from qamro.studies.importers.columns import decimal_of
from qamro.studies.importers.roles import role_by_name
from qamro.studies.tables import delimiter_of, first_row, need, numbers, read_table
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

TEXT = ("clip", "path", "system", "prompt", "domain", "error")
_NOT_AXES = (*TEXT, "seconds")


def read_predictions(path: Path | str) -> pd.DataFrame:
    """Reads predicted scores.

    Without a header the file is taken for MusicEval's answer form, ``clip,MI,TA``. With one, ``clip`` is needed
    (or one column that is called like it, such as ``file``); columns are separated by commas, semicolons or tabs; every
    other column in which some cell is a number is numeric and must be so throughout (empty means not scored).

    Args:
        path: The CSV file.

    Returns:
        The file's columns; text columns as text, the others as floats with NaN for empty cells.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: There is no column ``clip``, no column of scores, a clip stands twice or has no name, or a cell is
            not a number; names file, row and column.
    """
    path = Path(path)
    delimiter = delimiter_of(path)
    headerless = musiceval.recognises(first_row(path, delimiter=delimiter))
    columns = ["clip", *musiceval.AXES] if headerless else None
    table = _with_clip(read_table(path, columns=columns, delimiter=delimiter))
    need(table, ["clip"], path)
    decimal = decimal_of(table)
    for column in table.columns:
        if column not in TEXT and not str(column).startswith("source_") and _some_numbers(table[column], decimal):
            table[column] = numbers(table, column, path, empty=True, decimal=decimal)
    _one_row_a_clip(table, path)
    if not score_columns(table):
        raise StudyError(
            f"{path} has no column of scores; it has {', '.join(map(str, table.columns))}. Name each by its axis, "
            "for example MI"
        )
    return table


def score_columns(table: pd.DataFrame) -> list[str]:
    """Returns the columns of a score table that are predicted axes: numbers that are no interval, length or text."""
    import pandas as pd

    names = [str(column) for column in table.columns]
    ends = {f"{name}_{end}" for name in names for end in ("low", "high")}
    return [
        name
        for name in names
        if name not in _NOT_AXES and name not in ends and pd.api.types.is_numeric_dtype(table[name])
    ]


def _with_clip(table: pd.DataFrame) -> pd.DataFrame:
    """Calls the only column that names clips, such as ``file`` or ``wav_name``, by that name."""
    named = [str(name) for name in table.columns if role_by_name(str(name)) == "clip"]
    return table.rename(columns={named[0]: "clip"}) if "clip" not in table.columns and len(named) == 1 else table


def _some_numbers(column: pd.Series, decimal: str) -> bool:
    import pandas as pd

    text = column.str.strip().str.replace(decimal, ".", regex=False)
    return bool(pd.to_numeric(text, errors="coerce").notna().any()) or bool(text.isin(["", "nan", "NaN"]).all())


def _one_row_a_clip(table: pd.DataFrame, path: Path) -> None:
    empty = (table["clip"] == "").to_numpy()
    if empty.any():
        raise StudyError(f"{path}, row {int(empty.argmax()) + 1}, column 'clip' is empty; every row names its clip")
    twice = table["clip"].duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise StudyError(f"{path}, row {row + 1}: clip {table['clip'].iloc[row]!r} stands twice; keep one row a clip")
