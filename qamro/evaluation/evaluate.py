"""Holds predictions against the ratings of a study: every metric with its interval, also by group and by system."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.align import (
    AxisPair,
    NothingMatched,
    join,
    match,
    nothing_matched,
    pair_axes,
    ratings_of,
    sample_of,
    scored,
)
from qamro.evaluation.bootstrap import DRAWS, Interval, interval
from qamro.evaluation.levels import FEW, LEVELS, Sample, resample
from qamro.evaluation.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation.align import Match
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


# What an evaluation answers: the tables, how the clips were joined, and how the intervals were made.


@dataclass(frozen=True)
class Evaluation:
    """How predictions stand against a study.

    Attributes:
        study: The study's name.
        kind: ``"human"`` or ``"simulated"`` ratings.
        table: One row a figure: ``axis``, ``level`` ("utterance" or "system"), ``metric``, ``value``, ``low``,
            ``high`` (ends of the interval), ``clips``, ``systems`` (how many it rests on), ``hint`` (whether they are
            too few for a finding, see ``sample.FEW``), ``note`` (why a value is NaN, what was left out).
        clips: One row a clip and axis: ``clip``, ``system``, ``axis``, ``human`` (MOS), ``human_sem``, ``count``
            (ratings), ``predicted``; ``domain`` where the predictions tell it (see ``qamro.domains``).
        systems: One row a system and axis: ``system``, ``axis``, ``human``, ``human_low``, ``human_high``,
            ``predicted``, ``predicted_low``, ``predicted_high``, ``clips``; intervals draw clips within the system.
        match: How the clips were joined.
        draws: Number of bootstrap draws.
        seed: Their seed.
        level: Coverage of the intervals.
        drawn: What the draws resample, in this order.
    """

    study: str
    kind: str
    table: pd.DataFrame
    clips: pd.DataFrame
    systems: pd.DataFrame
    match: Match
    draws: int
    seed: int
    level: float
    drawn: tuple[str, ...] = ("systems", "clips")

    @property
    def matched(self) -> int:
        """How many predictions belong to a rated clip."""
        return len(self.match.rows)

    @property
    def unmatched_predictions(self) -> list[str]:
        """Names of the predictions that belong to no rated clip."""
        return self.match.predictions_left

    @property
    def unmatched_ratings(self) -> list[str]:
        """Names of the rated clips that nobody predicted."""
        return self.match.clips_left

    def as_dict(self) -> dict[str, Any]:
        """Returns everything but the table of clips, ready for JSON: NaN becomes None."""
        return {
            "study": self.study,
            "ratings": self.kind,
            "interval": {
                "method": "cluster bootstrap, percentile",
                "level": self.level,
                "draws": self.draws,
                "drawn": list(self.drawn),
            },
            "seed": self.seed,
            "matched": self.matched,
            "matched_by": self.match.how,
            "unmatched_predictions": self.unmatched_predictions,
            "unmatched_ratings": self.unmatched_ratings,
            "ambiguous": self.match.ambiguous,
            "metrics": records(self.table),
            "systems": records(self.systems.rename(columns=lambda name: str(name).replace("human", "rated"))),
        }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns a table's rows as dicts that JSON can hold: NaN and infinity become None."""
    return [finite(row) for row in table.to_dict("records")]


