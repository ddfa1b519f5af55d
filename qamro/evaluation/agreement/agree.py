"""How much the raters of a study agree: every statistic with its interval and a sentence that explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.agreement.ceiling import Ceilings, ceiling, ceiling_size, spearman_brown
from qamro.evaluation.agreement.reliability import (
    components,
    icc_mean,
    icc_single,
    krippendorff_alpha,
    more_raters,
    why_no_icc,
)
from qamro.evaluation.bootstrap import DRAWS, Bootstrap, clips_within_systems, interval
from qamro.evaluation.levels import hint, too_few
from qamro.evaluation.rater_bootstrap import RatingMatrix, rating_matrix

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

MEANING: dict[str, str] = {
    "alpha": "Krippendorff's alpha: 1 when raters always agree about a clip, 0 when no more than by chance.",
    "ICC(2,1)": "How far one rater's score can be relied on, raters' biases counted as error.",
    "ICC(2,k)": "How far the mean of all raters of a clip can be relied on, biases counted as error.",
    "ICC(1,1)": "How far one anonymous score can be relied on; the raters' biases cannot be told from noise.",
    "ICC(1,k)": "How far the mean of a clip's anonymous scores can be relied on.",
    "ceiling, utterance": "Rank correlation over clips of two random halves of the raters: a predictor's ceiling.",
    "ceiling, system": "Rank correlation over systems of two random halves of the raters: a predictor's ceiling.",
    "full ceiling, utterance": "The same for two groups of all raters' size, by Spearman and Brown's formula.",
    "full ceiling, system": "The same for two groups of all raters' size, by Spearman and Brown's formula.",
    "clip error": "Standard error of a clip's mean score, in points of the scale.",
    "clip raters": "Ratings a clip would need for half that error: four times as many.",
    "system error": "Standard error of a system's mean score over clips like these, in points of the scale.",
    "system raters": "Ratings a clip would need for half that error; infinite: only more clips can do it.",
    "system clips": "Clips a system would need for half that error, with as many ratings each as now.",
}
"""What each statistic says, in a sentence."""

ANONYMOUS = "not known: the ratings are anonymous, so raters' biases cannot be told from noise"
"""Why a statistic that needs raters is missing."""


def agreement(
    study: Study,
    axes: Sequence[str] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    ceilings: Mapping[str, Ceilings] | None = None,
) -> pd.DataFrame:
    """Computes every statistic of agreement for a study's axes.

    Intervals draw systems, then clips within them, and raters where they are named (Owen 2007, "The pigeonhole
    bootstrap", which rather says too much than too little); copies of one rater are never compared with each other.
    Those of the standard errors, which are about these systems, draw clips only. An end may be infinite.

    Args:
        study: The ratings.
        axes: Which axes; None for all.
        draws: Bootstrap draws.
        seed: Their seed.
        level: Coverage of the intervals.
        ceilings: What ``ceiling`` answered for an axis with the same draws and seed, where it is known: they cost as
            much as everything else.

    Returns:
        Columns ``axis``, ``statistic``, ``value``, ``low``, ``high``, ``clips``, ``raters`` (0: anonymous),
        ``ratings``, ``note``; ``MEANING`` explains the statistics.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for axis in axes or study.axes:
        matrix = rating_matrix(study, axis)
        about = {"clips": len(matrix.clips), "raters": len(matrix.raters), "ratings": int(matrix.counts.sum())}
        for statistic, value, drawn, note in _statistics(matrix, draws, seed, (ceilings or {}).get(axis)):
            ends = interval(np.asarray(drawn), level)
            numbers = {"value": float(value), "low": ends.low, "high": ends.high}
            rows.append({"axis": axis, "statistic": statistic} | numbers | about | {"note": note})
    return pd.DataFrame(rows)


Row = tuple[str, Any, Any, str]


def _statistics(matrix: RatingMatrix, draws: int, seed: int, tops: Ceilings | None) -> Iterator[Row]:
    random = np.random.default_rng(seed)
    parts = [part.weights for part in Bootstrap(matrix.systems, draws=draws, seed=seed)]
    clips = np.concatenate(parts) if parts else np.empty((0, len(matrix.clips)))
    k = len(matrix.raters)
    panel = random.multinomial(k, np.full(k, 1 / k), size=draws).astype(float) if k else None
    repeated = f"{count(matrix.repeated, 'repeated rating')} averaged" if matrix.repeated else ""
    if (matrix.counts < 2).all():
        yield "alpha", np.nan, np.empty(0), "no clip has two ratings"
        return
    alpha = krippendorff_alpha(matrix.scores)
    alphas = krippendorff_alpha(matrix.scores, clip_weights=clips, rater_weights=panel)
    yield "alpha", alpha, alphas, repeated if np.isfinite(alpha) else "all ratings of clips with two or more are equal"
    whole = components(matrix.scores, named=k > 0)
    drawn = components(matrix.scores, named=k > 0, clip_weights=clips, rater_weights=panel)
    each = len(matrix.clips) / (1 / matrix.counts).sum()
    model = "2" if k else "1"
    if not k:
        yield "ICC(2,1)", np.nan, np.empty(0), ANONYMOUS
        yield "ICC(2,k)", np.nan, np.empty(0), ANONYMOUS
    one, mean = icc_single(whole), icc_mean(whole, each)
    why = why_no_icc(matrix.scores, named=k > 0)
    yield f"ICC({model},1)", one, icc_single(drawn), repeated if np.isfinite(one) else why
    basis = f"k = {each:.3g} ratings a clip"
    yield f"ICC({model},k)", mean, icc_mean(drawn, each), basis if np.isfinite(mean) else why
    for level, (value, values) in (tops or ceiling(matrix, draws=draws, seed=seed)).items():
        what = "system" if level == "system" else "clip"
        size = ceiling_size(matrix)[level]
        note = hint(size, what)
        if not np.isfinite(value):
            note = too_few(size, what) or "constant means of halves: no order to compare"
        yield f"ceiling, {level}", value, values, note
        # Draws below zero stay as they are: leaving them out would narrow the interval.
        panels = np.where(values < 0, values, spearman_brown(values))
        if value < 0:
            panels, note = np.empty(0), "two halves that disagree cannot be extrapolated to all raters"
        yield f"full ceiling, {level}", spearman_brown(value), panels, note
    yield from _more(matrix, clips_within_systems(matrix.systems, draws=draws, seed=seed))


def _more(matrix: RatingMatrix, clips: np.ndarray) -> Iterator[Row]:
    now, drawn = more_raters(matrix), more_raters(matrix, clips)
    yield "clip error", now.clip_error, drawn.clip_error, f"with {now.now:.3g} ratings a clip"
    yield "clip raters", now.clip_needed, np.empty(0), f"now {now.now:.3g}; four times as many, whatever the data"
    why = "no system has two clips" if np.isnan(now.system_error) else ""
    yield "system error", now.system_error, drawn.system_error, why or f"with {now.clips_now:.3g} clips a system"
    limit = f"now {now.now:.3g}; with endless raters the error stays at {now.system_limit:.2g}"
    yield "system raters", now.system_needed, drawn.system_needed, why or limit
    four = f"now {now.clips_now:.3g}; four times as many, whatever the data"
    yield "system clips", now.clips_needed, np.empty(0), why or four
