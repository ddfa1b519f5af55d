"""Section: which system is better, as people and predictors say; critical differences and groups of content."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import get_axis
from qamro.counts import count
from qamro.evaluation.align import NothingMatched
from qamro.evaluation.evaluate import evaluate_groups, group_columns
from qamro.evaluation.significance import CriticalDifference, NoBlocks, blocks_of, critical_difference
from qamro.report.findings import leaders, which_differ
from qamro.report.forest_figure import metric_forest, row_forest
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.system_figures import critical_figure, pairs_figure, slope_chart, system_scatter
from qamro.report.words import about_intervals, joint, listeners, listing, number, percent, rests_on, with_ends

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers, Ranking
    from qamro.studies import Study


def systems(comparison: Comparison, axis: str) -> Section:
    """Makes the section of one axis."""
    numbers = comparison.numbers(axis)
    if numbers.predictors:
        numbers.prepare()
    people = numbers.people
    section = Section(slug("systems", axis), f"{axis}: systems")
    section.sentences.extend([rests_on(numbers), *numbers.who_is_here])
    if numbers.predictors:
        section.sentences.append(about_intervals(numbers))
        section.sentences.extend(_agreement(numbers, name) for name in numbers.predictors)
    if people is None:
        section.sentences.append("Fewer than two systems are named, so there is nothing to rank at the system level.")
    else:
        who = listeners(numbers.study)
        section.sentences.append(told_apart(numbers, people))
        section.sentences.extend(_pairs_ordered(people, name, each, who) for name, each in numbers.predicted.items())
        section.figures.append(_slopes(numbers, people))
        if numbers.predicted:
            section.figures.append(_scatter(numbers, people))
        section.figures.append(_pairs(numbers, people))
    if numbers.predictors:
        section.figures.append(_forest(numbers))
    if people is not None:
        sentence, critical = critical_view(numbers)
        section.sentences.append(sentence)
        section.figures.extend(critical)
    if numbers.predictors:
        section.tables.append(_metrics(numbers))
    if people is not None:
        section.tables.extend([_ranks(numbers, people), _pair_table(numbers, people)])
    figures, tables = content_groups(numbers)
    section.figures.extend(figures)
    section.tables.extend(tables)
    answer = which_differ(numbers)
    who = "" if numbers.study.kind == "human" else f", {listeners(numbers.study)}"
    return replace(section, answer=f"{axis}{who}: {answer}")


def _agreement(numbers: AxisNumbers, name: str) -> str:
    told = []
    for level, what in (("system", "systems"), ("utterance", "clips")):
        rows = numbers.metrics
        row = rows[(rows["predictor"] == name) & (rows["level"] == level) & (rows["metric"] == "SRCC")].iloc[0]
        if np.isnan(row["value"]):
            told.append(f"no rank correlation over {what} ({row['note']})")
            continue
        top = numbers.ceilings[level]
        ceiling = f", where one half of the raters reaches {number(top.value)}" if top.holds else ""
        doubts = numbers.samples[name].doubts(level)
        over = count(row["systems"], "system") if level == "system" else count(row["clips"], "clip")
        text = f"{with_ends(row['value'], row['low'], row['high'])} over {over}{ceiling}"
        told.append(f"{text}. {doubts}, not a finding" if doubts else text)
    return f"{name}: rank correlation (SRCC) with {listeners(numbers.study)}: {'. And '.join(told)}."


def told_apart(numbers: AxisNumbers, people: Ranking, axis: str = "") -> str:
    """Says how many pairs of systems differ, and whether the best one stands apart; begins with ``axis`` if given."""
    k = len(people.systems)
    apart, pairs = int(people.differ.sum()) // 2, k * (k - 1) // 2
    first = leaders(people)
    best = f"the {'best' if get_axis(numbers.label).is_quality else 'highest'} one, {first[0]},"
    best += " stands apart from all others" if len(first) == 1 else f" cannot be told from {listing(first[1:])}"
    who = listeners(numbers.study)
    start = f"{axis}: " if axis else ""
    told = f"{apart:,} of {count(pairs, 'pair')} {'does' if pairs == 1 else 'do'} by the scores of {who}"
    return f"{start}{joint(numbers.options)}. {told}; {best}."


def _pairs_ordered(people: Ranking, name: str, predicted: Ranking, who: str) -> str:
    upper = np.triu(people.differ, 1)
    total = int(upper.sum())
    if not total:
        return f"{name}: there is no pair that {who} set apart, so no order that it could get right."
    gap = np.sign(people.means[:, None] - people.means) == np.sign(predicted.means[:, None] - predicted.means)
    right = int((upper & gap).sum())
    return (
        f"{name} puts {right:,} of the {count(total, 'pair')} that {who} set apart in the same order "
        f"({percent(right / total)})."
    )


def _slopes(numbers: AxisNumbers, people: Ranking) -> Figure:
    who = listeners(numbers.study)
    best = listing(people.order[:3])
    alt = f"Slope chart of {count(len(people.systems), 'system')}. The best by the scores of {who}: {best}."
    alt += "".join(f" By {name}: {listing(each.order[:3])}." for name, each in numbers.predicted.items())
    note = (
        "Best on top. Thick bars join systems that cannot be told apart. Thin bars are the ranks that a system could "
        f"have ({percent(numbers.options.level)}, clips drawn within systems)."
    )
    if numbers.predicted:
        note += f" A coloured line leaves the ranks that the scores of {who} allow."
    figure = slope_chart(people, numbers.predicted, who)
    title = f"{numbers.label}: ranking of systems"
    return Figure(slug("systems", numbers.label, "ranking"), title, alt, note, figure, wide=True)


def _scatter(numbers: AxisNumbers, people: Ranking) -> Figure:
    who = listeners(numbers.study)
    line = "The dashed line is the identity."
    if numbers.why_no_distance:
        line = f"There is no identity line: {numbers.why_no_distance}."
    note = f"Means of each system's clips; bars are {percent(numbers.options.level)} intervals over clips. {line}"
    alt = f"Predicted mean score against that of {who}, for {count(len(people.systems), 'system')}."
    figure = system_scatter(numbers.label, numbers.pairs, people, numbers.predicted, who)
    title = f"{numbers.label}: means of systems, predicted against {who}"
    return Figure(slug("systems", numbers.label, "scatter"), title, alt, note, figure)


def _pairs(numbers: AxisNumbers, people: Ranking) -> Figure:
    who, k = listeners(numbers.study), len(people.systems)
    apart = int(people.differ.sum()) // 2
    alt = f"The scores of {who} set {apart:,} of {count(k * (k - 1) // 2, 'pair')} of systems apart."
    note = f"Systems in the order of {who}, best on top and at the left. {joint(numbers.options)}."
    title = f"{numbers.label}: which systems can be told apart"
    figure = pairs_figure(people, numbers.predicted)
    return Figure(slug("systems", numbers.label, "pairs"), title, alt, note, figure)


def _forest(numbers: AxisNumbers) -> Figure:
    note = f"{about_intervals(numbers)} The upright mark at SRCC is the correlation of two halves of the raters."
    if doubts := numbers.human_sample.doubts("system"):
        note += f" {doubts}, not a finding."
    told = numbers.metrics[(numbers.metrics["metric"] == "SRCC") & (numbers.metrics["level"] == "utterance")]
    alt = "; ".join(f"{row.predictor}: utterance SRCC {number(row.value)}" for row in told.itertuples())
    figure = metric_forest(numbers.metrics, numbers.ceilings, numbers.predictors, numbers.few)
    title = f"{numbers.label}: metrics with their intervals"
    return Figure(slug("systems", numbers.label, "metrics"), title, f"{alt}.", note, figure)


def _metrics(numbers: AxisNumbers) -> Table:
    table = numbers.metrics.drop(columns=["axis", "hint"])
    tops = {level: top.shown for level, top in numbers.ceilings.items()}
    table.insert(6, "ceiling", np.where(table["metric"] == "SRCC", table["level"].map(tops), np.nan))
    note = (
        "low and high are the interval's ends; ceiling is the SRCC of two halves of the raters. MSE is in squared "
        "points. ACC leaves ties of the ratings out, ACC_EQ counts them with a calibrated threshold. TOP1 is whether "
        "the best one is found."
    )
    return Table(slug("systems", numbers.label, "metrics-table"), f"{numbers.label}: metrics", note, table)


def _pair_table(numbers: AxisNumbers, people: Ranking) -> Table:
    note = (
        "Every pair, the better system first, with the difference of the means. The intervals hold all true "
        f"differences at once with {percent(numbers.options.level)} probability. differ: the interval "
        "leaves zero out. A system of one clip has no interval."
    )
    title = f"{numbers.label}: pairs of systems"
    return Table(slug("systems", numbers.label, "pairs-table"), title, note, people.pairs.table())


def _ranks(numbers: AxisNumbers, people: Ranking) -> Table:
    import pandas as pd

    judges = {listeners(numbers.study): people} | {
        f"predicted by {name}": each for name, each in numbers.predicted.items()
    }
    parts = []
    for name, each in judges.items():
        columns = {"judge": name, "system": each.systems, "clips": each.clips, "mean": each.means}
        ends = {"low": each.low, "high": each.high, "rank": each.rank}
        ranks = {"rank_low": each.rank_low, "rank_high": each.rank_high}
        parts.append(pd.DataFrame(columns | ends | ranks).sort_values("rank", kind="stable"))
    table = pd.concat(parts, ignore_index=True)
    note = "Means over clips with their intervals, and the ranks that each system could have; 1 is best."
    scales = numbers.scaled("mean") if not any(pair.differs for pair in numbers.pairs.values()) else {}
    return Table(slug("systems", numbers.label, "ranks-table"), f"{numbers.label}: systems", note, table, scales)


# The critical-difference view of one axis, where systems were heard on common content.


def critical_view(numbers: AxisNumbers) -> tuple[str, list[Figure]]:
    """Ranks the systems within each common content, or by each rater.

    Returns:
        A sentence, and the figure; no figure when the systems share neither content nor raters, or differ too little
        in what they share.
    """
    study = numbers.study
    if numbers.tables:
        clips = next(iter(numbers.tables.values())).index
        study = study_of(numbers, study.ratings[study.ratings["clip"].isin(clips)])
    try:
        scores, systems, what = blocks_of(study, numbers.label)
    except NoBlocks as problem:
        return f"There is no critical-difference view: {problem}.", []
    people = critical_difference(scores, systems, alpha=1 - numbers.options.level)
    predicted = {} if what == "rater" else _predicted(numbers, what)
    who, axis = listeners(numbers.study), numbers.label
    blocks = count(people.blocks, what if what == "rater" else f"common {what}")
    told = (
        f"Friedman's test over {blocks}: chi-square {number(people.statistic, 1)}, p = {people.p:.2g}; systems differ "
        f"when their average ranks are more than {number(people.difference, 2)} apart (Nemenyi)."
    )
    if not np.isfinite(people.statistic):
        told = f"All systems tie in every one of {blocks}, so their ranks say nothing."
    alt = f"Average ranks of {count(len(systems), 'system')} over {blocks}; the best is {people.systems[0]}."
    note = f"Bars are one critical difference wide: systems whose bars do not touch differ. {told}"
    figure = critical_figure(people, predicted, who)
    title = f"{axis}: average ranks and critical difference"
    return told, [Figure(slug("systems", axis, "critical"), title, alt, note, figure)]


def _predicted(numbers: AxisNumbers, by: str) -> dict[str, CriticalDifference]:
    """Each predictor's ranks over the same content, its scores taken for ratings."""
    found = {}
    for name, table in numbers.tables.items():
        scores = table.reset_index()[["clip", "predicted"]].rename(columns={"predicted": "score"})
        study = study_of(numbers, scores.assign(axis=numbers.label))
        blocks, systems, _ = blocks_of(study, numbers.label, by)
        found[name] = critical_difference(blocks, systems, alpha=1 - numbers.options.level)
    return found


def study_of(numbers: AxisNumbers, ratings: pd.DataFrame) -> Study:
    """The study with other ratings, for what takes a study."""
    given = numbers.study
    clips = given.clips[given.clips["clip"].isin(ratings["clip"].unique())]
    return given.replace(clips=clips, ratings=ratings, votes=None)  # other ratings: nobody voted on these


# The metrics within each group of content, where a study names some.

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
