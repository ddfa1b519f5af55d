"""Section: a MUSHRA, DMOS, CMOS or ABX test, analysed by the rules of its kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qamro.counts import count
from qamro.evaluation.listening_tests import Test, comparisons, right_answers, screened, system_means
from qamro.report.forest_figure import row_forest
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.words import listeners, listing, number, percent, with_ends

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison


def listening_test(comparison: Comparison, axis: str, test: Test | None = None) -> Section:
    """Makes the section of one question of a test.

    Args:
        comparison: Of the study.
        axis: The question.
        test: Which test it is; what the study says unless given.

    Raises:
        ValueError: The study holds no test.
    """
    test = test or comparison.test
    if test is None:
        raise ValueError(f"{comparison.study.name} holds no listening test")
    section = Section(slug("listening_test", axis), f"{axis}: listening test")
    who = listeners(comparison.study)
    section.sentences.append(
        f"Analysed as a {test.method.title} test ({test.why})"
        + (f"; the reference is {test.reference}" if test.reference else "")
        + (f", anchors are {listing(test.anchors)}" if test.anchors else "")
        + f". Listeners are {who}."
    )
    statistic = test.method.analysis.statistic if test.method.analysis is not None else "mean"
    answer = {"mean": _means, "comparison": _comparisons, "share": _shares}[statistic](section, comparison, test, axis)
    return replace(section, answer=f"{axis}: {answer}")


def _means(section: Section, comparison: Comparison, test: Test, axis: str) -> str:
    study, options = comparison.study, comparison.options
    screening = screened(test, study, axis)
    rule = test.method.analysis.screening if test.method.analysis is not None else None
    out = screening.left_out if screening is not None else []
    if rule is not None:
        what = f"a rater who scores the hidden reference below {rule.limit:g} in more than {percent(rule.share)} of it"
        if screening is None:
            section.sentences.append(
                f"Nobody was screened: {rule.source} leaves {what} out, but no hidden reference is known or raters are "
                "not named."
            )
        else:
            told = f"left out are {len(out)} of {count(len(screening.table), 'rater')}"
            names = f": {listing(out)}" if out else ""
            section.sentences.append(f"Post-screening ({rule.source} leaves {what} out): {told}{names}.")
            section.tables.append(
                Table(
                    slug("listening_test", axis, "screening"), f"{axis}: post-screening of raters", "", screening.table
                )
            )
    if screening is not None and len(out) == len(screening.table):
        section.sentences.append("Nobody is left, so the systems are shown with everybody in.")
        out = []
    found = system_means(
        test, study, axis, left_out=out, level=options.level, draws=_draws(comparison), seed=options.seed
    )
    table = found.table
    section.sentences.extend(
        f"{row.system}{f' ({row.role})' if row.role else ''}: {with_ends(row.mean, row.low, row.high, 2)}, median "
        f"{number(row.median, 1)}, {count(row.ratings, 'rating')}."
        for row in table.itertuples()
    )
    apart = int(found.pairs["differ"].sum())
    section.sentences.append(f"Pairs of systems told apart, all at once: {apart} of {len(found.pairs):,}.")
    if found.groups:
        section.sentences.append(f"Not told apart: {'; '.join(listing(group, 12) for group in found.groups[:6])}.")
    if test.reference and table["system"].iloc[0] != test.reference:
        section.sentences.append(
            f"The reference {test.reference} does not have the highest mean: either {table['system'].iloc[0]} sounds "
            "better than it, or raters did not find it."
        )
    section.figures.append(_forest(section, axis, table.set_index("system").rename(columns={"mean": "value"}), test))
    note = f"low and high are {percent(options.level)} intervals of the mean, raters and items drawn anew."
    section.tables.insert(0, Table(slug("listening_test", axis, "systems"), f"{axis}: systems", note, table))
    note = "Intervals of the differences hold at once for all pairs; differ: the interval leaves 0 out."
    section.tables.append(Table(slug("listening_test", axis, "pairs"), f"{axis}: differences", note, found.pairs))
    top = table.iloc[0]
    who = listeners(study)
    mean = with_ends(top["mean"], top["low"], top["high"], 2)
    return (
        f"{top['system']} has the highest mean by {who}, {mean}; {apart} of {count(len(found.pairs), 'pair')} differ."
    )


def _comparisons(section: Section, comparison: Comparison, test: Test, axis: str) -> str:
    options = comparison.options
    table = comparisons(test, comparison.study, axis, level=options.level, draws=_draws(comparison), seed=options.seed)
    for row in table.itertuples():
        verdict = "better" if row.mean > 0 else "worse"
        told = f"{row.first} is {verdict}" if row.differ else "which of them is better stays open"
        section.sentences.append(
            f"{row.first} against {row.second}: {with_ends(row.mean, row.low, row.high, 2)} of "
            f"{count(row.answers, 'answer')}; {told}."
        )
    rows = table.assign(name=table["first"] + " − " + table["second"]).set_index("name")
    section.figures.append(_forest(section, axis, rows.rename(columns={"mean": "value"}), test))
    note = (
        f"mean: how much better the first is than the second, from −3 to 3; {percent(options.level)} intervals, raters "
        "and items drawn anew, that hold at once for all pairs. differ: the interval leaves 0 out."
    )
    section.tables.append(Table(slug("listening_test", axis, "pairs"), f"{axis}: pairs of systems", note, table))
    apart = int(table["differ"].sum())
    return f"{apart} of {count(len(table), 'pair')} of systems differ by the answers of {listeners(comparison.study)}."


def _shares(section: Section, comparison: Comparison, test: Test, axis: str) -> str:
    study, options = comparison.study, comparison.options
    alpha = 1 - options.level
    whole = right_answers(test, study, axis, level=options.level).iloc[0]
    ends = with_ends(whole["share"], whole["low"], whole["high"], 2)
    heard = "a difference is heard" if whole["p"] < alpha else "that a difference is heard is not shown"
    section.sentences.append(
        f"All answers: {int(whole['right'])} of {int(whole['answers'])} right ({ends}), p = {_p(whole['p'])} by "
        f"guessing: {heard}."
    )
    note = (
        "p: chance of so many right answers by guessing (exact binomial test, one-sided); p_holm corrects it over the "
        f"rows. low and high are the exact {percent(options.level)} interval of the share."
    )
    parts = [("pair", "pair of systems")] + ([("rater", "rater")] if study.has_raters else [])
    for column, what in parts:
        table = right_answers(test, study, axis, (column,), level=options.level)
        found = table.loc[table["p_holm"] < alpha, column].tolist()
        if len(table) > 1:
            who = f": {listing(found)}" if found else ""
            section.sentences.append(
                f"{len(found)} of {count(len(table), what)} alone beyond guessing, corrected over all{who}."
            )
        section.tables.append(Table(slug("listening_test", axis, column), f"{axis}: by {what}", note, table))
        if column == "pair":
            rows = table.set_index(column).rename(columns={"share": "value"})
            section.figures.append(_forest(section, axis, rows, test))
    return f"{heard} by {listeners(study)}: {int(whole['right'])} of {int(whole['answers'])} answers are right."


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else number(value)


def _draws(comparison: Comparison) -> int:
    return max(comparison.options.draws, 500)


def _forest(section: Section, axis: str, rows: pd.DataFrame, test: Test) -> Figure:
    alt = "; ".join(f"{name} {number(value, 2)}" for name, value in rows["value"].items())
    figure = row_forest(rows.index.tolist(), {test.method.title: rows[["value", "low", "high"]]})
    note = "Bars are the intervals of the table."
    return Figure(slug("listening_test", axis, "figure"), section.title, f"{alt}.", note, figure)
