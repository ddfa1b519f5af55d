"""Prediction-powered means: a few clips rated, all of them predicted, and an interval that stays honest.

The mean of the ratings is moved by what the predictor says about the clips that nobody rated: for a system with n rated
and N other clips ``mean(y) + lambda * (mean of ŷ over the N - mean of ŷ over the n)`` (PPI++, Angelopoulos et al.,
arXiv 2311.01453; the regression estimator of survey sampling). Where a predictor does not follow the ratings, lambda
goes to 0 and the ratings stand alone. What counts is how ŷ follows y *within* systems; that a predictor ranks systems
well adds nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.align import PredictionsError, match, nothing_matched, numbers
from qamro.evaluation.racing import after_race

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

COLUMNS = ("system", "mean", "low", "high", "classical_low", "classical_high", "n_rated", "n_predicted")

_BORROWED = 5
"""What the common residual variance weighs beside a system's own, in clips: of 5 clips alone little is known."""

_WIDER = 1.02
"""A system whose interval the predictions would widen by more than this keeps that of its ratings."""


def prediction_powered(
    study: Study, predictions: pd.DataFrame, axis: str, *, predicted: str = "", level: float = 0.95
) -> pd.DataFrame:
    """Estimates each system's mean from its rated clips and the predictions for all of them.

    Clips are the unit: intervals hold for systems, of which the clips are a sample. They are Student's t intervals
    with one lambda for all systems and mostly each system's own variances; where the predictor follows the ratings of
    one system much less than those of the others, and few of its clips are rated, its coverage is a little low.

    The predictions must not come from heads that were trained on these ratings, unless each clip was predicted by heads
    that had not seen it: a head that knows the answers of the rated clips promises too much for the others.

    Args:
        study: The ratings. Clips of its table without a rating count as not rated.
        predictions: A score table: ``clip`` (or ``path``), a column of scores, and ``system`` for clips that the study
            does not know.
        axis: The rated axis.
        predicted: Column of the predictions, in any unit; the axis's own name unless set.
        level: Coverage of the intervals.

    Returns:
        One row a system: ``system``, ``mean``, ``low``, ``high`` (prediction-powered), ``classical_low``,
        ``classical_high`` (the ratings alone), ``n_rated``, ``n_predicted`` (clips). Intervals are NaN for systems with
        fewer than two rated clips. Attributes (``attrs``): ``lambda`` (slope of y on ŷ within systems, drawn towards 0
        by its own noise), ``r`` (correlation within systems, NaN where undefined), ``gain`` (what a rating is worth
        beside a rating without predictions, 1 for nothing), ``level``, ``axis``, ``predicted``, and ``note``, what the
        intervals are worth where the ratings were handed out by a race (empty elsewhere).

    Raises:
        NothingMatched: No prediction belongs to a rated clip.
        PredictionsError: There is no such column, or a score is not a number.
        KeyError: Nobody rated this axis.
        ValueError: ``level`` is not between 0 and 1.
    """
    import pandas as pd

    if not 0 < level < 1:
        raise ValueError(f"level is between 0 and 1, not {level:g}")
    if axis not in study.axes:
        raise KeyError(f"nobody rated {axis!r} in study {study.name!r}; its axes are {', '.join(study.axes)}")
    table = predicted_clips(study, predictions, axis, predicted or axis)
    names, place = np.unique(table["system"].to_numpy(str), return_inverse=True)
    estimate, told = _estimate(table["y"].to_numpy(float), table["prediction"].to_numpy(float), place, level)
    rows = pd.DataFrame({"system": names, **estimate}, columns=list(COLUMNS))
    rows = rows[rows["n_rated"] > 0].reset_index(drop=True)
    about = {"axis": axis, "predicted": predicted or axis, "note": after_race(study, axis)}
    rows.attrs = {**told, "level": level, **about}
    return rows


def worth(table: pd.DataFrame) -> str:
    """Says in a sentence what the predictions of a table of ``prediction_powered`` were worth."""
    gain, r = table.attrs["gain"], table.attrs["r"]
    if (table["n_predicted"] <= table["n_rated"]).all():
        return "Every clip that was predicted is rated, so predictions have nothing to add."
    if gain < 1.05:
        told = "" if np.isnan(r) else f" (r within systems {round(r, 2) + 0:.2f})".replace("-", "−")
        return f"The predictor is worth nothing here{told}: the intervals are those of the ratings alone."
    return f"The predictor makes each rating worth {gain:.1f} ratings (r within systems {r:.2f})."


