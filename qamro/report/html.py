"""A comparison as one HTML file: contents, sections, and what it all rests on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.figures.page import figure_place, write_page
from qamro.report.html_table import html_table
from qamro.report.provenance import provenance
from qamro.report.section import Figure, Section, Table
from qamro.report.words import listeners

if TYPE_CHECKING:
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
    sections = []
    for section in comparison.sections():
        sections.append(section)
        if on_section is not None:
            on_section(section.title)
    title = f"{comparison.study.name}: predicted against {listeners(comparison.study)}"
    if comparison.without:
        title += f", {comparison.without}"
    body = [f"<header><h1>{escape(title)}</h1>", _warning(comparison), "</header>"]
    contents = _contents(sections, comparison.without)
    body.append(f'<nav class="contents" aria-label="Contents"><ul>{contents}</ul></nav><main>')
    body += [section_html(section) for section in sections]
    body.append(_provenance(comparison))
    body.append("</main>")
    path = Path(path)
    write_page(path, title, "\n".join(body))
    return path


def _warning(comparison: Comparison) -> str:
    if comparison.study.kind != "simulated":
        return ""
    return "<p><strong>The listeners are simulated: a demonstration, not evidence.</strong></p>"


def _contents(sections: Sequence[Section], without: str) -> str:
    """One line a part of the page; the sections of an axis share a line."""
    lines: dict[str, list[str]] = {}
    for key, title in [*((each.id, each.title) for each in sections), ("provenance", "What this rests on")]:
        axis, colon, rest = title.removesuffix(f", {without}").partition(": ")
        lines.setdefault(axis, []).append(f'<a href="#{key}">{escape(rest if colon else axis)}</a>')
    return "".join(
        f"<li>{parts[0]}</li>" if len(parts) == 1 else f"<li>{escape(axis)}: {' · '.join(parts)}</li>"
        for axis, parts in lines.items()
    )


def section_html(section: Section) -> str:
    """Returns a section for ``figures.page.write_page``: sentences, figures, tables."""
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in section.sentences)
    parts = [f'<section id="{section.id}"><h2>{escape(section.title)}</h2>']
    parts.append(f"<ul>{sentences}</ul>" if sentences else "")
    parts += [_figure(each) if isinstance(each, Figure) else _table(each) for each in section]
    return "\n".join([*parts, "</section>"])


def _figure(figure: Figure) -> str:
    # Names on both sides leave a slope chart no room on a narrow screen.
    place = figure_place(figure.id, figure.figure, figure.alt, wide=figure.id.endswith("ranking"))
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
