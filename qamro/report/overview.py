"""Section: the numbers of every axis on one page, and what can be claimed over all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qamro.counts import count
from qamro.domains import in_words
from qamro.evaluation.significance.compare import corrected, differences
from qamro.report.section import Section, Table
from qamro.report.systems import told_apart
from qamro.report.versus import CLAIMED, better_first, claims
from qamro.report.words import about_intervals, listeners, listing, source_of

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison


def overview(comparison: Comparison) -> Section:
    """Makes the section: what is compared with what, rank correlations of every axis, and the claims."""
    section = Section("overview", "Overview", _about(comparison))
    if comparison.predictors:
        section.tables.append(_correlations(comparison))
    rows = []
    for axis in comparison.axes:
        numbers = comparison.numbers(axis)
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
    return section


def _about(comparison: Comparison) -> list[str]:
    study = comparison.study
    systems, raters = study.systems, set(study.ratings["rater"]) - {""}
    who = f"by {count(len(raters), 'rater')}" if study.has_raters else "anonymous"
    told = [
        f"{study.name}: {count(len(study.clips), 'clip')} of {count(len(systems), 'system')}, "
        f"{count(len(study.counted), 'rating')} by {listeners(study)} ({who}) on {listing(study.axes)}."
    ]
    if study.repeats:
        told.append(
            f"{count(study.repeats, 'repeated rating')} went into the mean of the rater's ratings of that clip and "
            "axis, which counts once."
        )
    for name in comparison.predictors:
        columns = [
            comparison.numbers(a).pairs[name].predicted for a in comparison.axes if name in comparison.numbers(a).tables
        ]
        sources = {source_of(comparison.predictions[name], column) for column in columns}
        told.append(f"{name}: {'; '.join(sorted(sources))}.")
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


def _claims(table: pd.DataFrame, comparison: Comparison) -> list[str]:
    """What can be claimed, and in one sentence what cannot."""
    rows = table[table["metric"] == CLAIMED]
    told = claims(table[table["better"] != ""], comparison.study, comparison.options.level)
    open_ones = rows[(rows["better"] == "") & rows["difference"].notna()]
    if len(open_ones):
        where = [f"{row.axis} ({row.first} and {row.second}, {row.level} level)" for row in open_ones.itertuples()]
        told.append(
            f"No difference in {CLAIMED} can be claimed, after Holm's correction over all axes, on "
            f"{listing(where, 12)}. That does not show that they are equal."
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
