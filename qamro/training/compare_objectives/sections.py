"""A comparison laid out: sentences that claim no more than survives, figures and tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.axes import get_axis
from qamro.counts import count
from qamro.evaluation.bootstrap import DRAWS
from qamro.evaluation.levels import LEVELS, rests_on
from qamro.figures.style import INK, layout, line_axis, shorten, whiskers
from qamro.figures.style import escape as escape_label
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.system_figures import critical_figure
from qamro.training.compare_objectives.comparison import ObjectiveComparison
from qamro.training.compare_objectives.fold_runs import Budget
from qamro.training.compare_objectives.tables import (
    average_ranks,
    curves,
    draw,
    paired_tests,
    scores_in_blocks,
    standings,
)
from qamro.training.sweeps.seeds import hints_of, ridge_in_words, what_of

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.evaluation.significance import CriticalDifference
    from qamro.studies import Study


@dataclass
class Finding:
    """What a comparison on one axis allows to say.

    Attributes:
        contest: What was run.
        standings: See ``tables.standings``.
        tests: See ``tables.paired_tests``.
        blocks: Each objective's SRCC in each fold.
        ranks: Over the folds; None with one.
        sentences: The findings in words.
    """

    contest: ObjectiveComparison
    standings: pd.DataFrame
    tests: pd.DataFrame
    blocks: pd.DataFrame
    ranks: CriticalDifference | None
    sentences: list[str]


def find(contest: ObjectiveComparison, *, draws: int = DRAWS) -> Finding:
    """Judges a comparison: intervals, tests, ranks, and what they allow to say."""
    drawn = draw(contest, draws=draws)
    tested, blocks = paired_tests(contest, drawn), scores_in_blocks(contest)
    ranks = average_ranks(blocks)
    said = [verdict(tested, level) for level in LEVELS] + [order_in_words(ranks, "folds")]
    said += [line for level in LEVELS if (line := ridge_in_words(contest.sweep.runs, contest.axis, level, "SRCC"))]
    said += contest.notes
    return Finding(contest, standings(contest, drawn), tested, blocks, ranks, said)


def section(finding: Finding) -> Section:
    """Lays out the findings of one axis."""
    axis, table = finding.contest.axis, finding.standings
    reference = finding.contest.variants[0].label
    best = _best(table)
    figures = [
        Figure(
            slug("standings", axis),
            f"{axis}: SRCC of every objective",
            f"Spearman correlation of {count(table['variant'].nunique(), 'objective')}; the highest at utterance "
            f"level: {best}.",
            f"{INTERVALS} The dotted line is {reference}.",
            standings_figure(table),
        )
    ]
    if finding.ranks is not None:
        order = order_in_words(finding.ranks, "folds")
        note = (
            "By utterance SRCC within each fold, mean over seeds. Folds share most of their training clips: what "
            "differs here need not differ on the next study."
        )
        figures.append(
            Figure(
                slug("ranks", axis),
                f"{axis}: average ranks and critical difference",
                order,
                f"{note} Objectives whose bars do not touch differ.",
                critical_figure(finding.ranks, {}, "average rank"),
            )
        )
    chosen = finding.contest.rates
    wide = table.drop(columns=["axis", "objective"]).round(4)
    return Section(
        slug("axis", axis),
        axis,
        finding.sentences,
        figures,
        [
            Table(slug("means", axis), f"{axis}: every metric", INTERVALS, wide),
            Table(
                slug("tests", axis),
                f"{axis}: paired tests against {reference}",
                "difference: objective minus reference. p over seeds: paired t-test; p over clips: paired bootstrap of "
                f"systems and clips; holm: corrected over {count(finding.tests['tests'].iloc[0], 'objective')}.",
                finding.tests.drop(columns=["axis", "reference"]).round(4),
            ),
            Table(
                slug("rates", axis),
                f"{axis}: learning rates",
                "For each fold and objective the rate with the highest validation SRCC (mean over seeds) was chosen.",
                chosen.drop(columns="axis").round(4),
            ),
        ],
    )


def _best(table: pd.DataFrame) -> str:
    part = table[(table["metric"] == "SRCC") & (table["level"] == "utterance")].sort_values("mean")
    return f"{part['variant'].iloc[-1]} with {part['mean'].iloc[-1]:.3f}"


def sensitivity_section(finding: Finding, points: pd.DataFrame) -> Section:
    """Lays out how much an objective's numbers matter on one axis: a curve for each, and the tests.

    Args:
        finding: Of a contest between the points of the curves; the published objective is its reference.
        points: From ``sensitivity_entries``.
    """
    axis, found = finding.contest.axis, curves(finding.standings, points)
    published = finding.contest.variants[0].objective
    figures = [
        Figure(
            slug("sensitivity", axis, str(parameter)),
            f"{axis}: SRCC over {part['label'].iloc[0]}",
            f"Spearman correlation at {part['value'].nunique()} values of {part['label'].iloc[0]}.",
            f"{published}, one number turned at a time; the large marker is the published value. {INTERVALS}",
            sensitivity_figure(part, str(part["label"].iloc[0])),
        )
        for parameter, part in found.groupby("parameter", sort=False)
    ]
    shown = found[
        ["label", "value", "level", "metric", "mean", "seeds_low", "seeds_high", "clips_low", "clips_high", "hint"]
    ]
    shown = shown.rename(columns={"label": "number"})
    note = f"The objective is {published}. {INTERVALS}"
    tables = [Table(slug("sensitivity", axis, "means"), f"{axis}: every metric over each number", note, shown.round(4))]
    said = [verdict(finding.tests, level, noun="value") for level in LEVELS]
    return Section(slug("sensitivity", axis), f"{axis}: how much the numbers matter", said, figures, tables)


# What a comparison found, in sentences that claim no more than survives.

INTERVALS = (
    "Two intervals of 95 %. Over seeds (thick): what chance in training does to the mean on these very clips. "
    "Over clips (thin): what other systems, and other clips of them, would do to it, by bootstrap. "
    "A difference survives when Holm's correction over all objectives leaves both its paired tests below .05."
)
"""What the intervals and tests of a comparison are; stands on its page and in the terminal."""


def verdict(table: pd.DataFrame, level: str, metric: str = "SRCC", noun: str = "objective") -> str:
    """Says which objectives differ from the reference.

    Args:
        table: From ``paired_tests``, of one axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.
        noun: What is compared.
    """
    part = table[(table["level"] == level) & (table["metric"] == metric)]
    reference, axis = part["reference"].iloc[0], part["axis"].iloc[0]
    what = what_of(part, axis, level, metric)
    if part["difference"].isna().all():
        return f"{what}: not defined on these clips."
    sure = part[part["survives"] == "both"]
    better, worse = (sure[sure["better"] == sure["variant"]], sure[sure["better"] == reference])
    said = [_named(better, f"better than {reference}"), _named(worse, f"worse than {reference}")]
    halves = part[part["survives"].isin(["seeds only", "clips only"])]
    if not len(sure):
        said = [f"no {noun} differs from {reference} by both tests"]
    if len(halves):
        names = ", ".join(f"{row.variant} {_signed(row.difference)} ({row.survives})" for row in halves.itertuples())
        said.append(f"only half survives for {names}")
    return f"{what}: {'; '.join(part for part in said if part)}."


def order_in_words(found: CriticalDifference | None, blocks: str) -> str:
    """Says what the average ranks allow.

    Args:
        found: From ``average_ranks``.
        blocks: What a block is, for example ``"folds"``.
    """
    if found is None:
        return f"With fewer than two {blocks} there are no ranks to average."
    first = f"Average ranks over {found.blocks} {blocks}, best first: " + ", ".join(
        f"{name} {rank:.2f}" for name, rank in zip(found.systems, found.ranks, strict=True)
    )
    p = "undefined" if np.isnan(found.p) else f"{found.p:.2g}"
    last = len(found.systems) - 1
    alike = "no two differ" if found.groups and found.groups[0] == (0, last) else "some differ"
    return f"{first}. Critical difference {found.difference:.2f} (Nemenyi): {alike}; Friedman p = {p}."


def _named(rows: pd.DataFrame, words: str) -> str:
    if not len(rows):
        return ""
    return f"{words}: " + ", ".join(f"{row.variant} ({_signed(row.difference)})" for row in rows.itertuples())


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


# Figures of a comparison: each objective's metric with both intervals, and metrics over a hyperparameter.


def standings_figure(table: pd.DataFrame, metric: str = "SRCC") -> go.Figure:
    """Draws a metric of every objective, utterance level and system level side by side.

    Args:
        table: From ``standings``, of one axis.
        metric: Key of ``METRICS``.
    """
    from plotly.subplots import make_subplots

    part = table[table["metric"] == metric]
    names = list(dict.fromkeys(part["variant"]))
    titles = [_title(part[part["level"] == level], level, metric) for level in LEVELS]
    figure = make_subplots(1, len(LEVELS), subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.06)
    colour = get_axis(part["axis"].iloc[0]).colour
    for column, level in enumerate(LEVELS, 1):
        cell = part[part["level"] == level].set_index("variant").reindex(names)
        shown = [shorten(name) for name in names]
        ends = [_ends(row) for row in cell.to_dict("records")]
        for low, high, width in (("clips_low", "clips_high", 1.5), ("seeds_low", "seeds_high", 5)):
            figure.add_scatter(
                x=cell["mean"],
                y=shown,
                error_x=_error(cell, low, high, colour, width),
                mode="markers",
                marker={"color": colour, "size": 9},
                customdata=ends,
                hovertemplate="<b>%{y}</b><br>%{x:.3f}<br>%{customdata}<extra></extra>",
                row=1,
                col=column,
            )
        figure.add_vline(x=cell["mean"].iloc[0], line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=column)
    figure.update_xaxes(**line_axis()).update_yaxes(
        **line_axis(), autorange="reversed", automargin=True, ticksuffix=" "
    )
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure.update_layout(layout(height=110 + 34 * len(names), margin={"l": 12, "r": 16, "t": 40, "b": 36}))


def sensitivity_figure(table: pd.DataFrame, label: str, metric: str = "SRCC") -> go.Figure:
    """Draws a metric over a hyperparameter: one panel a level, bars over clips, thick bars over seeds.

    Values are drawn at even distances, because what is tried rises by factors and may hold zero.

    Args:
        table: Rows of ``standings`` with a column ``value``, of one axis; a row whose ``default`` is true is ringed.
        label: What the hyperparameter is called.
        metric: Key of ``METRICS``.
    """
    from plotly.subplots import make_subplots

    part = table[table["metric"] == metric].sort_values("value")
    values = sorted(part["value"].unique())
    titles = [_title(part[part["level"] == level], level, metric) for level in LEVELS]
    figure = make_subplots(1, len(LEVELS), subplot_titles=titles, horizontal_spacing=0.1)
    colour = get_axis(part["axis"].iloc[0]).colour
    for column, level in enumerate(LEVELS, 1):
        cell = part[part["level"] == level]
        ends = [_ends(row) for row in cell.to_dict("records")]
        place = [values.index(value) for value in cell["value"]]
        marker = {"color": colour, "size": [13 if default else 8 for default in cell["default"]]}
        for low, high, width in (("clips_low", "clips_high", 1.5), ("seeds_low", "seeds_high", 5)):
            figure.add_scatter(
                x=place,
                y=cell["mean"],
                error_y=_error(cell, low, high, colour, width),
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker=marker,
                customdata=ends,
                text=[f"{value:g}" for value in cell["value"]],
                hovertemplate=f"{escape_label(label)} %{{text}}<br>%{{y:.3f}}<br>%{{customdata}}<extra></extra>",
                row=1,
                col=column,
            )
    ticks = {"tickvals": list(range(len(values))), "ticktext": [f"{value:g}" for value in values]}
    figure.update_xaxes(**line_axis(), **ticks, title={"text": escape_label(label), "standoff": 4})
    figure.update_yaxes(**line_axis(), automargin=True).update_annotations(font={"size": 13, "color": INK})
    return figure.update_layout(layout(height=330, margin={"l": 12, "r": 16, "t": 40, "b": 48}))


def _error(cell: pd.DataFrame, low: str, high: str, colour: str, width: float) -> dict[str, Any]:
    lengths = whiskers(cell[high] - cell["mean"], cell["mean"] - cell[low])
    return {"type": "data", **lengths, "color": colour, "thickness": width, "width": 0}


def _ends(row: dict[Any, Any]) -> str:
    return "<br>".join(f"over {over} {_span(row[f'{over}_low'], row[f'{over}_high'])}" for over in ("seeds", "clips"))


def _span(low: float, high: float) -> str:
    return f"{low:.3f} to {high:.3f}" if np.isfinite([low, high]).all() else "no interval"


def _title(part: pd.DataFrame, level: str, metric: str) -> str:
    n = int(part["systems" if level == "system" else "clips"].iloc[0])
    return f"{level} {metric}, {rests_on(level, n, metric)}"


# A comparison as files: tables as CSV, a record of how it was run, and one HTML page that fetches nothing.

PAGE = "compare.html"


def write_results(
    folder: Path,
    findings: Sequence[Finding],
    turned: Sequence[tuple[Finding, pd.DataFrame]],
    *,
    study: Study,
    budget: Budget,
    about: dict[str, Any],
    notes: Sequence[str],
) -> list[str]:
    """Writes everything that a comparison found.

    Args:
        folder: Where to; it is made.
        findings: One an axis.
        turned: Sensitivity analyses: their findings, and the points of their curves.
        study: What it was run on.
        budget: What every objective got.
        about: Further entries of the record: encoder, split, seconds.
        notes: Paragraphs under the headline of the page.

    Returns:
        Names of the files.

    Raises:
        OSError: A file cannot be written.
    """
    import pandas as pd

    from qamro.studies.summary import study_summary
    from qamro.versions import versions

    folder.mkdir(parents=True, exist_ok=True)
    contests = [finding.contest for finding in findings]
    tables = {
        "standings": [finding.standings for finding in findings],
        "tests": [finding.tests for finding in findings],
        "runs": [contest.sweep.runs for contest in contests],
        "predictions": [contest.sweep.predictions for contest in contests],
        "rates": [contest.rates for contest in contests],
        "folds": [finding.blocks.reset_index().assign(axis=finding.contest.axis) for finding in findings],
        "sensitivity": [curves(finding.standings, points) for finding, points in turned],
        "sensitivity_tests": [finding.tests for finding, _ in turned],
    }
    tables = {name: parts for name, parts in tables.items() if parts}
    for name, parts in tables.items():
        pd.concat(parts, ignore_index=True).to_csv(folder / f"{name}.csv", index=False)
    objectives = {
        contest.axis: {variant.label: str(variant.objective) for variant in contest.variants} for contest in contests
    }
    record = {"study": study_summary(study), **about, "budget": asdict(budget), "objectives": objectives, **versions()}
    record["hints"] = {contest.axis: hints_of(contest.sweep.runs) for contest in contests}
    text = json.dumps(record, indent=1, ensure_ascii=False, default=list)
    (folder / "record.json").write_text(text + "\n", encoding="utf-8")
    _write_page(folder / PAGE, f"Objectives compared: {study.name}", findings, turned, notes)
    return [*(f"{name}.csv" for name in tables), "record.json", PAGE]


def _write_page(
    path: Path,
    title: str,
    findings: Sequence[Finding],
    turned: Sequence[tuple[Finding, pd.DataFrame]],
    notes: Sequence[str],
) -> None:
    from qamro.figures.page import write_page
    from qamro.report.html import section_html

    sections = [section(finding) for finding in findings]
    sections += [sensitivity_section(finding, points) for finding, points in turned]
    contents = "".join(f'<li><a href="#{each.id}">{escape(each.title)}</a></li>' for each in sections)
    body = [f"<header><h1>{escape(title)}</h1>", *(f"<p>{escape(note)}</p>" for note in notes), "</header>"]
    body.append(f'<nav class="contents" aria-label="Contents"><ul>{contents}</ul></nav><main>')
    body += [section_html(each) for each in sections]
    write_page(path, title, "\n".join([*body, "</main>"]))
