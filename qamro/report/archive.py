"""A comparison as a zip of CSV files, with a record of what it rests on and a stamp where human ratings are missing."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.csvtext import csv_line
from qamro.domains import in_words
from qamro.evaluation.raters.model import NOTE
from qamro.figures.style import escape
from qamro.predictors.provenance import facts_of
from qamro.report.numbers import Figure, Section
from qamro.report.words import source_of
from qamro.studies.summary import study_summary
from qamro.versions import versions

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

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


# What a report rests on: data, options, software, and who made each number.

_SOFTWARE = ("scipy", "pandas", "plotly", "sureal")


def provenance(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """Returns everything that decides the numbers of a comparison, ready for JSON.

    Returns:
        ``study`` (name, kind, counts, licence, hash), ``predictors`` (by name: hash, clips joined, sources by axis in
        words and as facts, domain in words where its table tells it), ``problems``, ``options``, ``software``.
    """
    study = comparison.study
    summary = study_summary(study) | {"raters": len(set(study.ratings["rater"]) - {""}) or "anonymous"}
    if NOTE in study.about:
        summary["left_out_raters"] = list(study.about[NOTE])
    return {
        "study": summary,
        "predictors": {name: _predictor(comparison, name) for name in comparison.predictors},
        "problems": dict(comparison.problems),
        "options": comparison.options.as_dict() | {"compared_axes": comparison.axes},
        "software": versions(*_SOFTWARE),
    }


def table_hash(table: pd.DataFrame) -> str:
    """Returns a SHA-256 over a table's columns and rows in their order."""
    return hashlib.sha256(table.to_csv(index=False).encode("utf-8", "backslashreplace")).hexdigest()


def _predictor(comparison: Comparison, name: str) -> dict[str, Any]:
    table, match = comparison.predictions[name], comparison.matches[name]
    scored = [axis for axis in comparison.axes if name in comparison.numbers(axis).tables]
    columns = {axis: comparison.numbers(axis).pairs[name].predicted for axis in scored}
    told = in_words(comparison.domains(name).values())
    return {
        "hash": table_hash(table),
        "joined": len(match.rows),
        "joined_by": match.how,
        "without_a_rating": len(match.predictions_left),
        "without_a_prediction": len(match.clips_left),
        "sources": {axis: source_of(table, columns[axis]) for axis in scored},
        "facts": {axis: facts_of(table, columns[axis]) for axis in scored},
    } | ({"domain": told} if told else {})


# Says at every title, and in every picture that may be saved, whose ratings are missing.


def stamped(section: Section, note: str) -> Section:
    """Puts a note at the section's title, at every figure's and table's title, and into every figure."""
    if not note:
        return section
    figures = [stamp(each, note) for each in section.figures]
    tables = [replace(each, title=f"{each.title}, {note}") for each in section.tables]
    return replace(section, title=f"{section.title}, {note}", figures=figures, tables=tables)


def stamp(given: Figure, note: str) -> Figure:
    """Puts a note at a figure's title and into the figure, so that a saved picture keeps it; empty for none."""
    if not note:
        return given
    figure = _on(given.figure, note)
    return replace(given, title=f"{given.title}, {note}", alt=f"{given.alt} {note.capitalize()}.", figure=figure)


def _on(figure: go.Figure, note: str) -> go.Figure:
    margin, height = figure.layout.margin.t or 0, figure.layout.height
    title_height = 26
    text = {"text": escape(note), "font": {"size": 12}, "x": 0.01, "xanchor": "left", "yref": "container", "y": 0.99}
    figure.update_layout(title=text | {"yanchor": "top"}, margin_t=margin + title_height)
    if height:
        figure.update_layout(height=height + title_height)
    return figure
