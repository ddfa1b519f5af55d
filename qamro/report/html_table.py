"""A table as HTML."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from qamro.report.words import number

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 60
"""Rows of a table that the page shows; all of them are in the zip."""

_LONG = 28


def html_table(frame: pd.DataFrame, caption: str, shown: int = SHOWN) -> str:
    """Returns a table; columns that are empty throughout are left out, numbers have four digits that count.

    Args:
        frame: The rows.
        caption: What a reader who does not see the table is told.
        shown: How many rows.
    """
    columns = [name for name in frame.columns if frame[name].map(_written).astype(bool).any()]
    part = frame[columns].head(shown)
    kinds = {name: _kind(frame[name]) for name in columns}
    head = "".join(
        f'<th scope="col" class="{kinds[name]}">{escape(str(name).replace("_", " "))}</th>' for name in columns
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td class="{kinds[name]}">{escape(_written(cell))}</td>' for name, cell in zip(columns, row, strict=True)
        )
        + "</tr>"
        for row in part.itertuples(index=False, name=None)
    )
    more = f'<p class="note">The first {shown:,} of {len(frame):,} rows.</p>' if len(frame) > shown else ""
    place = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
    return f"{place}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}"


def _kind(column: pd.Series) -> str:
    import pandas as pd

    if pd.api.types.is_bool_dtype(column):
        return "short"
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    return "text" if column.map(_written).str.len().max() > _LONG else "short"


def _written(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return "yes" if value else "no"
    if isinstance(value, float):
        if math.isinf(value) or value == int(value):
            return number(value, 0)
        if abs(value) < 1e-4:
            return f"{value:.1e}".replace("-", "−")
        return number(value, max(0, min(4, 3 - math.floor(math.log10(abs(value))))))
    return str(value)
