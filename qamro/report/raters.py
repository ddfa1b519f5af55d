"""Section: do people agree, does anybody stray, and would more listening help?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.agreement import MEANING, agreement, more_raters
from qamro.evaluation.agreement.ceiling import ceiling_size
from qamro.evaluation.levels import hint
from qamro.evaluation.rater_bootstrap import RatingMatrix
from qamro.evaluation.raters.model import MODELS
from qamro.evaluation.raters.outlying import Panel
from qamro.report.findings import level_of
from qamro.report.forest_figure import row_forest
from qamro.report.numbers import Figure, Section, Table, scaled, slug
from qamro.report.rater_figures import distributions, histogram, individuals, more_raters_figure, qualities
from qamro.report.words import listeners, listing, number, percent, with_ends

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers

_COEFFICIENTS = (
    "alpha", "ICC(2,1)", "ICC(2,k)", "ICC(1,1)", "ICC(1,k)",
    "ceiling, utterance", "full ceiling, utterance", "ceiling, system", "full ceiling, system",
)  # fmt: skip
_WHAT = {"utterance": "clips", "system": "systems"}


def raters(comparison: Comparison, rated: str = "") -> Section:
    """Makes the section over one rated axis, or over all that are compared."""
    study, options = comparison.study, comparison.options
    section = Section("raters", "Raters")
    if study.holds_means:
        section.sentences.append(
            f"{study.name} publishes means of several ratings: nobody can say from them how far its raters agree, what "
            "a predictor's ceiling is, or whether more ratings would help."
        )
        return replace(section, answer=f"{study.name} publishes means: whether its raters agree is not known.")
    compared = {axis: comparison.numbers(axis) for axis in comparison.axes}
    axes = {rated: compared[rated]} if rated else compared
    known = {axis: numbers.ceiling_draws for axis, numbers in axes.items() if (numbers.matrix.counts > 1).any()}
    table = agreement(study, list(axes), draws=options.draws, seed=options.seed, level=options.level, ceilings=known)
    table["meaning"] = table["statistic"].map(MEANING)
    for axis, numbers in axes.items():
        section.sentences.extend(_agree(axis, table[table["axis"] == axis], numbers))
    coefficients = _forest(table, options.level)
    section.figures.extend(coefficients)
    unknown: dict[str, list[str]] = {}
    for axis, numbers in axes.items():
        if why := _one_axis(section, axis, numbers):
            unknown.setdefault(why, []).append(axis)
    if len(axes) == 1:  # of one axis the raters come first, of several the one picture that has them all
        section.figures[:] = [*section.figures[len(coefficients) :], *coefficients]
    if sum(map(len, unknown.values())) < len(axes):
        section.about.extend(f"{model}. {text}" for model, text in MODELS.items())
    section.sentences.extend(f"{', '.join(names)}: {why}." for why, names in unknown.items())
    answer = " ".join(_answer(axis, numbers) for axis, numbers in axes.items())
    note = (
        f"low and high are the ends of {percent(options.level)} intervals: {options.draws:,} draws of systems, clips "
        "within them, and raters where they are named. Standard errors draw clips only. Where there is none, the "
        "number follows from another without chance. raters 0: anonymous."
    )
    section.tables.insert(0, Table("raters-agreement", "Agreement of the raters", note, table))
    return replace(section, answer=answer)


def _answer(axis: str, numbers: AxisNumbers) -> str:
    """Whether the raters of an axis agree, and whether one stands apart."""
    who, level = listeners(numbers.study), level_of(numbers)
    top = numbers.ceilings[level] if level else None
    if top is None or np.isnan(top.value):
        agree = f"too few ratings show whether {who} agree"
    elif not top.holds:
        agree = f"{who} do not agree beyond chance about {_WHAT[level]}"
    else:
        found = with_ends(top.value, top.ends.low, top.ends.high, 2)
        agree = f"half of the {who} predicts the other half with SRCC {found}"
        agree += ", a hint" if numbers.human_sample.doubts(level) else ""
    if isinstance(numbers.panel, str):
        return f"{axis}: {agree}."
    n = len(numbers.panel.straying)
    apart = f"{count(n, 'rater')} {'stands' if n == 1 else 'stand'} apart" if n else "no rater stands apart"
    return f"{axis}: {agree}; {apart}."


def _one_axis(section: Section, axis: str, numbers: AxisNumbers) -> str:
    """Adds what can be shown of one axis; returns why nothing can be said of single raters, empty where it can."""
    matrix, who = numbers.matrix, listeners(numbers.study)
    found = numbers.panel
    why = found if isinstance(found, str) else ""
    if isinstance(found, str):
        known = matrix.scores[np.isfinite(matrix.scores)]
        alt = f"Histogram of {count(known.size, 'rating')}, mean {number(float(known.mean()), 2)}."
        note = f"{count(known.size, 'rating')} of {count(len(matrix.clips), 'clip')} by {who}, all raters together."
        title = f"{axis}: ratings"
        figure = histogram(axis, known, {})
        section.figures.append(Figure(slug("raters", axis, "ratings"), title, alt, note, figure))
    else:
        views = rater_views(found, matrix)
        section.sentences.extend(views.sentences)
        section.figures.extend(views.figures)
        section.tables.extend(views.tables)
    now = more_raters(matrix)
    if np.isfinite(now.clip_error):
        alt = f"The half-width of an interval falls as ratings are added; now there are {now.now:.3g} ratings a clip."
        note = "Expected half-width with more or fewer raters of this kind."
        if np.isfinite(now.system_limit):
            rest = number(1.96 * float(now.system_limit), 2)
            note += (
                f" A system's mean also varies because its clips differ: that part, ± {rest}, only more clips reduce."
            )
        title = f"{axis}: what more ratings would buy"
        figure = more_raters_figure(now)
        section.figures.append(Figure(slug("raters", axis, "more"), title, alt, note, figure))
    return why


def _forest(table: pd.DataFrame, level: float) -> list[Figure]:
    shown = [name for name in _COEFFICIENTS if table.loc[table["statistic"] == name, "value"].notna().any()]
    alt = "; ".join(
        f"{row.axis} {row.statistic} {number(row.value)}" for row in table.itertuples() if row.statistic == "alpha"
    )
    note = f"Bars are {percent(level)} intervals. A ceiling is what a predictor could reach against half of the raters."
    series = {str(axis): part.set_index("statistic") for axis, part in table.groupby("axis", sort=False)}
    figure = Figure("raters-coefficients", "How far the raters agree", f"{alt}.", note, row_forest(shown, series))
    return [figure] if shown else []


def _agree(axis: str, table: pd.DataFrame, numbers: AxisNumbers) -> list[str]:
    """Says what the coefficients of one axis mean, and what more ratings would buy."""
    rows = {row.statistic: row for row in table.itertuples()}
    told = []
    for name in ("alpha", "ICC(2,1)", "ICC(2,k)", "ICC(1,1)", "ICC(1,k)"):
        if name in rows and not np.isnan(rows[name].value):
            row = rows[name]
            told.append(f"{axis}: {name} = {with_ends(row.value, row.low, row.high, 2)}. {_tail(MEANING[name])}")
    for level in ("system", "utterance"):
        row, whole = rows.get(f"ceiling, {level}"), rows.get(f"full ceiling, {level}")
        if row is not None and whole is not None and not np.isnan(row.value):
            size = ceiling_size(numbers.matrix)[level]
            told.append(f"{axis}: {_ceiling(level, size, row, whole, listeners(numbers.study))}")
    if "clip error" in rows:
        told.append(_more(axis, rows, numbers))
    return told


def _ceiling(level: str, size: int, half: Any, whole: Any, who: str) -> str:
    """Says what a predictor could reach, or that the raters agree too little for anybody to reach anything."""
    found = with_ends(half.value, half.low, half.high)
    over = f"over {count(size, 'system' if level == 'system' else 'clip')}"
    if half.low <= 0 and level == "utterance":
        return (
            f"{who} do not agree about single clips here: nothing can be learnt at clip level. One half of the raters "
            f"predicts the other with SRCC {found} {over}, an interval that does not leave chance out."
        )
    if half.low <= 0:
        return (
            f"one half of the raters predicts the other with SRCC {found} {over}: an interval that does not leave "
            "chance out is no ceiling for a predictor."
        )
    text = f"one half of the raters predicts the other with SRCC {found} {over}"
    if not np.isnan(whole.value):
        text += f". Two groups of all raters' size would reach {with_ends(whole.value, whole.low, whole.high)}"
    if doubts := hint(size, "system" if level == "system" else "clip"):
        return f"{text}. {doubts}, not a finding."
    return f"{text}. A predictor that comes near this is as good as other raters."


def _tail(meaning: str) -> str:
    return meaning.split(": ", 1)[-1][:1].upper() + meaning.split(": ", 1)[-1][1:]


def _more(axis: str, rows: dict[str, Any], numbers: AxisNumbers) -> str:
    now = more_raters(numbers.matrix)
    clip, system = rows["clip error"], rows["system error"]
    error = with_ends(clip.value, clip.low, clip.high, 2)
    text = (
        f"{axis}: a clip's mean has a standard error of {error} points; halving its interval takes "
        f"{number(float(now.clip_needed - now.now), 0)} more ratings of each clip."
    )
    if np.isnan(system.value):
        return text
    error = with_ends(system.value, system.low, system.high, 2)
    text += f" A system's mean has {error}. "
    if np.isinf(now.system_needed):
        return text + (
            f"No number of raters halves its interval, because clips of a system differ. "
            f"{number(float(now.clips_needed - now.clips_now), 0)} more clips of each would."
        )
    more = float(now.system_needed - now.now)
    return text + f"Halving its interval takes {number(more, 0)} more ratings of each clip."


# What can be shown of named raters on one axis.


@dataclass(frozen=True)
class RaterViews:
    """Parts of the raters section.

    Attributes:
        sentences: Who strays, and what the models had to set aside.
        figures: Distribution, bias and consistency, recovered quality.
        tables: Raters, and clips with their recovered quality.
    """

    sentences: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def rater_views(found: Panel, matrix: RatingMatrix) -> RaterViews:
    """Makes the figures and tables of one axis.

    Args:
        found: What the rater models say.
        matrix: The ratings.
    """
    axis, views = matrix.axis, RaterViews()
    total, best = len(found.raters), found.main
    views.sentences.append(_straying(axis, found.straying, total))
    if found.problem:
        views.sentences.append(f"{found.problem[0].upper()}{found.problem[1:]}.")
    if best.runaway:
        views.sentences.append(
            f"{axis}: the maximum likelihood of P.910 took {listing(best.runaway)} for the truth itself: "
            "a rater's weight has no bound in it; quality comes from the other raters instead."
        )
    if best.left_out:
        views.sentences.append(f"{axis}: {count(len(best.left_out), 'rater')} gave too few ratings for a model.")
    alt = f"Bias and inconsistency of {count(total, 'rater')}; {len(found.straying)} stray."
    note = (
        f"By {best.model}'s model, with 95 % intervals. Bias is how far a rater scores above all raters, "
        "inconsistency how far the scores scatter about bias and quality."
    )
    title = f"{axis}: bias and consistency of each rater"
    views.figures.append(Figure(slug("raters", axis, "individuals"), title, alt, note, individuals(found.raters)))
    alt = f"Share of each score for {count(total, 'rater')}, the most generous on top."
    title = f"{axis}: scores of each rater"
    note = "One row a rater; the stronger the colour, the more of the rater's ratings."
    views.figures.append(Figure(slug("raters", axis, "scores"), title, alt, note, distributions(matrix)))
    alt = f"Quality of each clip as {count(len(found.models), 'model')} recover it, against the plain mean."
    note = "On the dashed line a model agrees with the plain mean. Intervals stand in the hover text and the table."
    title = f"{axis}: recovered quality"
    figure = qualities(found.models, axis)
    views.figures.append(Figure(slug("raters", axis, "quality"), title, alt, note, figure))
    views.tables.append(_raters(axis, found, matrix))
    views.tables.append(_clips(axis, found, matrix))
    return views


def _straying(axis: str, straying: dict[str, str], total: int) -> str:
    if not straying:
        return f"{axis}: none of {count(total, 'rater')} strays from the others."
    told = listing([f"{name} ({why})" for name, why in straying.items()], 12)
    return f"{axis}: {len(straying)} of {count(total, 'rater')} stray: {told}. They count unless you leave them out."


def _raters(axis: str, found: Panel, matrix: RatingMatrix) -> Table:
    note = (
        f"bias and inconsistency are by {found.main.model}'s model, in points. agreement is the rank correlation "
        "with the mean of the other raters. Each has a 95 % interval. reason says why a rater strays from the others."
    )
    order = found.raters["reason"].eq("").sort_values(kind="stable").index
    rows = found.raters.loc[order].reset_index(drop=True)
    rows.insert(1, "reason", rows.pop("reason"))
    return Table(slug("raters", axis, "table"), f"{axis}: raters", note, rows, scaled(matrix, "mean"))


def _clips(axis: str, found: Panel, matrix: RatingMatrix) -> Table:
    merged = found.main.clips[["clip", "system", "count", "mos"]]
    for key, model in found.models.items():
        own = model.clips[["clip", "quality", "quality_low", "quality_high"]]
        own = own.rename(columns={"quality": key, "quality_low": f"{key}_low", "quality_high": f"{key}_high"})
        merged = merged.merge(own, on="clip", how="left")
    note = "mos is the plain mean; then the quality that each model recovers, with its 95 % interval."
    scales = scaled(matrix, "mos", *found.models)
    return Table(slug("raters", axis, "clips"), f"{axis}: recovered quality of clips", note, merged, scales)
