"""A comparison laid out: for each axis sentences, figures and tables, as any page or tab may show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qamro.counts import count
from qamro.evaluation.bootstrap import DRAWS
from qamro.evaluation.levels import LEVELS
from qamro.report.critical_figure import critical_figure
from qamro.report.section import Figure, Section, Table, slug
from qamro.training.compare_objectives.contest import Contest
from qamro.training.compare_objectives.figures import sensitivity_figure, standings_figure
from qamro.training.compare_objectives.ranks import average_ranks, scores_in_blocks
from qamro.training.compare_objectives.sensitivity import curves
from qamro.training.compare_objectives.tables import draw, paired_tests, standings
from qamro.training.compare_objectives.words import INTERVALS, order_in_words, verdict
from qamro.training.sweeps.seeds import ridge_in_words

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation.significance import CriticalDifference


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

    contest: Contest
    standings: pd.DataFrame
    tests: pd.DataFrame
    blocks: pd.DataFrame
    ranks: CriticalDifference | None
    sentences: list[str]


def find(contest: Contest, *, draws: int = DRAWS) -> Finding:
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
