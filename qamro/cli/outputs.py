"""Where a verb writes, and how: whole files, rows one by one, a folder of heads, or a table in the terminal."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.table import Table
from rich.text import Text

from qamro.cli.console import safe
from qamro.csvtext import csv_line
from qamro.domains import OUTSIDE, UNKNOWN


def check_writable(out: Path) -> None:
    """Finds out before an hour of computing whether a file or folder can be written.

    Raises:
        PermissionError: It cannot.
    """
    there = out.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not os.access(there, os.W_OK) or (there != out.absolute() and not there.is_dir()):
        raise PermissionError(f"--out {out} cannot be written; choose another place")


@contextmanager
def written_to(out: Path) -> Iterator[None]:
    """Names what is written when the disk refuses; the system's own message names no file when the disk is full.

    Raises:
        OSError: The disk refuses.
    """
    try:
        yield
    except OSError as problem:
        why = problem.strerror or problem
        raise OSError(f"{out} cannot be written ({why}); make space there, or choose another --out") from problem


# Where a training verb writes: a folder of the user's, a name among the saved predictors, or both.


@dataclass(frozen=True)
class Destination:
    """Where what is trained goes.

    Attributes:
        folder: Where it is written, and where a killed run goes on.
        name: What it is then saved as; empty for nothing.
        replace: Whether what has that name may go.
        passing: Whether the folder is removed when it is saved.
    """

    folder: Path
    name: str = ""
    replace: bool = False
    passing: bool = False

    def finish(self, what: str, predict: str) -> str:
        """Saves what was trained, if it is to have a name, and says in a line where it is and how to score with it.

        Args:
            what: What was written, for the line.
            predict: The options of ``predict`` that take the folder.

        Raises:
            ValueError: Somebody has taken the name meanwhile.
            OSError: The disk is full, or the folder may not be written.
        """
        lines = []
        if not self.passing:
            lines.append(f"{what} written to {self.folder}; score with `python -m qamro {predict} {self.folder} ...`")
        if self.name:
            from qamro.predictors.saved import NameTakenError, save_folder

            try:
                key = save_folder(self.folder, self.name, overwrite=self.replace).key
            except NameTakenError as problem:
                raise ValueError(
                    f"{problem} since this training began; what was trained is in {self.folder}"
                ) from problem
            if self.passing:
                shutil.rmtree(self.folder)
            how = f"score with `python -m qamro predict --predictor {key} ...`"
            lines.append(f"saved as {key}, which the app's Predict tab offers, too; {how}")
        return "\n".join(lines)


def destination(out: Path | None, save: str, *, replace: bool) -> Destination:
    """Settles where to write, before anything is trained.

    Args:
        out: The option ``--out``; without it, training happens below the cache.
        save: The option ``--save``; empty for none.
        replace: Whether what has that name may go.

    Raises:
        ValueError: There is neither, the name cannot be used, or it is taken.
    """
    if not save:
        if out is None:
            raise ValueError("say where to write: --out FOLDER, or --save NAME for a predictor of that name")
        return Destination(out)
    from qamro.paths import cache_path
    from qamro.predictors.saved import NameTakenError, check_free
    from qamro.predictors.saved_card import clean_name

    try:
        name = clean_name(save) if replace else check_free(save)
    except NameTakenError as problem:
        raise ValueError(f"{problem}; choose another name for --save, or say --replace") from problem
    return Destination(out or cache_path("unfinished", name), name, replace, passing=out is None)


# Writes a table row by row, so that what was written stays when the run is interrupted.

DIGITS = 6


class RowWriter:
    """A CSV file that grows row by row and gets its name when it is closed.

    Rows go to ``NAME.part`` and reach the disk one by one; closing renames it to ``NAME``, also after an interruption,
    as long as there is a row. After a kill, ``NAME.part`` is what there is. An older ``NAME`` stays until then.

    Text is written as it is, quoted where CSV needs it. A clip may be called ``=x`` or ``-T4G.wav``; changing that
    would break the join with its ratings. A spreadsheet that runs such cells as formulas should import them as text.
    """

    def __init__(self, path: Path, columns: Iterable[str]) -> None:
        """Opens the file.

        Args:
            path: The final name; its folder is made.
            columns: The header.

        Raises:
            OSError: The file cannot be written.
        """
        self.path = path
        self.rows = 0
        self._part = path.with_name(path.name + ".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._columns = list(columns)
        self._file.write(csv_line(self._columns))

    def write(self, row: Mapping[str, Any]) -> None:
        """Writes a row: NaN and None become empty cells, numbers have six digits after the point at most."""
        self._file.write(csv_line(_rounded(row.get(column)) for column in self._columns))
        self._file.flush()
        self.rows += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._close()
        except OSError:  # a full disk refuses the rest of a row once more
            if kind is None:
                raise
        if self.rows or kind is None:
            os.replace(self._part, self.path)
        else:
            self._part.unlink(missing_ok=True)

    def _close(self) -> None:
        self._file.close()


class _ParquetWriter(RowWriter):
    """The same as Parquet, which is whole or not there: its rows are written when it is closed."""

    def __init__(self, path: Path, columns: Iterable[str]) -> None:
        super().__init__(path, columns)
        self._file.close()
        self._rows: list[Mapping[str, Any]] = []

    def write(self, row: Mapping[str, Any]) -> None:
        """Keeps a row."""
        self._rows.append({column: row.get(column) for column in self._columns})
        self.rows += 1

    def _close(self) -> None:
        import pyarrow as pa

        from qamro.corpora.folder import score_schema
        from qamro.studies.manifest import need_pyarrow

        need_pyarrow().write_table(pa.Table.from_pylist(self._rows, score_schema(self._columns)), self._part)


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet by its name."""
    return path.suffix.lower() == ".parquet"


