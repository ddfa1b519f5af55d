"""A comparison as one HTML file: contents, sections, tables, and what it all rests on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.figures.page import figure_place, write_page
from qamro.report.archive import provenance
from qamro.report.numbers import Figure, Section, Table
from qamro.report.words import listeners, number

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison


def write_html(comparison: Comparison, path: Path | str, on_section: Callable[[str], None] | None = None) -> Path:
    """Writes a self-contained page: interactive figures, no outside request, light and dark, printable.

    Args:
        comparison: What to show.
        path: The file; its folder is made.
        on_section: Called with each section's title once it is made, for progress; what it raises ends the writing.

    Returns:
        The path.

    Raises:
        OSError: The file cannot be written.
    """
    sections: list[tuple[str, str, Section]] = []  # with the axis and what the contents call it
    for view, axis in comparison.plan:
        section = comparison.section(view.key, axis)
        sections.append((axis, view.heading, section))
        if on_section is not None:
            on_section(section.title)
    contents = f'<nav class="contents" aria-label="Contents"><ul>{_contents(sections)}</ul></nav>'
    return _write(comparison, Path(path), contents, [section for _, _, section in sections])


def write_view(comparison: Comparison, section: Section, path: Path | str) -> Path:
    """Writes a page of one section, with what it rests on; see ``write_html``."""
    return _write(comparison, Path(path), "", [section])


def _write(comparison: Comparison, path: Path, contents: str, sections: Sequence[Section]) -> Path:
    title = f"{comparison.study.name}: predicted against {listeners(comparison.study)}"
    if comparison.without:
        title += f", {comparison.without}"
    body = [f"<header><h1>{escape(title)}</h1>", _warning(comparison), f"</header>{contents}<main>"]
    body += [section_html(section) for section in sections]
    body += [_provenance(comparison), "</main>"]
    write_page(path, title, "\n".join(body))
    return path


def _warning(comparison: Comparison) -> str:
    if comparison.study.kind != "simulated":
        return ""
    return "<p><strong>The listeners are simulated: a demonstration, not evidence.</strong></p>"


def _contents(sections: Sequence[tuple[str, str, Section]]) -> str:
    """One line a part of the page; the sections of an axis share a line."""
    lines: dict[tuple[str, str], list[str]] = {}  # one for each axis, or for a section that is about all of them
    for axis, heading, section in sections:
        link = f'<a href="#{section.id}">{escape(heading)}</a>'
        lines.setdefault((axis, "" if axis else section.id), []).append(link)
    lines["", "provenance"] = ['<a href="#provenance">What this rests on</a>']
    return "".join(
        f"<li>{escape(axis)}: {' · '.join(parts)}</li>" if axis else f"<li>{parts[0]}</li>"
        for (axis, _), parts in lines.items()
    )


def section_html(section: Section) -> str:
    """Returns a section for ``figures.page.write_page``: sentences, figures, tables."""
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in section.sentences)
    parts = [f'<section id="{section.id}"><h2>{escape(section.title)}</h2>']
    parts.append(f"<ul>{sentences}</ul>" if sentences else "")
    parts += [_figure(each) if isinstance(each, Figure) else _table(each) for each in section]
    return "\n".join([*parts, "</section>"])


def _figure(figure: Figure) -> str:
    place = figure_place(figure.id, figure.figure, figure.alt, wide=figure.wide)
    return f"<figure><h3>{escape(figure.title)}</h3>{place}<figcaption>{escape(figure.note)}</figcaption></figure>"


def _table(table: Table) -> str:
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    rows = html_table(table.frame, table.title)
    return f'<div class="table" id="{table.id}"><h3>{escape(table.title)}</h3>{rows}{note}</div>'


def _provenance(comparison: Comparison) -> str:
    parts = ['<section id="provenance"><h2>What this rests on</h2>']
    for title, entries in provenance(comparison).items():
        if not entries:
            continue
        rows = "".join(
            f"<dt>{escape(str(key))}</dt><dd>{escape(_written(value))}</dd>" for key, value in entries.items()
        )
        parts.append(f"<h3>{escape(title.capitalize())}</h3><dl>{rows}</dl>")
    return "\n".join([*parts, "</section>"])


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_written(part)}" for key, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value)


# A table as HTML.

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
    columns = [name for name in frame.columns if frame[name].map(_written_cell).astype(bool).any()]
    part = frame[columns].head(shown)
    kinds = {name: _kind(frame[name]) for name in columns}
    head = "".join(
        f'<th scope="col" class="{kinds[name]}">{escape(str(name).replace("_", " "))}</th>' for name in columns
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td class="{kinds[name]}">{escape(_written_cell(cell))}</td>'
            for name, cell in zip(columns, row, strict=True)
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
    return "text" if column.map(_written_cell).str.len().max() > _LONG else "short"


def _written_cell(value: Any) -> str:
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
