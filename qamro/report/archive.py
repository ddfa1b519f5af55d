"""A comparison as a zip of CSV files, one a table, with a note of what they rest on."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.csvtext import csv_line
from qamro.report.provenance import provenance

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison

_README = """{title}

One CSV a table, in UTF-8, values separated by commas, a header in the first row; an empty cell is a number that does
not exist, and the column "note" says why. provenance.json says what the numbers rest on: data with its hash, options,
seeds, versions, and what made each predictor's scores.

Names are written as they are, so that they still join with your data. A name that begins with = + - or @ is a formula
to a spreadsheet: import such files with their columns as text.

{tables}
"""


def write_zip(comparison: Comparison, path: Path | str, on_section: Callable[[str], None] | None = None) -> Path:
    """Writes every table of a comparison as CSV into one zip, with a README and ``provenance.json``.

    Args:
        comparison: What to write.
        path: The zip; its folder is made.
        on_section: Called with each section's title once it is made, for progress; what it raises ends the writing.

    Returns:
        The path.

    Raises:
        OSError: The file cannot be written.
    """
    path, told = Path(path), []
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for section in comparison.sections():
            for table in section.tables:
                archive.writestr(f"{table.id}.csv", csv_text(table.frame))
                told.append(f"{table.id}.csv\n    {table.title}. {table.note}\n")
            if on_section is not None:
                on_section(section.title)
        title = f"{comparison.study.name}: tables of a comparison {comparison.without}".strip()
        archive.writestr("README.txt", _README.format(title=title, tables="\n".join(told)).encode("utf-8", "replace"))
        everything = json.dumps(provenance(comparison), indent=1, ensure_ascii=False, default=str)
        archive.writestr("provenance.json", everything.encode("utf-8", "backslashreplace"))
    return path


def csv_text(frame: pd.DataFrame) -> bytes:
    """Returns a table as CSV, numbers with six digits that count."""
    lines = [csv_line(map(str, frame.columns))]
    lines += [csv_line(map(_cell, row)) for row in frame.itertuples(index=False, name=None)]
    return "".join(lines).encode("utf-8", "backslashreplace")


def _cell(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value
