"""One correction from the page, applied to the layout of what was brought along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qamro.studies.importers.archive import naming
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.options import Options
from qamro.studies.importers.reading import guess
from qamro.studies.importers.scales import ScaleMap
from qamro.studies.importers.table import Parsing
from qamro.ui.bring.desk import Brought
from qamro.ui.bring.texts import Bring as T


def corrected(brought: Brought, change: Mapping[str, Any]) -> tuple[Brought, Layout]:
    """Returns the files and the layout after one correction.

    Args:
        brought: The files with their layout.
        change: What was changed (``change``) and to what; anything else in it is not looked at.

    Raises:
        ValueError: The correction cannot be made; says why.
    """
    layout = brought.layout
    if layout is None:
        raise ValueError(T.NOTHING)
    match change.get("change"):
        case "column":
            given = {key: str(change[key]).strip() for key in ("axis", "rater", "clip") if change.get(key) is not None}
            layout = layout.with_column(str(change.get("column")), str(change.get("role")), **given)
        case "headers":
            layout = layout.with_headers_as(str(change.get("headers")))
        case "form":
            with naming(brought.folder, ""):
                layout = guess(brought.folder, form=str(change.get("form")), file=next(iter(layout.files), ""))
        case "file":
            with naming(brought.folder, ""):
                layout = guess(brought.folder, file=str(change.get("file")))
        case "missing":
            layout = replace(layout, missing=tuple(map(float, change.get("scores") or ())))
        case "header":
            parsing = Parsing(header=int(change.get("lines", 1)))
            with naming(brought.folder, ""):
                file = next(iter(layout.files), "")
                layout = guess(brought.folder, file=file, options=Options(parsing=parsing))
        case "scale":
            layout = layout.with_scale(str(change.get("axis")), _scale(change), str(change.get("rater") or ""))
        case "name":
            layout = layout.with_name(str(change.get("axis")), str(change.get("name") or ""))
        case "pseudonyms":
            layout = replace(layout, pseudonyms=bool(change.get("on")))
        case "by_rater":
            brought = replace(brought, by_rater=bool(change.get("on")))
            layout = replace(layout, scales={})
    return brought, layout


def _scale(change: Mapping[str, Any]) -> ScaleMap | None:
    """Reads a scale; None where none is declared."""
    used, wanted = change.get("from"), change.get("to")
    if not used:
        return None
    try:
        low, high = map(float, used)
        to_low, to_high = map(float, wanted or used)
    except (TypeError, ValueError) as problem:
        raise ValueError(T.NO_SCALE) from problem
    return ScaleMap(low, high, to_low, to_high)
