"""Section: which system is better, as people and predictors say, and how well the two agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.counts import count
from qamro.report.critical import critical_view
from qamro.report.forest_figure import metric_forest
from qamro.report.groups import content_groups
from qamro.report.pairs_figure import pairs_figure
from qamro.report.ranking_figure import slope_chart
from qamro.report.scatter_figure import system_scatter
from qamro.report.section import Figure, Section, Table, slug
from qamro.report.words import about_intervals, joint, listeners, listing, number, percent, rests_on, with_ends

if TYPE_CHECKING:
    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers
    from qamro.report.standings import Ranking


def systems(comparison: Comparison, numbers: AxisNumbers) -> Section:
    """Makes the section of one axis."""
    if numbers.predictors:
        numbers.prepare()
    axis, people = numbers.label, numbers.people
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
    return section


def _agreement(numbers: AxisNumbers, name: str) -> str:
    told = []
    for level, what in (("system", "systems"), ("utterance", "clips")):
        rows = numbers.metrics
        row = rows[(rows["predictor"] == name) & (rows["level"] == level) & (rows["metric"] == "SRCC")].iloc[0]
        if np.isnan(row["value"]):
            told.append(f"no rank correlation over {what} ({row['note']})")
            continue
        top = numbers.ceilings[level]
        ceiling = f", where one half of the raters reaches {number(top.value)} with the other" if top.holds else ""
        doubts = numbers.samples[name].doubts(level)
        over = count(row["systems"], "system") if level == "system" else count(row["clips"], "clip")
        text = f"{with_ends(row['value'], row['low'], row['high'])} over {over}{ceiling}"
        told.append(f"{text} ({doubts}, not a finding)" if doubts else text)
    return f"{name}: rank correlation (SRCC) with {listeners(numbers.study)}: {'; '.join(told)}."


def told_apart(numbers: AxisNumbers, people: Ranking, axis: str = "") -> str:
    """Says how many pairs of systems differ, and whether the best one stands apart; begins with ``axis`` if given."""
    k = len(people.systems)
    apart, pairs = int(people.differ.sum()) // 2, k * (k - 1) // 2
    first = next((group for group in people.groups if group[0] == people.order[0]), [people.order[0]])
    best = (
        f"the best one, {first[0]}, stands apart from all others"
        if len(first) == 1
        else f"the best ones cannot be told apart: {listing(first)}"
    )
    who = listeners(numbers.study)
    start = f"{axis}: " if axis else ""
    told = f"{apart:,} of {count(pairs, 'pair')} {'does' if pairs == 1 else 'do'} by the scores of {who}"
    return f"{start}{joint(numbers.options)}: {told}; {best}."


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
        "Best on top. Thick bars join systems that cannot be told apart; thin bars are the ranks that a system could "
        f"have ({percent(numbers.options.level)}, clips drawn within systems)."
    )
    if numbers.predicted:
        note += f" A coloured line leaves the ranks that the scores of {who} allow."
    figure = slope_chart(people, numbers.predicted, who)
    return Figure(slug("systems", numbers.label, "ranking"), f"{numbers.label}: ranking of systems", alt, note, figure)


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
        "points; ACC leaves ties of the ratings out, ACC_EQ counts them with a calibrated threshold; TOP1 is whether "
        "the best one is found."
    )
    return Table(slug("systems", numbers.label, "metrics-table"), f"{numbers.label}: metrics", note, table)


def _pair_table(numbers: AxisNumbers, people: Ranking) -> Table:
    note = (
        "Every pair, the better system first: difference of the means, and intervals that hold all true differences "
        f"at once with {percent(numbers.options.level)} probability. differ: the interval leaves zero out. A system of "
        "one clip has no interval."
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
    return Table(slug("systems", numbers.label, "ranks-table"), f"{numbers.label}: systems", note, table)