def row_writer(path: Path, columns: Iterable[str]) -> RowWriter:
    """Opens what takes the rows of a score table: CSV, or Parquet where the file is called so; see ``RowWriter``."""
    return (_ParquetWriter if is_parquet(path) else RowWriter)(path, columns)


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) and math.isfinite(value) else value


# Shows the score table in the terminal, for a handful of clips and no file.


def score_table(rows: Iterable[Mapping[str, Any]], axes: Sequence[str]) -> Table:
    """Makes a table of the clips: the score on each axis with its interval below, the clip's domain, and the
    kind of its scores where clips differ in it.

    Args:
        rows: Rows of the score table; a clip that failed says so.
        axes: The axes that were scored.
    """
    from qamro.predictors.provenance import row_kinds

    table = Table("clip", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for axis in axes:
        table.add_column(axis, justify="right", no_wrap=True)
    rows = list(rows)
    told = any(row.get("domain") not in (None, "", UNKNOWN) for row in rows)
    if told:
        table.add_column("domain")
    kinds = [" ".join(row_kinds(row, axes)) for row in rows]
    mixed = len(set(filter(None, kinds))) > 1
    if mixed:
        table.add_column("scores of kind")
    for row, kind in zip(rows, kinds, strict=True):
        name = Text(safe(row["clip"]))
        if row["error"]:
            table.add_row(name, Text("failed", style="red"))
        else:
            outside = row.get("domain") == OUTSIDE
            cells = [Text(_cell(row, axis), style="dim" if outside else "") for axis in axes]
            table.add_row(
                name, *cells, *([Text(safe(row.get("domain", "")))] if told else []), *([Text(kind)] if mixed else [])
            )
    return table


def _cell(row: Mapping[str, Any], axis: str) -> str:
    value, low, high = (row.get(key, math.nan) for key in (axis, f"{axis}_low", f"{axis}_high"))
    if value is None or math.isnan(value):
        return "-"
    ends = "" if low is None or math.isnan(low) else f"\n{low:.1f}-{high:.1f}"
    return f"{value:.1f}{ends}"
