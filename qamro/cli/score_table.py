"""Shows the score table in the terminal, for a handful of clips and no file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from qamro.cli.console import safe


def score_table(rows: Iterable[Mapping[str, Any]], axes: Sequence[str]) -> Table:
    """Makes a table of the clips: the score on each axis and, below it, its interval.

    Args:
        rows: Rows of the score table; a clip that failed shows why.
        axes: The axes that were scored.
    """
    table = Table("clip", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for axis in axes:
        table.add_column(axis, justify="right", no_wrap=True)
    for row in rows:
        name = Text(safe(row["clip"]))
        if row["error"]:
            table.add_row(name, Text("failed", style="red"))
        else:
            table.add_row(name, *(_cell(row, axis) for axis in axes))
    return table


def _cell(row: Mapping[str, Any], axis: str) -> str:
    value, low, high = (row.get(key, math.nan) for key in (axis, f"{axis}_low", f"{axis}_high"))
    if value is None or math.isnan(value):
        return "-"
    ends = "" if low is None or math.isnan(low) else f"\n{low:.1f}-{high:.1f}"
    return f"{value:.1f}{ends}"
