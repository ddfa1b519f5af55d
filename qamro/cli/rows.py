"""Writes a table row by row, so that what was written stays when the run is interrupted."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from qamro.csvtext import csv_line

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

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError:  # a full disk refuses the rest of a row once more
            if kind is None:
                raise
        if self.rows or kind is None:
            os.replace(self._part, self.path)
        else:
            self._part.unlink(missing_ok=True)


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) and math.isfinite(value) else value