def finite(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Returns a row that JSON can hold: NaN and infinity become None."""
    return {
        str(key): None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()
    }


# The metrics for each group of content: a genre, a source, a kind of prompt.

_OWN = ("clip", "path", "system", "prompt")


def group_columns(study: Study, *, most: int = 24) -> list[str]:
    """The columns of the clips table that could divide it: two to ``most`` values, none for a single clip.

    Args:
        study: The study.
        most: With more groups a table says nothing.
    """
    found = []
    for column in study.clips.columns:
        sizes = study.clips[column].fillna("").astype(str).loc[lambda values: values != ""].value_counts()
        if column not in _OWN and 2 <= len(sizes) <= most and sizes.min() > 1:
            found.append(str(column))
    return found


def evaluate_groups(study: Study, predictions: pd.DataFrame, column: str, **options: Any) -> pd.DataFrame:
    """Evaluates each group by itself.

    Few clips a group make wide intervals: a group that looks worse than another need not be.

    Args:
        study: The ratings.
        predictions: A score table.
        column: A column of the clips table.
        options: Passed on to ``evaluate``.

    Returns:
        The table of ``evaluate`` with a column ``group`` in front; groups without a matched clip are left out.

    Raises:
        KeyError: There is no such column.
        NothingMatched: No group has a matched clip.
    """
    import pandas as pd

    if column not in study.clips.columns:
        raise KeyError(f"the clips table has no column {column!r}; it has {', '.join(map(str, study.clips.columns))}")
    groups = study.clips[column].fillna("").astype(str)
    tables, problem = [], None
    for group in sorted(set(groups) - {""}):
        part = study.of_clips(study.clips.loc[groups == group, "clip"]).replace(name=f"{study.name}, {group}")
        if part.ratings.empty:
            continue
        try:
            table = evaluate(part, predictions, **options).table
        except NothingMatched as nothing:
            problem = nothing
            continue
        table.insert(0, "group", group)
        tables.append(table)
    if not tables:
        raise problem or KeyError(f"no clip has a value in column {column!r}")
    return pd.concat(tables, ignore_index=True)


# Mean scores of systems, predicted and human, each with an interval over clips.

_SIDES = ["human", "human_low", "human_high", "predicted", "predicted_low", "predicted_high"]
COLUMNS = ["system", "axis", *_SIDES, "clips"]


def mean_draws(sample: Sample, *, draws: int = DRAWS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draws clips within every system, while the systems stay, and takes the means.

    Args:
        sample: Clips that all have a system.
        draws: Number of draws D.
        seed: Seed of the draws.

    Returns:
        Mean predictions and mean targets, each of shape (D, K), systems sorted by name; the two sides of a draw rest
        on the same clips.
    """
    random = np.random.default_rng(seed)
    names, codes = np.unique(sample.systems, return_inverse=True)
    predictions, targets = np.empty((draws, names.size)), np.empty((draws, names.size))
    for k in range(names.size):
        mine = np.flatnonzero(codes == k)
        picks = mine[random.integers(mine.size, size=(draws, mine.size))]
        predictions[:, k] = sample.predictions[picks].mean(axis=1)
        targets[:, k] = sample.targets[picks].mean(axis=1)
    return predictions, targets


def system_table(sample: Sample, axis: str, *, draws: int = DRAWS, seed: int = 0, level: float = 0.95) -> pd.DataFrame:
    """Returns the systems with their means and intervals.

    Args:
        sample: Clips that all have a system.
        axis: What to write in the column ``axis``.
        draws: Number of draws.
        seed: Seed of the draws.
        level: Coverage of the intervals.

    Returns:
        Columns ``system``, ``axis``, ``human``, ``human_low``, ``human_high``, ``predicted``, ``predicted_low``,
        ``predicted_high``, ``clips``; the ends are NaN for a system of one clip.
    """
    import pandas as pd

    if not sample.targets.size:
        return pd.DataFrame(columns=COLUMNS)
    names, predicted, human, counts = sample.system_means
    predicted_draws, human_draws = mean_draws(sample, draws=draws, seed=seed)
    rows = []
    for k, name in enumerate(names):
        # The mean of one clip drawn again and again does not vary, which is no knowledge of it.
        seen = slice(None) if counts[k] > 1 else slice(0)
        people, machine = interval(human_draws[seen, k], level), interval(predicted_draws[seen, k], level)
        sides = [float(human[k]), people.low, people.high, float(predicted[k]), machine.low, machine.high]
        rows.append([name, axis, *sides, int(counts[k])])
    return pd.DataFrame(rows, columns=COLUMNS)