def predicted_clips(study: Study, predictions: pd.DataFrame, axis: str, column: str) -> pd.DataFrame:
    """Joins the predictions of all clips with what is rated.

    Returns:
        One row a predicted clip of a known system: ``clip``, ``system``, ``prompt``, ``path``, ``domain`` (empty where
        unknown), ``y`` (MOS, NaN where not rated), ``prediction``, and ``row``, its place in the predictions.

    Raises:
        NothingMatched: No prediction belongs to a rated clip.
        PredictionsError: There is no such column, or a score is not a number.
    """
    import pandas as pd

    if column not in predictions.columns:
        have = ", ".join(map(str, predictions.columns))
        raise PredictionsError(f"the predictions have no column {column!r}; their columns are {have}")
    found = match(predictions, study, rated_only=False)
    scores = numbers(predictions, column)
    means = study.clip_means()
    mos = means[means["axis"] == axis].set_index("clip")["mean"]
    if not mos.index.isin(study.clips["clip"].iloc[[theirs for _, theirs in found.rows]]).any():
        raise nothing_matched(study, match(predictions, study))
    mine, theirs = (np.array(side, dtype=int) for side in zip(*found.rows, strict=True))
    told = {
        name: predictions[name].fillna("").astype(str).to_numpy(object)
        if name in predictions.columns
        else np.full(len(predictions), "", dtype=object)
        for name in ("clip", "system", "prompt", "path", "domain")
    }
    known = study.clips.iloc[theirs]
    for name in ("clip", "system", "prompt", "path"):
        told[name] = told[name].copy()
        told[name][mine] = np.where(known[name] != "", known[name], told[name][mine])
    y = np.full(len(predictions), np.nan)
    y[mine] = mos.reindex(known["clip"]).to_numpy(float)
    keep = (told["system"] != "") & np.isfinite(scores)
    columns = {name: values[keep].astype(str) for name, values in told.items()}
    return pd.DataFrame(columns | {"y": y[keep], "prediction": scores[keep], "row": np.flatnonzero(keep)})


@dataclass(frozen=True)
class Within:
    """How ratings and predictions vary within systems, a variance of a clip each.

    Attributes:
        slope: Of y on ŷ, drawn towards 0 by its own noise.
        spread: Of y in each system, drawn towards what is common where few clips are rated, shape (K,).
        seen: Of y in each system as it is seen; ``spread`` where fewer than two clips are rated, shape (K,).
        common: Of y, in all systems together.
        joint: Covariance of y and ŷ, in all together.
        predicted: Of ŷ, in all together; of the rated clips.
        each: Of ŷ in each system, of all its clips, shape (K,).
    """

    slope: float
    spread: np.ndarray
    seen: np.ndarray
    common: float
    joint: float
    predicted: float
    each: np.ndarray


def within_systems(y: np.ndarray, prediction: np.ndarray, system: np.ndarray) -> Within:
    """Measures ``Within``; y is NaN where a clip was not rated, systems are 0 to K - 1.

    Args:
        y: MOS, shape (N,).
        prediction: ŷ, shape (N,).
        system: Codes, shape (N,).
    """
    k = int(system.max(initial=-1)) + 1
    rated, everywhere = ~np.isnan(y), np.bincount(system, minlength=k)
    each = np.bincount(system, _centred(prediction, system, k)[1] ** 2, minlength=k) / np.maximum(everywhere - 1, 1)
    y, seen, place = y[rated], prediction[rated], system[rated]
    n = np.bincount(place, minlength=k)
    own_y, own_seen = _centred(y, place, k)[1], _centred(seen, place, k)[1]
    freedom = len(y) - int((n > 0).sum())
    common, joint, predicted = (float(a @ b) / max(freedom, 1) for a, b in (
        (own_y, own_y), (own_y, own_seen), (own_seen, own_seen),
    ))  # fmt: skip
    squares = np.bincount(place, own_y**2, minlength=k)
    spread = (squares + _BORROWED * common) / (np.maximum(n - 1, 0) + _BORROWED)
    own = np.where(n > 1, squares / np.maximum(n - 1, 1), spread)
    return Within(_slope(own_y, own_seen, freedom)[0], spread, own, common, joint, predicted, each)


