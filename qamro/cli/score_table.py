"""Shows the score table in the terminal, for a handful of clips and no file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from qamro.cli.console import safe
from qamro.domains import OUTSIDE, UNKNOWN


def score_table(rows: Iterable[Mapping[str, Any]], axes: Sequence[str]) -> Table:
    """Makes a table of the clips: the score on each axis with its interval below, and the clip's domain.

    Args:
        rows: Rows of the score table; a clip that failed says so.
        axes: The axes that were scored.
    """
    table = Table("clip", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for axis in axes:
        table.add_column(axis, justify="right", no_wrap=True)
    rows = list(rows)
    told = any(row.get("domain") not in (None, "", UNKNOWN) for row in rows)
    if told:
        table.add_column("domain")
    for row in rows:
        name = Text(safe(row["clip"]))
        if row["error"]:
            table.add_row(name, Text("failed", style="red"))
        else:
            outside = row.get("domain") == OUTSIDE
            cells = [Text(_cell(row, axis), style="dim" if outside else "") for axis in axes]
            table.add_row(name, *cells, *([Text(safe(row.get("domain", "")))] if told else []))
    return table


def _cell(row: Mapping[str, Any], axis: str) -> str:
    value, low, high = (row.get(key, math.nan) for key in (axis, f"{axis}_low", f"{axis}_high"))
    if value is None or math.isnan(value):
        return "-"
    ends = "" if low is None or math.isnan(low) else f"\n{low:.1f}-{high:.1f}"
    return f"{value:.1f}{ends}"
