"""A comparison as one HTML file: contents, sections, tables, and what it all rests on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.figures.page import figure_place, write_page
from qamro.report.archive import provenance
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.terms import explained, linked
from qamro.report.views import ABOUT, MADE, NUMBERS, SURE
from qamro.report.words import listeners, number

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison

SHOW = "Show the picture"


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
    terms: set[str] = set()
    ids = {part.id for section in sections for part in (section, *section)}
    lines = first_lines(comparison, ids, terms)
    body = [f"<header><h1>{escape(title)}</h1>", _warning(comparison), lines, "</header>"]
    body.append(f"{contents}<main>")
    body += [section_html(section, terms) for section in sections]
    body.append(_provenance(comparison))
    body.append(f'<section id="terms"><h2>Terms</h2>{explained(terms)}</section></main>')
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
    lines["", "provenance"] = [f'<a href="#provenance">{MADE}</a>']
    lines["", "terms"] = ['<a href="#terms">Terms</a>']
    return "".join(
        f"<li>{escape(axis)}: {' · '.join(parts)}</li>" if axis else f"<li>{parts[0]}</li>"
        for (axis, _), parts in lines.items()
    )


def first_lines(comparison: Comparison, ids: Collection[str], terms: set[str]) -> str:
    """The three lines that a comparison begins with, each with a link to its picture.

    Args:
        comparison: What is compared.
        ids: Of the sections, figures and tables that the page has.
        terms: Ids of the terms that are linked; those of the lines join them.
    """
    items, seen = [], set[str]()
    for line in comparison.findings():
        places = [place for place in (line.figure, line.view, slug(line.view, line.axis)) if place in ids]
        link = f' <a href="#{places[0]}" aria-label="{SHOW}: {line.about}">{SHOW}</a>' if places else ""
        items.append(f"<li>{linked(line.text, seen)}{link}</li>")
    terms |= seen
    return f'<ol class="findings">{"".join(items)}</ol>'


def section_html(section: Section, terms: set[str] | None = None) -> str:
    """Returns a section for ``figures.page.write_page``.

    One that has an answer shows it and its first figure, and folds the rest; any other shows all that it has.

    Args:
        section: What to show.
        terms: Gets the ids of the terms that are linked to a page of terms; None for a page without one.
    """
    seen = set[str]()

    def text(plain: str) -> str:
        return escape(plain) if terms is None else linked(plain, seen)

    parts = [f'<section id="{section.id}"><h2>{escape(section.title)}</h2>']
    if section.answer:
        lead, others = section.figures[:1], section.figures[1:]
        parts.append(f'<p class="answer">{text(section.answer)}</p>')
        parts += [_figure(each, "") for each in lead]
        notes = [each.note for each in lead if each.note]
        parts.append(
            _fold(SURE, [_list([*section.further, *notes], text), *[_figure(e, text(e.note)) for e in others]])
        )
        parts.append(_fold(NUMBERS, [_table(each, text(each.note)) for each in section.tables]))
    else:
        parts.append(_list(section.sentences, text))
        parts += [_figure(each, text(each.note)) for each in section.figures]
        parts += [_table(each, text(each.note)) for each in section.tables]
    parts.append(_fold(ABOUT, [_list(section.about, text)]))
    if terms is not None:
        terms |= seen
    return "\n".join([*filter(None, parts), "</section>"])


def _list(texts: Sequence[str], write: Callable[[str], str]) -> str:
    items = "".join(f"<li>{write(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def _fold(title: str, parts: Sequence[str]) -> str:
    body = "\n".join(filter(None, parts))
    return f"<details><summary>{escape(title)}</summary>{body}</details>" if body else ""


def _figure(figure: Figure, note: str) -> str:
    place = figure_place(figure.id, figure.figure, figure.alt, wide=figure.wide)
    caption = f"<figcaption>{note}</figcaption>" if note else ""
    return f"<figure><h3>{escape(figure.title)}</h3>{place}{caption}</figure>"


def _table(table: Table, note: str) -> str:
    told = f'<p class="note">{note}</p>' if note else ""
    rows = html_table(table.frame[table.shown], table.title, scales=table.scales)
    return f'<div class="table" id="{table.id}"><h3>{escape(table.title)}</h3>{rows}{told}</div>'


def _provenance(comparison: Comparison) -> str:
    parts = [f'<section id="provenance"><h2>{MADE}</h2>']
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


def html_table(frame: pd.DataFrame, caption: str, shown: int = SHOWN, scales: Mapping[str, str] | None = None) -> str:
    """Returns a table; columns that are empty throughout are left out, numbers have four digits that count.

    Args:
        frame: The rows.
        caption: What a reader who does not see the table is told.
        shown: How many rows.
        scales: For columns of scores, the scale that they are on.
    """
    scales = scales or {}
    columns = [name for name in frame.columns if frame[name].map(_written_cell).astype(bool).any()]
    part = frame[columns].head(shown)
    kinds = {name: _kind(frame[name]) for name in columns}
    head = "".join(
        f'<th scope="col" class="{kinds[name]}">{escape(str(name).replace("_", " "))}'
        + (f" <small>({escape(scales[name])})</small>" if name in scales else "")
        + "</th>"
        for name in columns
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
