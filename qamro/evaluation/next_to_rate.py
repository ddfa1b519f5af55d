"""Which clips to have rated next, so that prediction-powered intervals shrink most.

How many of each system is Neyman's allocation, one clip at a time: to the system whose interval shrinks most. Which of
them is a systematic sample (Madow 1944) over the clips in order of how doubtful their prediction is: every part of that
order is represented, and every clip has the same chance. Only the most doubtful would shrink intervals about the wrong
mean: that of odd clips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.domains import EDGE, INSIDE, OUTSIDE
from qamro.evaluation.prediction_powered import predicted_clips, within_systems

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

COLUMNS = ("clip", "system", "prompt", "path", "prediction", "doubt", "domain")


def next_to_rate(
    study: Study,
    predictions: pd.DataFrame,
    axis: str,
    *,
    predicted: str = "",
    n: int = 50,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Chooses clips that nobody rated.

    Args:
        study: The ratings so far.
        predictions: A score table, as for ``prediction_powered``.
        axis: The rated axis.
        predicted: Column of the predictions; the axis's own name unless set.
        n: How many clips at most.
        level: Coverage of the intervals that are to shrink.
        seed: Of the draw within systems.

    Returns:
        One row a clip, systems in order: ``clip``, ``system``, ``prompt``, ``path`` (as the study's or the predictions'
        table has it), ``prediction``, ``doubt`` (width of its predicted interval, NaN without one), ``domain``.
        Attributes: ``half_width`` and ``half_width_after``, the mean half-width over systems that have one now, before
        and as expected afterwards; ``axis``.

    Raises:
        NothingMatched: No prediction belongs to a rated clip.
        PredictionsError: There is no such column, or a score is not a number.
        KeyError: Nobody rated this axis.
        ValueError: ``n`` is below 1, or ``level`` is not between 0 and 1.
    """
    if n < 1:
        raise ValueError(f"n is 1 clip or more, not {n}")
    if not 0 < level < 1:
        raise ValueError(f"level is between 0 and 1, not {level:g}")
    if axis not in study.axes:
        raise KeyError(f"nobody rated {axis!r} in study {study.name!r}; its axes are {', '.join(study.axes)}")
    column = predicted or axis
    table = predicted_clips(study, predictions, axis, column)
    names, place = np.unique(table["system"].to_numpy(str), return_inverse=True)
    y = table["y"].to_numpy(float)
    rated = ~np.isnan(y)
    counts, others = (np.bincount(place[each], minlength=len(names)) for each in (rated, ~rated))
    half = _HalfWidths(y, table["prediction"].to_numpy(float), place, level)
    chosen = _allocation(half, counts, others, n)
    rng = np.random.default_rng(seed)
    doubt = _doubt(table, predictions, column)
    picked: list[int] = []
    for k in range(len(names)):
        free = np.flatnonzero((place == k) & ~rated)
        order = free[np.lexsort((table["prediction"].to_numpy(float)[free], doubt[free], _strange(table)[free]))]
        if m := int(chosen[k]):
            picked += order[((np.arange(m) + rng.random()) * len(order) / m).astype(int)].tolist()
    rows = table.iloc[picked].assign(doubt=doubt[picked])[list(COLUMNS)].reset_index(drop=True)
    now = counts > 1
    before, after = half(counts, others, as_seen=True), half(counts + chosen, others - chosen, as_seen=True)
    rows.attrs = {
        "half_width": float(before[now].mean()) if now.any() else float("nan"),
        "half_width_after": float(after[now].mean()) if now.any() else float("nan"),
        "axis": axis,
    }
    return rows


class _HalfWidths:
    """Half-widths that systems would have with other numbers of rated clips, all else as it is seen now."""

    def __init__(self, y: np.ndarray, prediction: np.ndarray, place: np.ndarray, level: float) -> None:
        self.parts, self.level = within_systems(y, prediction, place), level

    def __call__(self, rated: np.ndarray, others: np.ndarray, *, as_seen: bool = False) -> np.ndarray:
        from scipy.special import stdtrit

        p = self.parts
        weight = p.slope * others / np.maximum(rated + others, 1)
        # What the predictor takes away is the same share in every system.
        left = 1 - (2 * weight * p.joint - weight**2 * p.predicted) / p.common if p.common > 0 else np.ones_like(weight)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = np.where(others > 0, weight**2 * p.each / np.maximum(others, 1), 0)
            variance = np.maximum(left, 0) * (p.seen if as_seen else p.spread) / rated + moved
            half = stdtrit(np.maximum(rated - 1.0, 1), (1 + self.level) / 2) * np.sqrt(variance)
        return np.where(rated > 1, half, np.inf)


def _allocation(half: _HalfWidths, rated: np.ndarray, others: np.ndarray, n: int) -> np.ndarray:
    """How many further clips of each system: two for one that has no interval yet, then where it shrinks most."""
    added = np.zeros(len(rated), dtype=int)
    for _ in range(min(n, int(others.sum()))):
        left = others - added
        now, then = half(rated + added, left), half(rated + added + 1, np.maximum(left - 1, 0))
        with np.errstate(invalid="ignore"):
            shrinks = np.where(np.isinf(now), np.inf, now - then)
        shrinks = np.where(left > 0, shrinks, -np.inf)
        best = np.flatnonzero(shrinks == shrinks.max())
        added[best[np.argmin((rated + added)[best])]] += 1
    return added


def _doubt(table: pd.DataFrame, predictions: pd.DataFrame, column: str) -> np.ndarray:
    """Width of each clip's predicted interval, NaN without one."""
    low, high = f"{column}_low", f"{column}_high"
    if low not in predictions.columns or high not in predictions.columns:
        return np.full(len(table), np.nan)
    rows = predictions.iloc[table["row"]]
    return rows[high].to_numpy(float) - rows[low].to_numpy(float)


def _strange(table: pd.DataFrame) -> np.ndarray:
    """How far each clip is from those of training: 0 inside or unknown, 1 at the edge, 2 outside."""
    order = {INSIDE: 0, EDGE: 1, OUTSIDE: 2}
    return np.array([order.get(str(word), 0) for word in table["domain"]], dtype=int)
