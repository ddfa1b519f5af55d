"""Section: which predictor is better on one axis, and what can be claimed."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from qamro.counts import count
from qamro.evaluation.significance.compare import Comparison as Differences
from qamro.evaluation.significance.compare import corrected, differences
from qamro.report.forest_figure import difference_forest
from qamro.report.section import Figure, Section, Table, slug
from qamro.report.words import about_intervals, number

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers
    from qamro.studies import Study

CLAIMED = "SRCC"
"""The metric of the sentences; the table has all of them."""


def versus(comparison: Comparison, numbers: AxisNumbers) -> Section:
    """Makes the section of one axis."""
    axis = numbers.label
    section = Section(slug("versus", axis), f"{axis}: predictor against predictor", list(numbers.who_is_here))
    if len(numbers.predictors) < 2:
        have = f"only {numbers.predictors[0]} scores {axis}" if numbers.predictors else f"no predictor scores {axis}"
        section.sentences.append(f"It takes two predictors to compare; {have}.")
        return section
    level = numbers.options.level
    table = corrected(differences(numbers.label, numbers.pairs, numbers.samples, numbers.draws, level), level)
    section.sentences.extend(claims(table, numbers.study, level))
    pairs = list(combinations(numbers.predictors, 2))
    note = (
        f"Both predictors see the same draws, so a difference is paired. {about_intervals(numbers)} p is that of the "
        f"paired bootstrap, p_holm corrects it for the {count(len(pairs), 'pair')} of this axis; p_williams is "
        "Williams' test, which takes clips for independent."
    )
    section.figures.append(_figure(numbers, table, pairs))
    frame = better_first(table).drop(columns=["axis", "hint"])
    section.tables.append(Table(slug("versus", axis, "table"), f"{axis}: differences between predictors", note, frame))
    return section


def better_first(table: pd.DataFrame) -> pd.DataFrame:
    """Puts the column of who is better beside the two who are compared."""
    columns = [str(name) for name in table.columns if name != "better"]
    columns.insert(columns.index("second") + 1, "better")
    return table[columns]


def claims(table: pd.DataFrame, study: Study, level: float) -> list[str]:
    """Says in words what a table of differences allows one to claim, the system level first."""
    return Differences(study.name, study.kind, table, level).sentences(CLAIMED)


def _figure(numbers: AxisNumbers, table: pd.DataFrame, pairs: list[tuple[str, str]]) -> Figure:
    told = table[(table["metric"] == CLAIMED) & (table["level"] == "utterance")]
    alt = "; ".join(f"{row.first} minus {row.second}: {number(row.difference)}" for row in told.itertuples())
    note = f"Right of zero the first predictor is higher. {about_intervals(numbers)}"
    title = f"{numbers.label}: differences with their intervals"
    figure = difference_forest(table, pairs, numbers.few)
    return Figure(slug("versus", numbers.label, "differences"), title, f"Utterance SRCC, {alt}.", note, figure)
