"""Holds predictions against the ratings of a study: every metric, both levels, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.axes import AxisPair, pair_axes
from qamro.evaluation.bootstrap import DRAWS, Interval, interval
from qamro.evaluation.joining import join, ratings_of, sample_of, scored
from qamro.evaluation.levels import resample
from qamro.evaluation.matching import match, nothing_matched
from qamro.evaluation.metrics import METRICS
from qamro.evaluation.result import Evaluation
from qamro.evaluation.sample import FEW, LEVELS, Sample
from qamro.evaluation.systems import system_table

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

_ROUNDING = 1e-9


def evaluate(
    study: Study,
    predictions: pd.DataFrame,
    *,
    axes: Sequence[str] | None = None,
    axis_map: Mapping[str, str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    raters: bool = False,
) -> Evaluation:
    """Computes every metric at both levels with cluster bootstrap intervals.

    Args:
        study: The ratings.
        predictions: A score table: ``clip`` or ``path``, and a column for each axis. ``system`` is used for clips of
            which the study does not know the system.
        axes: Axes with the same name on both sides; None takes all there are (none when ``axis_map`` is given).
        axis_map: From predicted to rated axis where the names differ; labelled ``MI~quality``. MSE is NaN there
            unless both scales are known and equal.
        draws: Bootstrap draws; 0 leaves the intervals out.
        seed: Seed of the draws.
        level: Coverage of the intervals.
        raters: Whether the metrics' intervals also draw raters (see ``resample``): what another panel might have said.

    Raises:
        NothingMatched: No prediction belongs to a rated clip.
        NoCommonAxis: There is no axis to compare.
        PredictionsError: A column is missing, a clip stands twice, or a score is not a number.
    """
    import pandas as pd

    pairs = pair_axes(map(str, predictions.columns), study.axes, axes=axes, axis_map=axis_map)
    result = match(predictions, study)
    if not result.rows:
        raise nothing_matched(study, result)
    clips, notes = zip(*(scored(join(study, predictions, result, pair)) for pair in pairs), strict=True)
    samples = [
        sample_of(table, ratings_of(study, pair.human, table) if raters else None)
        for pair, table in zip(pairs, clips, strict=True)
    ]
    drawn = resample(samples, draws=draws, seed=seed)
    rows, systems = [], []
    for pair, sample, note, values in zip(pairs, samples, notes, drawn, strict=True):
        for where in LEVELS:
            rows += metric_rows(pair, sample, where, values[where], note=note, level=level)
        systems.append(system_table(sample.at("system"), pair.label, draws=draws, seed=seed, level=level))
    joined = [pd.concat(tables, ignore_index=True) for tables in (clips, systems)]
    return Evaluation(
        study.name,
        study.kind,
        pd.DataFrame(rows),
        joined[0],
        joined[1],
        result,
        draws=draws,
        seed=seed,
        level=level,
        drawn=("systems", "clips", "raters") if raters else ("systems", "clips"),
    )


def metric_rows(
    pair: AxisPair, sample: Sample, where: str, drawn: dict[str, np.ndarray], *, note: str = "", level: float = 0.95
) -> list[dict[str, Any]]:
    """Measures one predictor on one axis at one level.

    Args:
        pair: The axis.
        sample: Predicted and human scores.
        where: ``"utterance"`` or ``"system"``.
        drawn: Each metric's value in every draw, from ``resample``.
        note: What to say of every row.
        level: Coverage of the intervals.

    Returns:
        Rows of ``Evaluation.table``.
    """
    used, named = sample.at(where), sample.at("system")
    systems = len(named.system_means[0])
    outside = sample.targets.size - named.targets.size
    if where == "system" and systems and outside:
        note = _join(note, f"{count(outside, 'clip')} without a system left out")
    values = sample.measure(where)
    rows = []
    for key in METRICS:
        value, ends = values[key], interval(drawn[key], level)
        why = pair.why_no_distance if key == "MSE" else ""
        if not why and math.isnan(value):
            why = sample.why_undefined(where)
        if why:
            value, ends = math.nan, Interval(math.nan, math.nan, 0.0)
        elif key == "TOP1":
            # Found or not is one event: its draws are a share, which the note tells, and no interval.
            ends = Interval(math.nan, math.nan, ends.undefined)
        ties = f"differences up to {used.epsilon(where):.3g} are ties" if key == "ACC_EQ" else ""
        clear = where == "system" or not drawn[key].size or systems >= FEW or not systems
        rough = "" if clear else f"{count(systems, 'system')}: the interval is rough"
        doubts = why or _join(
            sample.doubts(where),
            rough,
            ties,
            _apart(used) if key == "MSE" else "",
            _doubts(key, drawn[key], ends.undefined),
            _beyond(value, ends),
        )
        rows.append(
            {"axis": pair.label, "level": where, "metric": key, "value": value, "low": ends.low, "high": ends.high}
            | {"clips": int(used.targets.size), "systems": systems, "hint": bool(sample.doubts(where))}
            | {"note": _join(note, doubts)}
        )
    return rows


def _doubts(key: str, drawn: np.ndarray, undefined: float) -> str:
    notes = []
    if key == "TOP1" and drawn.size and undefined < 1:
        notes.append(f"found in {100 * np.nanmean(drawn):.0f} % of draws")
    if undefined:
        notes.append(f"{100 * undefined:.2g} % of draws undefined")
    return _join(*notes)


def _apart(sample: Sample) -> str:
    """Says where all predictions lie far beyond all ratings, as they do when the two are on different scales."""
    predicted, rated = sample.predictions, sample.targets
    if predicted.size < FEW:
        return ""
    gap = max(predicted.min() - rated.max(), rated.min() - predicted.max())
    if gap <= np.ptp(rated):
        return ""
    ends = [f"{side.min():.3g} to {side.max():.3g}" for side in (predicted, rated)]
    return f"predictions are {ends[0]}, mean ratings {ends[1]}: on one scale?"


def _beyond(value: float, ends: Interval) -> str:
    """Says when the draws lie to one side of the value, as they may for predictors that are hardly ever wrong."""
    if math.isnan(value) or math.isnan(ends.low) or ends.low - _ROUNDING <= value <= ends.high + _ROUNDING:
        return ""
    return "the value lies outside its interval: the draws, which repeat clips, are noisier than the data"


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
