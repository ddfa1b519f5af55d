"""Sections: every axis on one page, predictor against predictor, and what can be claimed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from qamro import __version__
from qamro.counts import count
from qamro.domains import in_words
from qamro.evaluation.significance.compare import Comparison as Differences
from qamro.evaluation.significance.compare import corrected, differences
from qamro.predictors.provenance import KINDS, kinds_of
from qamro.report.findings import which_is_better
from qamro.report.forest_figure import difference_forest
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.systems import told_apart
from qamro.report.words import about_intervals, listeners, listing, number, source_of

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers
    from qamro.studies import Study


def overview(comparison: Comparison, axis: str = "") -> Section:
    """Makes the section: what is compared with what, rank correlations of every axis, and the claims."""
    section = Section("overview", "Overview", _about(comparison))
    if comparison.predictors and comparison.axes:
        section.tables.append(_correlations(comparison))
    rows = []
    for one in comparison.axes:
        numbers = comparison.numbers(one)
        if len(numbers.predictors) > 1:
            rows += differences(numbers.label, numbers.pairs, numbers.samples, numbers.draws, comparison.options.level)
    if rows:
        table = corrected(rows, comparison.options.level)
        section.sentences.extend(_claims(table, comparison))
        note = "p_holm is corrected over all axes and pairs of predictors of one metric and level."
        section.tables.append(
            Table(
                "overview-claims",
                "Differences between predictors on all axes",
                note,
                better_first(table).drop(columns="hint"),
            )
        )
    return replace(section, answer=section.sentences[0])


def _about(comparison: Comparison) -> list[str]:
    study = comparison.study
    systems, raters = study.systems, set(study.ratings["rater"]) - {""}
    who = f"by {count(len(raters), 'rater')}" if study.has_raters else "anonymous"
    what = f"{count(len(study.clips), 'clip')} of {count(len(systems), 'system')}"
    told = []
    if comparison.axes or study.votes is None:
        rated = f"{count(len(study.counted), 'rating')} by {listeners(study)} ({who}) on {listing(study.axes)}"
        told.append(f"{study.name}: {what}, {rated}.")
    if study.votes is not None:
        voted = f"{count(len(study.votes), 'vote')} between pairs by {listeners(study)} on {listing(comparison.voted)}"
        told.append(f"{study.name}: {voted if told else f'{what}, {voted}'}.")
    if study.repeats:
        told.append(
            f"{count(study.repeats, 'repeated rating')} went into the mean of the rater's ratings of that clip and "
            "axis, which counts once."
        )
    for name in comparison.predictors:
        columns = [
            comparison.numbers(a).pairs[name].predicted for a in comparison.axes if name in comparison.numbers(a).tables
        ]
        kinds = {kind for column in columns for kind in kinds_of(comparison.predictions[name], column)}
        told += [
            f"{name}: {KINDS.get(kind, 'its table does not say what made the numbers')}." for kind in sorted(kinds)
        ]
        if domain := in_words(comparison.domains(name).values()):
            told.append(f"{name}: {domain}.")
        left = comparison.matches[name]
        if left.predictions_left:
            lost, example = len(left.predictions_left), left.predictions_left[0]
            told.append(f"{name}: {count(lost, 'prediction')} without a rating left out, for example {example}.")
    told += [f"{name} could not be used: {why.rstrip('.')}." for name, why in comparison.problems.items()]
    for axis in comparison.axes:
        numbers = comparison.numbers(axis)
        told += [
            f"{axis}: {name}'s {pair.predicted} stands for it." for name, pair in numbers.pairs.items() if pair.differs
        ]
        absent = {name: why for name, why in numbers.absent.items() if name not in comparison.problems}
        told += [f"{axis}: {name} is left out: {why}." for name, why in absent.items()]
    told += [
        told_apart(comparison.numbers(axis), people, axis)
        for axis in comparison.axes
        if (people := comparison.numbers(axis).people)
    ]
    outside = study.out_of_range()
    if len(outside):
        total = int(outside["count"].sum())
        told.append(f"{count(total, 'rating')} off the axis's scale are kept as found.")
    return told


def made_by(comparison: Comparison) -> list[str]:
    """Says what made the numbers of a comparison: encoders, heads and data of each predictor, draws and seeds."""
    study, options, told = comparison.study, comparison.options, []
    for name in comparison.predictors:
        columns = [
            comparison.numbers(a).pairs[name].predicted for a in comparison.axes if name in comparison.numbers(a).tables
        ]
        sources = {source_of(comparison.predictions[name], column) for column in columns}
        told += [f"{name}: {'; '.join(sorted(sources))}."] if sources else []
    told.append(f"{study.name}: ratings by {listeners(study)}, hash {comparison.study_hash[:12]}.")
    told.append(f"Intervals: {options.draws:,} draws, seed {options.seed}; QAMRO {__version__}.")
    return told


def _claims(table: pd.DataFrame, comparison: Comparison) -> list[str]:
    """What can be claimed, and in one sentence what cannot."""
    rows = table[table["metric"] == CLAIMED]
    told = claims(table[table["better"] != ""], comparison.study, comparison.options.level)
    open_ones = rows[(rows["better"] == "") & rows["difference"].notna()]
    if len(open_ones):
        where = [f"{row.axis} ({row.first} and {row.second}, {row.level} level)" for row in open_ones.itertuples()]
        told.append(
            f"No difference in {CLAIMED} can be claimed on {listing(where, 12)}. That is after Holm's correction over "
            "all axes, and does not show that they are equal."
        )
    return told


def _correlations(comparison: Comparison) -> Table:
    import pandas as pd

    rows, told = [], ""
    for axis in comparison.axes:
        numbers = comparison.numbers(axis)
        if not numbers.predictors:
            continue
        part = numbers.metrics[numbers.metrics["metric"] == "SRCC"].copy()
        part["ceiling"] = part["level"].map({level: top.shown for level, top in numbers.ceilings.items()})
        rows.append(part)
        told = about_intervals(numbers)
    table = pd.concat(rows, ignore_index=True)
    columns = ["axis", "predictor", "level", "value", "low", "high", "ceiling", "clips", "systems", "note"]
    note = f"Rank correlation (SRCC). {told} ceiling is the SRCC of two random halves of the raters."
    table = table[columns].sort_values(["axis", "level"], key=_place(comparison), kind="stable", ignore_index=True)
    return Table("overview-srcc", "Rank correlation on every axis", note, table)


def _place(comparison: Comparison) -> Callable[[pd.Series], pd.Series]:
    order = {"system": 0, "utterance": 1} | {axis: k for k, axis in enumerate(comparison.axes)}
    return lambda column: column.map(order)


# Section: which predictor is better on one axis, and what can be claimed.

CLAIMED = "SRCC"
"""The metric of the sentences; the table has all of them."""


def versus(comparison: Comparison, axis: str) -> Section:
    """Makes the section of one axis."""
    numbers = comparison.numbers(axis)
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
        f"paired bootstrap, p_holm corrects it for the {count(len(pairs), 'pair')} of this axis. p_williams is "
        "Williams' test, which takes clips for independent."
    )
    section.figures.append(_figure(numbers, table, pairs))
    better = which_is_better(numbers, table[table["metric"] == CLAIMED])
    frame = better_first(table).drop(columns=["axis", "hint"])
    section.tables.append(Table(slug("versus", axis, "table"), f"{axis}: differences between predictors", note, frame))
    return replace(section, answer=f"{axis}: {better}")


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
