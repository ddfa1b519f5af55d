"""What can be shown of named raters on one axis."""

from __future__ import annotations

from dataclasses import dataclass, field

from qamro.counts import count
from qamro.evaluation.raters.outlying import Panel
from qamro.evaluation.rating_matrix import RatingMatrix
from qamro.report.rater_figures import distributions, individuals, qualities
from qamro.report.section import Figure, Table, slug
from qamro.report.words import listing


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
    total, best = len(found.raters), found.models["P.910"]
    views.sentences.append(_straying(axis, found.straying, total))
    if best.runaway:
        views.sentences.append(
            f"{axis}: the maximum likelihood of P.910 took {listing(best.runaway)} for the truth itself: "
            "a rater's weight has no bound in it; quality comes from the other raters instead."
        )
    if best.left_out:
        views.sentences.append(f"{axis}: {count(len(best.left_out), 'rater')} gave too few ratings for a model.")
    alt = f"Share of each score for {count(total, 'rater')}, the most generous on top."
    title = f"{axis}: scores of each rater"
    note = "One row a rater; the stronger the colour, the more of the rater's ratings."
    views.figures.append(Figure(slug("raters", axis, "scores"), title, alt, note, distributions(matrix)))
    alt = f"Bias and inconsistency of {count(total, 'rater')}; {len(found.straying)} stray."
    note = (
        "By P.910's model: bias is how far a rater scores above all raters, inconsistency how far the scores scatter "
        "about bias and quality; both with 95 % intervals."
    )
    title = f"{axis}: bias and consistency of each rater"
    views.figures.append(Figure(slug("raters", axis, "individuals"), title, alt, note, individuals(found.raters)))
    alt = "Quality of each clip as three models recover it, against the plain mean."
    note = "On the dashed line a model agrees with the plain mean. Intervals stand in the hover text and the table."
    title = f"{axis}: recovered quality"
    figure = qualities(found.models, axis)
    views.figures.append(Figure(slug("raters", axis, "quality"), title, alt, note, figure))
    views.tables.append(_raters(axis, found))
    views.tables.append(_clips(axis, found))
    return views


def _straying(axis: str, straying: dict[str, str], total: int) -> str:
    if not straying:
        return f"{axis}: none of {count(total, 'rater')} strays from the others."
    told = listing([f"{name} ({why})" for name, why in straying.items()], 12)
    return f"{axis}: {len(straying)} of {count(total, 'rater')} stray: {told}. They count unless you leave them out."


def _raters(axis: str, found: Panel) -> Table:
    note = (
        "bias and inconsistency by P.910's model, in points; agreement is the rank correlation with the mean of the "
        "other raters; each with a 95 % interval. reason says why a rater strays from the others."
    )
    order = found.raters["reason"].eq("").sort_values(kind="stable").index
    rows = found.raters.loc[order].reset_index(drop=True)
    rows.insert(1, "reason", rows.pop("reason"))
    return Table(slug("raters", axis, "table"), f"{axis}: raters", note, rows)


def _clips(axis: str, found: Panel) -> Table:
    merged = found.models["P.910"].clips[["clip", "system", "count", "mos"]]
    for key, model in found.models.items():
        own = model.clips[["clip", "quality", "quality_low", "quality_high"]]
        own = own.rename(columns={"quality": key, "quality_low": f"{key}_low", "quality_high": f"{key}_high"})
        merged = merged.merge(own, on="clip", how="left")
    note = "mos is the plain mean; then the quality that each model recovers, with its 95 % interval."
    return Table(slug("raters", axis, "clips"), f"{axis}: recovered quality of clips", note, merged)
