"""The tables of raters and clips that a rater model makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_NORMAL = 1.959964


def rater_table(
    names: np.ndarray, scores: np.ndarray, found: dict[str, Any], *, trusted: np.ndarray, outside: np.ndarray
) -> pd.DataFrame:
    """Lists the raters, with intervals.

    Args:
        names: Names of all k raters.
        scores: Ratings, shape (n, k).
        found: What the model answered on the trusted raters' scores.
        trusted: Which raters took part, shape (k,).
        outside: Which raters did not and are measured by their distance to the recovered quality, shape (k,).

    Returns:
        The columns of ``RaterModel.raters``, sorted by name.
    """
    import pandas as pd

    k = names.size
    bias, spread, error = (np.full(k, np.nan) for _ in range(3))
    rejected = np.zeros(k, dtype=bool)
    count = np.isfinite(scores).sum(axis=0)
    for column, key in ((bias, "observer_bias"), (spread, "observer_inconsistency"), (error, "observer_bias_std")):
        if key in found:
            column[trusted] = found[key]
    if "observer_rejected" in found:
        rejected[trusted] = found["observer_rejected"]
    about = np.asarray(found["quality_scores"], dtype=float)[:, None]
    for i in np.flatnonzero(outside):
        distance = (scores - about)[:, i]
        bias[i], spread[i] = np.nanmean(distance), np.nanstd(distance)
        error[i] = np.nanstd(distance, ddof=1) / np.sqrt(count[i])
    if "observer_bias" in found and "observer_bias_std" not in found:
        # P.913 gives no interval of a bias; it is a mean of distances to the panel and has the error of a mean.
        distance = scores - np.nanmean(scores[:, trusted], axis=1, keepdims=True)
        error = np.nanstd(distance, axis=0, ddof=1) / np.sqrt(count)
    shown = trusted | outside
    low, high = _spread_interval(spread, count)
    table = pd.DataFrame({
        "rater": names, "count": count, "mean": np.nanmean(scores, axis=0), "sd": np.nanstd(scores, axis=0, ddof=1),
        "bias": bias, "bias_low": bias - _NORMAL * error, "bias_high": bias + _NORMAL * error,
        "inconsistency": spread, "inconsistency_low": low, "inconsistency_high": high, "rejected": rejected,
    })  # fmt: skip
    return table[shown].reset_index(drop=True)


def clip_table(names: np.ndarray, systems: np.ndarray, scores: np.ndarray, found: dict[str, Any]) -> pd.DataFrame:
    """Lists the clips with their plain mean and their recovered quality.

    Args:
        names: Names of the n clips.
        systems: Their systems.
        scores: Ratings of the raters who took part, shape (n, raters).
        found: What the model answered on them.

    Returns:
        The columns of ``RaterModel.clips``.
    """
    import pandas as pd

    quality = np.asarray(found["quality_scores"], dtype=float)
    error = np.asarray(found["quality_scores_std"], dtype=float)
    count = np.isfinite(scores).sum(axis=1)
    # One rating has no spread, and a spread of zero would pass for certainty.
    error = np.where((count > 1) & np.isfinite(error) & (error > 0), error, np.nan)
    return pd.DataFrame({
        "clip": names, "system": systems, "count": count, "mos": np.nanmean(scores, axis=1), "quality": quality,
        "quality_low": quality - _NORMAL * error, "quality_high": quality + _NORMAL * error,
    })  # fmt: skip


def _spread_interval(spread: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a standard deviation of normal residuals, from the chi-square distribution."""
    from scipy.stats import chi2

    return spread * np.sqrt(count / chi2.ppf(0.975, count)), spread * np.sqrt(count / chi2.ppf(0.025, count))
