"""The first three lines of a comparison: which systems differ, how good the predictors are, and what to do next.

The Compare tab, the report and the verb ``compare`` begin with them. Each line names the picture that shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import get_axis
from qamro.counts import count
from qamro.evaluation.agreement import more_raters
from qamro.evaluation.levels import FEW, LEAST
from qamro.evaluation.racing import after_race
from qamro.evaluation.significance.compare import corrected, differences
from qamro.report.numbers import slug
from qamro.report.powered import helpers
from qamro.report.words import listeners, listing, on_scale, with_ends

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers, Ranking

SYSTEMS, PREDICTORS, NEXT = "systems", "predictors", "next"
"""What the three lines are about, in their order."""

_AXES = 3
"""Of more axes than these, the others are counted."""

_NAMED = 3


@dataclass(frozen=True)
class Finding:
    """One of the three lines.

    Attributes:
        about: ``SYSTEMS``, ``PREDICTORS`` or ``NEXT``.
        text: Short sentences.
        view: Key of the view that has its picture.
        axis: The axis of the picture; empty where there is none.
        figure: Id of the picture in that view; empty where the view is all there is.
    """

    about: str
    text: str
    view: str = ""
    axis: str = ""
    figure: str = ""


def findings(comparison: Comparison, axis: str = "") -> list[Finding]:
    """Returns the three lines.

    Args:
        comparison: What is compared.
        axis: The rated axis, or the question that was voted on, that they are about; empty for all.
    """
    if axis in comparison.axes or (not axis and comparison.axes):
        axes = [axis] if axis else comparison.axes
        shown = [comparison.numbers(one) for one in axes[:_AXES]]
        winners = _winners(comparison, axes)
        return [
            _joined(SYSTEMS, shown, len(axes), _systems),
            _joined(PREDICTORS, shown, len(axes), lambda numbers: _predictors(comparison, numbers, winners)),
            _joined(NEXT, shown, len(axes), lambda numbers: _next(numbers, winners)),
        ]
    voted = [axis] if axis in comparison.voted else comparison.voted
    if voted:
        return _by_votes(comparison, voted[0])
    return [Finding(about, "Nobody rated anything that could be compared.") for about in (SYSTEMS, PREDICTORS, NEXT)]


def _joined(
    about: str, shown: Sequence[AxisNumbers], axes: int, say: Callable[[AxisNumbers], tuple[str, str, str]]
) -> Finding:
    """Says one thing of every axis; the link leads to the first of them."""
    told = [say(numbers) for numbers in shown]
    who = listeners(shown[0].study)
    texts = []
    for numbers, (text, _, _) in zip(shown, told, strict=True):
        start = numbers.label if numbers.study.kind == "human" else f"{numbers.label}, {who}"
        texts.append(f"{start}: {text}")
    if axes > len(shown):
        texts.append(f"The other {count(axes - len(shown), 'axis')} below.")
    _, view, figure = told[0]
    return Finding(about, " ".join(texts), view, shown[0].label, figure)


# Which systems differ.


def leaders(people: Ranking) -> list[str]:
    """The system with the highest mean and all that cannot be told from it, best first."""
    best = people.best_first[0]
    return [people.systems[k] for k in people.best_first if k == best or not people.differ[best, k]]


def which_differ(numbers: AxisNumbers) -> str:
    """Says which systems differ by the ratings of an axis, in short sentences."""
    people = numbers.people
    if people is None:
        return "fewer than two systems are named, so there is nothing to tell apart."
    k = len(people.systems)
    apart, pairs = int(people.differ.sum()) // 2, k * (k - 1) // 2
    lead, top = leaders(people), int(people.best_first[0])
    mean = on_scale(numbers.label, people.means[top], people.low[top], people.high[top])
    equal = [people.systems[i] for i in people.best_first if people.means[i] == people.means[top]]
    highest = f"{lead[0]} has the highest mean, {mean}"
    if len(equal) > 1:
        highest = f"{listing(equal, _NAMED)} share the highest mean, {mean}"
    if not apart:
        why = " (one clip each)" if (people.clips < 2).all() else ""
        return f"no two of {count(k, 'system')} can be told apart{why}; {highest}."
    share = f"{apart:,} of {count(pairs, 'pair')} {'differs' if apart == 1 else 'differ'}"
    if len(lead) == 1:
        best = "best" if get_axis(numbers.label).is_quality else "highest"
        return f"{lead[0]} is {best} with {mean} and differs from all others; {share}."
    others = [name for name in lead if name not in equal]
    good = "good" if get_axis(numbers.label).is_quality else "high"
    near = f"; {listing(others, _NAMED)} may be as {good}" if others else ""
    return f"{highest}{near}; {share}."


def _systems(numbers: AxisNumbers) -> tuple[str, str, str]:
    if numbers.people is None:
        return which_differ(numbers), "systems", ""
    raced = " A race handed out these ratings, so this may promise too much."
    told = which_differ(numbers) + raced * bool(after_race(numbers.study, numbers.label))
    return told, "systems", slug("systems", numbers.label, "pairs")


# How good the predictors are.


def level_of(numbers: AxisNumbers) -> str:
    """The level at which predictors are judged in one number: systems where there are enough of them, else clips."""
    sample = numbers.human_sample
    if sample.size("system") >= FEW:
        return "system"
    return "utterance" if sample.size("utterance") >= LEAST else ""


def _winners(comparison: Comparison, axes: Sequence[str]) -> pd.DataFrame | None:
    """Who is better in SRCC, corrected over the axes and pairs that the lines are about; None below two predictors."""
    rows = []
    for axis in axes:
        numbers = comparison.numbers(axis)
        if numbers.predictors:
            numbers.prepare()
        if len(numbers.predictors) > 1:
            rows += differences(axis, numbers.pairs, numbers.samples, numbers.draws, comparison.options.level)
    if not rows:
        return None
    table = corrected(rows, comparison.options.level)
    return table[table["metric"] == "SRCC"]


def which_is_better(numbers: AxisNumbers, winners: pd.DataFrame | None) -> str:
    """Says which predictor agrees best with the listeners, as far as that can be claimed; empty below two."""
    names, level = numbers.predictors, level_of(numbers)
    if winners is None or len(names) < 2:
        return ""
    if not level:
        return f"{listing(names, _NAMED)} cannot be compared: too few clips."
    rows = winners[(winners["axis"] == numbers.label) & (winners["level"] == level)]
    values = _values(numbers, level)
    if values.isna().all():
        return f"{listing(names, _NAMED)} cannot be compared: there is no order to agree with."
    best = str(values.idxmax())
    beaten = [
        name
        for name in names
        if name != best
        and any(row.better == best and {row.first, row.second} == {best, name} for row in rows.itertuples())
    ]
    open_ones = [name for name in names if name != best and name not in beaten]
    who = listeners(numbers.study)
    over = "systems" if level == "system" else "clips"
    if not open_ones:
        others = beaten[0] if len(beaten) == 1 else "the others"
        return f"{best} agrees better with {who} than {others}, over {over}."
    if not beaten:
        return f"no difference between {listing(names, _NAMED)} can be claimed, over {over}."
    return (
        f"{best} agrees better with {who} than {listing(beaten, _NAMED)}, over {over}; "
        f"{listing(open_ones, _NAMED)} may be as good."
    )


def _values(numbers: AxisNumbers, level: str) -> pd.Series:
    rows = numbers.metrics[(numbers.metrics["metric"] == "SRCC") & (numbers.metrics["level"] == level)]
    return rows.set_index("predictor")["value"]


def _predictors(comparison: Comparison, numbers: AxisNumbers, winners: pd.DataFrame | None) -> tuple[str, str, str]:
    who, axis = listeners(numbers.study), numbers.label
    if not numbers.predictors:
        none = f"no predictor scores {axis} yet" if comparison.predictors else "there are no predictions yet"
        return f"{none}, so none can be held against {who}.", "systems", ""
    view = "versus" if len(numbers.predictors) > 1 else "systems"
    figure = slug("versus", axis, "differences") if view == "versus" else slug("systems", axis, "metrics")
    told = [which_is_better(numbers, winners)]
    level = level_of(numbers)
    if not level:
        told.append(f"too few clips are rated to say how well {listing(numbers.predictors, _NAMED)} agrees.")
        return " ".join(filter(None, told)), view, figure
    told += [_agrees(numbers, name, level) for name in numbers.predictors[:_NAMED]]
    told.append(_ceiling(numbers, level))
    able = helpers(comparison, numbers)
    told += [
        f"{name} has learnt from these ratings, so this is no test of it."
        for name in numbers.predictors
        if name not in able
    ]
    strays = [f"{name} guesses on some clips, which are unlike its training clips." for name in numbers.strays]
    return " ".join(filter(None, [*told, *strays])), view, figure


def _agrees(numbers: AxisNumbers, name: str, level: str) -> str:
    rows = numbers.metrics
    row = rows[(rows["predictor"] == name) & (rows["level"] == level) & (rows["metric"] == "SRCC")].iloc[0]
    if np.isnan(row["value"]):
        return f"{name} has no rank order to compare: {row['note']}."
    over = count(row["systems"], "system") if level == "system" else count(row["clips"], "clip")
    few = " (a hint)" if numbers.samples[name].doubts(level) else ""
    found = with_ends(row["value"], row["low"], row["high"], 2)
    return f"{name} orders {over} with SRCC {found} of 1{few}.{_near(numbers, row, level)}"


def _near(numbers: AxisNumbers, row: pd.Series, level: str) -> str:
    """How a predictor stands to the ceiling where their intervals do not meet."""
    top = numbers.ceilings[level]
    if not top.holds or np.isnan(row["low"]) or not np.isfinite(top.ends.low):
        return ""
    if row["high"] < top.ends.low:
        return " That is below the ceiling."
    return " That is above the ceiling: does it know these ratings?" if row["low"] > top.ends.high else ""


def _ceiling(numbers: AxisNumbers, level: str) -> str:
    top = numbers.ceilings[level]
    if np.isnan(top.value):
        return "A ceiling is not known: it takes several single ratings of a clip."
    found = with_ends(top.value, top.ends.low, top.ends.high, 2)
    if not top.holds:
        return f"Raters agree too little for a ceiling: their halves have SRCC {found}."
    return f"The ceiling, one half of the raters against the other, is {found}."


# What to do next.


def _next(numbers: AxisNumbers, winners: pd.DataFrame | None) -> tuple[str, str, str]:
    study, axis, matrix, people = numbers.study, numbers.label, numbers.matrix, numbers.people
    raters, systems = slug("raters", axis, "individuals"), slug("systems", axis, "pairs")
    if people is None:
        return "name the system of each clip, two systems at least.", "raters", ""
    if study.holds_means:
        return "bring single ratings: means do not show whether raters agree.", "systems", systems
    if (matrix.counts < 2).all():
        return "have each clip rated twice or more: single ratings do not show whether raters agree.", "raters", ""
    told, place = [], ("systems", systems)
    if out := _to_leave_out(numbers):
        told.append(out)
        place = ("raters", raters)
    lead = leaders(people)
    if len(lead) > 1:
        told.append(_rate_more(numbers, people, lead))
        place = ("raters", slug("raters", axis, "more")) if not out else place
    if told:
        return " ".join([told[0], *(f"{text[0].upper()}{text[1:]}" for text in told[1:])]), *place
    better = which_is_better(numbers, winners)
    if len(numbers.predictors) > 1 and ("can be claimed" in better or "may be as good" in better):
        return (
            "have more clips rated: the predictors cannot be told apart yet.",
            "versus",
            slug("versus", axis, "differences"),
        )
    checked = "" if isinstance(numbers.panel, str) else " and no rater stands apart"
    best = "best" if get_axis(axis).is_quality else "highest"
    return f"nothing: the {best} system is clear{checked}.", *place


def _to_leave_out(numbers: AxisNumbers) -> str:
    """Names the rater who stands apart most; empty where nobody does, or raters are not known."""
    if isinstance(numbers.panel, str) or not numbers.panel.straying:
        return ""
    rows = numbers.panel.raters[numbers.panel.raters["reason"] != ""]
    rows = rows.assign(reasons=rows["reason"].str.count("; ") + 1)
    rows = rows.sort_values(["reasons", "agreement"], ascending=[False, True], kind="stable", na_position="first")
    name, why = str(rows["rater"].iloc[0]), str(rows["reason"].iloc[0]).split("; ")[0]
    more = f" {count(len(rows) - 1, 'other')} {'stands' if len(rows) == 2 else 'stand'} apart, too." * (len(rows) > 1)
    return f"consider leaving out rater {name}: {why}.{more} Decide by what is known of a rater."


def _rate_more(numbers: AxisNumbers, people: Ranking, lead: Sequence[str]) -> str:
    """Asks for more ratings of the systems that may be the best, of the kind that narrows their means most."""
    names = "every system" if len(lead) == len(people.systems) else listing(lead, _NAMED)
    single = [name for name, clips in zip(people.systems, people.clips, strict=True) if name in lead and clips < 2]
    if single:
        return f"rate more clips of {listing(single, _NAMED)}: one clip tells no system apart."
    now = more_raters(numbers.matrix)
    share = float(now.system_limit / now.system_error) ** 2 if now.system_error > 0 else float("nan")
    if np.isnan(share):
        return f"rate more of {names}: the best is not clear yet."
    if share >= 0.5:
        return f"rate more clips of {names}, since clips differ more than raters do."
    return f"rate the clips of {names} more often, since raters differ more than clips do."


# Where people voted and nobody rated.


def _by_votes(comparison: Comparison, axis: str) -> list[Finding]:
    section = comparison.votes(axis)
    tables = {table.id: table.frame for table in section.tables}
    figure, who = slug("votes", axis, "scores") if section.figures else "", listeners(comparison.study)

    def line(about: str, text: str) -> Finding:
        start = axis if comparison.study.kind == "human" else f"{axis}, {who}"
        return Finding(about, f"{start}: {text}", "votes", axis, figure)

    beside = tables.get(slug("votes", axis, "scores-beside"))
    known = None if beside is None else beside[beside["accuracy"].notna()]
    if known is None or known.empty:
        agree = f"there are no scores of the clips yet, so none can be held against the votes of {who}."
    else:
        agree = " ".join(
            f"{row.scores} agrees with {with_ends(row.accuracy, row.low, row.high, 2)} of {row.decided:,} clear votes."
            for row in known.head(_NAMED).itertuples()
        )
    return [line(SYSTEMS, section.answer or "the votes make no ranking."), line(PREDICTORS, agree),
            line(NEXT, _more_votes(tables.get(slug("votes", axis, "pairs"))))]  # fmt: skip


def _more_votes(pairs: pd.DataFrame | None) -> str:
    if pairs is None or pairs.empty:
        return "bring votes between two systems or more."
    if "differ" not in pairs:
        return "have systems compared across their groups: these votes make no ranking."
    rest = pairs[~pairs["differ"].fillna(value=False).astype(bool)]
    if rest.empty:
        return "nothing: every pair of systems is told apart."
    closest = rest.loc[rest["difference"].abs().idxmin()]
    told = f"have {closest['first']} and {closest['second']} compared more: "
    return told + f"{count(len(rest), 'pair')} {'is' if len(rest) == 1 else 'are'} not told apart, theirs least."
