"""One line of CSV that reads back as it was written, whatever the text holds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

_SPECIAL = frozenset(',"\r\n')


def csv_line(cells: Iterable[Any]) -> str:
    r"""Returns cells as one line of CSV (RFC 4180, but for the line's end, which is a line feed).

    None and NaN become empty cells. Text is quoted where it holds a comma, a quote, a line break or outer blanks (the
    standard library leaves a lone carriage return bare, which its reader takes for the end of the row). Text that a
    spreadsheet would run as a formula stays as it is: names must join with their ratings.

    Example:
        >>> csv_line(["a,b", 1.5, None, " x"])
        '"a,b",1.5,," x"\n'
    """
    return ",".join(map(_cell, cells)) + "\n"


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value)
    if _SPECIAL.intersection(text) or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text
