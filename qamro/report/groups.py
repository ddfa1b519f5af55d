"""The metrics within each group of content, where a study names some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qamro.evaluation.by_group import evaluate_groups, group_columns
from qamro.evaluation.matching import NothingMatched
from qamro.report.section import Table, slug

if TYPE_CHECKING:
    from qamro.report.numbers import AxisNumbers

MOST = 24
"""Columns with more groups than this are no groups of content."""


def content_tables(numbers: AxisNumbers) -> list[Table]:
    """Makes a table for each column of the clips table that divides it into groups."""
    import pandas as pd

    found = []
    for column in group_columns(numbers.study, most=MOST) if numbers.tables else []:
        parts = []
        for name, table in numbers.tables.items():
            scores = table.reset_index()[["clip", "system", "predicted"]]
            scores = scores.rename(columns={"predicted": numbers.pair.predicted})
            options = {"draws": numbers.options.draws, "seed": numbers.options.seed, "level": numbers.options.level}
            axes = {"axes": [], "axis_map": {numbers.pair.predicted: numbers.pair.human}}
            try:
                rows = evaluate_groups(numbers.study, scores, column, raters=numbers.draws_raters, **axes, **options)
            except (NothingMatched, KeyError):
                continue
            rows.insert(0, "predictor", name)
            parts.append(rows.drop(columns="axis"))
        if parts:
            title = f"{numbers.label}: metrics by {column}"
            note = "Few clips a group make wide intervals: a group that looks worse than another need not be."
            frame = pd.concat(parts, ignore_index=True)
            found.append(Table(slug("systems", numbers.label, "by", column), title, note, frame))
    return found
