"""The metrics within each group of content, where a study names some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qamro.counts import count
from qamro.evaluation.by_group import evaluate_groups, group_columns
from qamro.evaluation.matching import NothingMatched
from qamro.report.forest_figure import row_forest
from qamro.report.section import Figure, Table, slug
from qamro.report.words import about_intervals

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.numbers import AxisNumbers

MOST = 24
"""Columns with more groups than this are no groups of content."""


def content_groups(numbers: AxisNumbers) -> tuple[list[Figure], list[Table]]:
    """Makes a figure and a table for each column of the clips table that divides it into groups."""
    import pandas as pd

    figures: list[Figure] = []
    tables: list[Table] = []
    for column in group_columns(numbers.study, most=MOST) if numbers.tables else []:
        parts = []
        for name, table in numbers.tables.items():
            scores = table.reset_index()[["clip", "system", "predicted"]]
            scores = scores.rename(columns={"predicted": numbers.pairs[name].predicted})
            options = {"draws": numbers.options.draws, "seed": numbers.options.seed, "level": numbers.options.level}
            axes = {"axes": [], "axis_map": {numbers.pairs[name].predicted: numbers.label}}
            try:
                rows = evaluate_groups(numbers.study, scores, column, raters=numbers.draws_raters, **axes, **options)
            except (NothingMatched, KeyError):
                continue
            rows.insert(0, "predictor", name)
            parts.append(rows.drop(columns=["axis", "hint"]))
        if parts:
            title = f"{numbers.label}: metrics by {column}"
            note = "Few clips a group make wide intervals: a group that looks worse than another need not be."
            frame = pd.concat(parts, ignore_index=True)
            tables.append(Table(slug("systems", numbers.label, "by", column), title, note, frame))
            figures.append(_figure(numbers, column, frame, note))
    return figures, tables


def _figure(numbers: AxisNumbers, column: str, frame: pd.DataFrame, note: str) -> Figure:
    rows = frame[(frame["metric"] == "SRCC") & (frame["level"] == "utterance")]
    groups = sorted(rows["group"].unique())
    series = {name: rows[rows["predictor"] == name].set_index("group") for name in numbers.predictors}
    title = f"{numbers.label}: rank correlation over clips, by {column}"
    alt = f"Utterance SRCC within {count(len(groups), 'group')} of {column}."
    told = f"Utterance SRCC within each {column}. {note} {about_intervals(numbers)}"
    figure = row_forest(groups, series)
    return Figure(slug("systems", numbers.label, "by", column, "figure"), title, alt, told, figure)