def _estimate(
    y: np.ndarray, prediction: np.ndarray, system: np.ndarray, level: float
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Columns of the table and its attributes; y is NaN where a clip was not rated, systems are 0 to k - 1."""
    from scipy.special import stdtrit

    k = int(system.max(initial=-1)) + 1
    rated = ~np.isnan(y)
    y, seen, place = y[rated], prediction[rated], system[rated]
    others, others_place = prediction[~rated], system[~rated]
    n, others_n = np.bincount(place, minlength=k), np.bincount(others_place, minlength=k)
    mean_y, own_y = _centred(y, place, k)
    mean_seen, own_seen = _centred(seen, place, k)
    mean_others, own_others = _centred(others, others_place, k)
    slope, r = _slope(own_y, own_seen, len(y) - int((n > 0).sum()))
    weight = slope * others_n / np.maximum(n + others_n, 1)

    residual = own_y - weight[place] * own_seen
    spread_y = np.bincount(place, own_y**2, minlength=k)
    spread = np.bincount(place, residual**2, minlength=k)
    common = spread.sum() / spread_y.sum() * spread_y if spread_y.sum() > 0 else spread
    freedom = np.maximum(n - 1.0, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = ((freedom * spread + _BORROWED * common) / (freedom + _BORROWED)) / freedom / n
        every = np.bincount(place, own_seen**2, minlength=k) + np.bincount(others_place, own_others**2, minlength=k)
        every = every / np.maximum(n + others_n - 2, 1)
        moved = np.where(others_n > 0, weight**2 * every / np.maximum(others_n, 1), 0)
        total_freedom = (variance + moved) ** 2 / (
            variance**2 / freedom + np.where(others_n > 1, moved**2 / np.maximum(others_n - 1, 1), 0)
        )
        tail = (1 + level) / 2
        half = stdtrit(np.where(variance + moved > 0, total_freedom, freedom), tail) * np.sqrt(variance + moved)
        classical = stdtrit(freedom, tail) * np.sqrt(spread_y / freedom / n)
    mean = mean_y + weight * np.where(others_n > 0, mean_others - mean_seen, 0)
    alone = ~(half <= _WIDER * classical)
    mean, half = np.where(alone, mean_y, mean), np.where(alone, classical, half)
    half, classical = (np.where(n > 1, each, np.nan) for each in (half, classical))
    used = (n > 1) & (others_n > 0)
    share = np.average(others_n[used] / (n + others_n)[used], weights=n[used]) if used.any() else 0.0
    told = {"lambda": slope, "r": r, "gain": 1 / (1 - (r**2 * share if slope > 0 else 0.0))}
    columns = {"mean": mean, "low": mean - half, "high": mean + half}
    columns |= {"classical_low": mean_y - classical, "classical_high": mean_y + classical}
    return columns | {"n_rated": n, "n_predicted": n + others_n}, told


def _centred(values: np.ndarray, place: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of the k systems (NaN without a clip), and the values less their system's mean."""
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, values, minlength=k) / np.bincount(place, minlength=k)
    return mean, values - mean[place]


def _slope(y: np.ndarray, prediction: np.ndarray, freedom: int) -> tuple[float, float]:
    """Slope of y on ŷ within systems, drawn towards 0 by its own noise, and their correlation corrected for it."""
    squares, joint = float(prediction @ prediction), float(prediction @ y)
    total = float(y @ y)
    if freedom < 2 or squares <= 1e-12 * max(1.0, squares) or total <= 0:
        return 0.0, float("nan")
    r2 = min(joint**2 / (squares * total), 1.0)
    left = max(1 - r2, 1e-12)
    noise = left / (r2 * (freedom - 1)) if r2 > 0 else np.inf  # 1 / t²
    slope = joint / squares * max(0.0, 1 - noise) if joint > 0 else 0.0
    corrected = max(0.0, 1 - left * freedom / (freedom - 1))
    return slope, float(np.sign(joint) * np.sqrt(corrected))
