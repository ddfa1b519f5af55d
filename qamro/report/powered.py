"""Section: means of systems from the ratings alone, and with the help of predictions for clips that nobody rated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qamro.counts import count
from qamro.evaluation.next_to_rate import next_to_rate
from qamro.evaluation.prediction_powered import prediction_powered, worth
from qamro.predictors.provenance import trained_on
from qamro.report.forest_figure import row_forest
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.words import listeners, percent

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers

NEXT = 50
"""Clips that are named as next to rate."""


def powered(comparison: Comparison, axis: str) -> Section:
    """Makes the section of one axis; each predictor helps by itself, on all clips that it scored."""
    import pandas as pd

    numbers = comparison.numbers(axis)
    section = Section(slug("powered", axis), f"{axis}: what predictions add to the ratings", list(numbers.who_is_here))
    found: dict[str, pd.DataFrame] = {}
    lists: list[Table] = []
    able = helpers(comparison, numbers)
    for name in numbers.predictors:
        if name not in able:
            section.sentences.append(
                f"{name} is left out here: it was trained or calibrated on {numbers.study.name}. What knows the "
                "answers of the rated clips would promise too much for the others."
            )
            continue
        predictions, column = comparison.predictions[name], able[name]
        table = prediction_powered(numbers.study, predictions, axis, predicted=column, level=numbers.options.level)
        if table.empty:
            section.sentences.append(f"{name} is left out here: no rated clip that it scored names a system.")
            continue
        found[name] = table
        if (table["n_predicted"] > table["n_rated"]).any():
            lists.append(_next(numbers, name, predictions, column))
        section.sentences.append(f"{name}: {worth(table)}")
    if not found:
        return section
    for name, table in found.items():
        # The classical interval is symmetric about the mean of the ratings alone.
        table.insert(0, "predictor", name)
        alone = (table["classical_low"] + table["classical_high"]) / 2
        table.insert(table.columns.get_loc("classical_low"), "classical_mean", alone)
    frame = pd.concat(found.values(), ignore_index=True)
    section.figures.append(_figure(numbers, found))
    note = (
        f"mean, low and high use the predictions of clips that nobody rated; the classical ones are the ratings alone. "
        f"{percent(numbers.options.level)} intervals, over clips; a system of one rated clip has none."
    )
    scales = numbers.scaled("mean", "classical_mean")
    section.tables.append(
        Table(slug("powered", axis, "table"), f"{axis}: means of systems, both ways", note, frame, scales)
    )
    section.tables.extend(lists)
    return replace(section, answer=f"{axis}, {next(iter(found))}: {worth(next(iter(found.values())))}")


def helpers(comparison: Comparison, numbers: AxisNumbers) -> dict[str, str]:
    """Returns the predictors that may help on an axis, with their column: none that has learnt from its ratings.

    Heads that were trained on them in folds may: they scored each clip without having seen its group.
    """
    rows = {name: [row for row, _ in comparison.matches[name].rows] for name in numbers.predictors}
    columns = {name: numbers.pairs[name].predicted for name in numbers.predictors}
    return {
        name: column
        for name, column in columns.items()
        if column not in trained_on(comparison.predictions[name], numbers.study, rows[name])
    }


def _next(numbers: AxisNumbers, name: str, predictions: pd.DataFrame, column: str) -> Table:
    """The clips whose ratings would help most."""
    level = numbers.options.level
    rows = next_to_rate(numbers.study, predictions, numbers.label, predicted=column, n=NEXT, level=level)
    before, after = rows.attrs["half_width"], rows.attrs["half_width_after"]
    shrinks = (
        f" Their ratings should shrink the mean half-width from {before:.2f} to {after:.2f}." if before > 0 else ""
    )
    note = (
        f"{count(len(rows), 'clip')} that nobody rated, more of the systems whose intervals shrink most, spread over "
        f"how doubtful {name}'s scores are.{shrinks}"
    )
    title = f"{numbers.label}: next to rate, with {name}"
    return Table(slug("powered", numbers.label, "next", name), title, note, rows.drop(columns="path"))


def _figure(numbers: AxisNumbers, found: dict[str, pd.DataFrame]) -> Figure:
    who = listeners(numbers.study)
    order = next(iter(found.values())).sort_values("mean", ascending=False, kind="stable")["system"].tolist()
    series: dict[str, pd.DataFrame] = {}
    for name, table in found.items():
        own = table.set_index("system")
        classical = ["classical_mean", "classical_low", "classical_high"]
        alone = own[classical].set_axis(["value", "low", "high"], axis=1)
        title = "ratings alone"
        if title in series and not series[title].equals(alone.reindex(series[title].index)):
            title = f"ratings alone, of clips that {name} scored"
        series.setdefault(title, alone)
        series[f"with {name}"] = own[["mean", "low", "high"]].set_axis(["value", "low", "high"], axis=1)
    every = list(dict.fromkeys([*order, *(system for each in found.values() for system in each["system"])]))
    told = "; ".join(f"{name}: {worth(table)}" for name, table in found.items())
    note = f"Means of systems by the scores of {who}; bars are {percent(numbers.options.level)} intervals over clips."
    title = f"{numbers.label}: means of systems, with and without predictions"
    return Figure(slug("powered", numbers.label, "means"), title, told, note, row_forest(every, series))
