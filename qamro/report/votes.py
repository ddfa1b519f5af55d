"""Section: systems ranked by votes between pairs, what the votes leave open, and whether scores agree with them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qamro.counts import count
from qamro.evaluation.preferences import LEVEL, Ranking, rank, votes_of
from qamro.evaluation.votes_and_scores import VoteAgreement, vote_agreement
from qamro.report.forest_figure import row_forest
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.words import listeners, listing, number, percent, with_ends

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.studies import Study

_DRAWS = 500
_FITS = 0.05


def votes(comparison: Comparison, axis: str) -> Section:
    """Makes the section of one question that people voted on.

    Raises:
        ValueError: The votes do not make one ranking: no two systems, or groups that never met.
    """
    study, options = comparison.study, comparison.options
    section = Section(slug("votes", axis), f"{axis}: which system is preferred")
    table, notes = votes_of(study, axis)
    section.sentences.extend(notes)
    if table.empty:
        section.sentences.append("No vote is left to rank systems by.")
        return section
    try:
        ranking = rank(table, level=options.level, draws=max(options.draws, _DRAWS), seed=options.seed)
    except ValueError as problem:  # what cannot be ranked can still be counted
        section.sentences.append(f"These votes make no ranking: {problem}.")
        section.tables.append(Table(slug("votes", axis, "pairs"), f"{axis}: votes of each pair", "", _counts(table)))
        return section
    section.sentences.extend(sentences(ranking, table, study, axis))
    section.figures.append(_figure(ranking, axis, study))
    note = (
        f"score is in log-odds (a difference of 1: 73 % of the votes that decide), low and high are the ends of its "
        f"{percent(ranking.level)} interval, rank_low and rank_high the places that the votes leave open for all "
        f"systems at once. {_drawn(table)}"
    )
    section.tables.append(Table(slug("votes", axis, "table"), f"{axis}: systems by votes", note, ranking.table))
    pairs = _counts(table).merge(ranking.pairs, on=["first", "second"], how="outer")
    counted = ["votes", "first_won", "second_won", "ties", "both_bad"]
    pairs[counted] = pairs[counted].fillna(0).astype(int)
    note = (
        f"difference is first minus second, with intervals that hold at once for all pairs ({percent(ranking.level)}); "
        "differ: the interval leaves 0 out. Pairs without a vote are told through others."
    )
    section.tables.append(Table(slug("votes", axis, "pairs"), f"{axis}: votes of each pair", note, pairs))
    _add_scores(section, comparison, axis, table, ranking)
    return replace(section, answer=" ".join(sentences(ranking, table, study, axis)[1:2]))


def sentences(ranking: Ranking, table: pd.DataFrame, study: Study, axis: str) -> list[str]:
    """Says what a ranking allows one to claim, and what makes it doubtful.

    Args:
        ranking: Of the votes.
        table: The votes.
        study: Whose they are.
        axis: What was asked.
    """
    best, total = ranking.table.iloc[0], ranking.votes
    what = f"{count(total, 'vote')} by {listeners(study)} on {count(len(ranking.table), 'system')}"
    told = [f"{study.name}, {axis}: {what}."]
    first = [str(row.system) for row in ranking.table.itertuples() if best["score"] - float(str(row.score)) < LEVEL]
    told.append(
        f"{listing(first, 6)} share the highest score: the votes put none of them first."
        if len(first) > 1
        else f"{best['system']} is first: the votes leave no other system that place."
        if best["rank_high"] == 1
        else f"{best['system']} has the highest score; any of places 1 to {best['rank_high']} may be its own."
    )
    apart = int(ranking.pairs["differ"].sum())
    told.append(
        f"Pairs told apart: {apart} of {len(ranking.pairs):,}, with a {percent(1 - ranking.level)} chance of any that "
        "are equal among them."
    )
    if ranking.groups:
        told.append(f"Not told apart: {'; '.join(listing(group, 12) for group in ranking.groups[:6])}.")
    for winner, what, how in (("tie", "Ties", ""), ("both_bad", "Both bad", ", which the ranking takes for ties")):
        if n := int((table["winner"] == winner).sum()):
            told.append(f"{what}: {count(n, 'vote')} ({percent(round(n / total, 3))}){how}.")
    if ranking.side_low > 0 or ranking.side_high < 0:
        side, chance = ("a", ranking.side) if ranking.side > 0 else ("b", -ranking.side)
        share = percent(round(1 / (1 + math.exp(-chance)), 2))
        told.append(
            f"Side {side} has an advantage: it wins {share} of the decided votes between equals. The scores are "
            "without it."
        )
    elif ranking.side_low < ranking.side_high:
        told.append("No advantage of a side is seen.")
    else:
        told.append("Whether a side has an advantage cannot be told: no votes of a pair stand both ways round.")
    if ranking.triples:
        told.append(
            f"Triples of systems that go round in a circle by majority: {ranking.cycles} of {ranking.triples:,}; the "
            f"model expects {number(ranking.cycles_expected, 1)}."
        )
    if not math.isnan(ranking.fit_p):
        fit = f"(p of fit = {number(ranking.fit_p)})"
        told.append(
            f"Scores on one line do not tell these votes well {fit}: read pairs, not only ranks."
            if ranking.fit_p < _FITS
            else f"Nothing speaks against scores on one line {fit}."
        )
    if table["winner"].isin(("tie", "both_bad")).all():
        told.append("Nobody chose a side, so nothing ranks these systems; only a weak prior bounds the intervals.")
    elif ranking.separated:
        told.append(
            "A system (or a side) won or lost all its votes against some others: only a weak prior keeps it finite."
        )
    return told


def _drawn(table: pd.DataFrame) -> str:
    known = [name for name in ("rater", "prompt") if (table[name] != "").all() and table[name].nunique() > 1]
    if not known:
        return "Neither raters nor prompts are known, so single votes are drawn: of few busy voters that is too narrow."
    return f"Intervals draw {' and '.join(f'{name}s' for name in known)} anew."


def _figure(ranking: Ranking, axis: str, study: Study) -> Figure:
    table = ranking.table.set_index("system").rename(columns={"score": "value"})
    told = "; ".join(f"{row.Index} {number(row.value, 2)}" for row in table.itertuples())
    note = (
        f"Votes of {listeners(study)}; higher is preferred, 0 is the mean. Bars are {percent(ranking.level)} intervals "
        "of one system; for pairs read the table."
    )
    figure = row_forest(ranking.table["system"].tolist(), {"score by votes": table[["value", "low", "high"]]})
    return Figure(slug("votes", axis, "scores"), f"{axis}: systems by votes", f"Best first: {told}.", note, figure)


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    """Votes of each pair of systems, in the order of their names."""
    import pandas as pd

    turned = (table["system_a"] > table["system_b"]).to_numpy()
    first = np.where(turned, table["system_b"], table["system_a"])
    second = np.where(turned, table["system_a"], table["system_b"])
    won = {"a": ("second_won", "first_won"), "b": ("first_won", "second_won")}
    outcome = [won[w][not t] if w in won else w for w, t in zip(table["winner"], turned, strict=True)]
    kinds = ["first_won", "second_won", "tie", "both_bad"]
    counted = pd.DataFrame({"first": first, "second": second, "outcome": outcome})
    wide = counted.value_counts().unstack("outcome", fill_value=0).reindex(columns=kinds, fill_value=0)
    wide = wide.rename(columns={"tie": "ties"}).reset_index()
    wide.columns.name = None
    wide.insert(2, "votes", wide[["first_won", "second_won", "ties", "both_bad"]].sum(axis=1))
    return wide


def _add_scores(section: Section, comparison: Comparison, axis: str, table: pd.DataFrame, ranking: Ranking) -> None:
    """Holds ratings and predictions of the same clips against the votes, where there are any."""
    import pandas as pd

    options, strengths = comparison.options, ranking.table.set_index("system")["score"]
    rows = []
    for name, scores in comparison.scores_beside_votes.items():
        draws = max(options.draws, _DRAWS)
        found = vote_agreement(table, scores, strengths, level=options.level, draws=draws, seed=options.seed)
        if not found.votes:
            continue
        section.sentences.append(_agrees(name, found))
        rows.append({"scores": name, **vars(found)})
    if rows:
        note = (
            "accuracy: share of votes that prefer one clip whose preferred clip has the higher score (equal scores "
            f"count half; chance is .5), with a {percent(options.level)} interval over raters and prompts. gap: mean "
            "distance of the two scores in decided and in tied votes. tau: Kendall's tau-b of systems, votes against "
            "mean scores."
        )
        title = f"{axis}: do scores agree with the votes?"
        section.tables.append(Table(slug("votes", axis, "scores-beside"), title, note, pd.DataFrame(rows)))


def _agrees(name: str, found: VoteAgreement) -> str:
    if not found.decided:
        return f"{name}: no vote prefers one of two clips that both have a score."
    ends = with_ends(found.accuracy, found.low, found.high, 2)
    verdict = (
        "agrees with the votes more often than chance"
        if found.low > 0.5
        else "contradicts the votes more often than chance"
        if found.high < 0.5
        else "cannot be told from chance on these votes"
    )
    ranks = f"; systems tau {number(found.tau, 2)} ({found.systems})" if found.systems > 1 else ""
    return f"{name}: {ends} of {count(found.decided, 'decided vote')}; it {verdict}{ranks}."
