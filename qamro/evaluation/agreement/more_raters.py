"""How many more raters would halve the interval, and whether more raters can do it at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamro.evaluation.rating_matrix import RatingMatrix

HALF = 4.0
"""The variance has to fall to a quarter for the interval to halve."""


@dataclass(frozen=True)
class MoreRaters:
    """What more listening would buy.

    Attributes:
        now: Ratings a clip has now (harmonic mean).
        clip_error: Standard error of a clip's MOS now.
        clip_needed: Ratings a clip would need for half of that: four times as many, as noise falls with the root.
        system_error: Standard error of a system's mean now, over clips like these; NaN without systems.
        system_needed: Ratings a clip would need for half of that; infinite when no number would do.
        system_limit: Standard error that would remain with endless raters, because clips of a system differ.
        clips_now: Clips a system has now (harmonic mean).
        clips_needed: Clips a system would need instead, with as many ratings each as now.
    """

    now: np.ndarray
    clip_error: np.ndarray
    clip_needed: np.ndarray
    system_error: np.ndarray
    system_needed: np.ndarray
    system_limit: np.ndarray
    clips_now: np.ndarray
    clips_needed: np.ndarray


def more_raters(matrix: RatingMatrix, weights: np.ndarray | None = None) -> MoreRaters:
    """Splits the variance of MOS within a system into clips and raters.

    With w² the variance of ratings within clips and v the variance of MOS within systems, a system's mean of n clips
    with m ratings each has the variance v / n, of which w² / (m n) is the raters' and the rest the clips'. Only the
    raters' part falls with m. What all raters share (a panel's common taste) no number of raters of this kind removes.

    Args:
        matrix: The ratings of one axis.
        weights: How often each clip counts in a draw within systems, shape (draws, n), or None.

    Returns:
        Fields of shape (draws,), or () without weights; NaN where no clip has two ratings.
    """
    counts = matrix.counts.astype(float)
    means = np.nanmean(matrix.scores, axis=1)
    within = np.nansum((matrix.scores - means[:, None]) ** 2, axis=1)
    w = np.ones((1, counts.size)) if weights is None else weights
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = (w @ within) / (w @ (counts - 1))
        now = w.sum(axis=1) / (w @ (1 / counts))
        clip_error = np.sqrt(noise / now)
        variance, clips_now = _within_systems(means, matrix.systems, w, drawn=weights is not None)
        clips = np.maximum(variance - noise / now, 0.0)
        left = variance / HALF - clips
        needed = np.where(np.isnan(left), np.nan, np.where(left > 0, noise / left, np.inf))
        # A panel that is already free of noise within clips needs nobody.
        fields = {
            "now": now,
            "clip_error": clip_error,
            "clip_needed": HALF * now,
            "system_error": np.sqrt(variance / clips_now),
            "system_needed": np.maximum(needed, now),
            "system_limit": np.sqrt(clips / clips_now),
        }
    each = {name: field[0] if weights is None else field for name, field in fields.items()}
    return MoreRaters(**each, clips_now=clips_now, clips_needed=HALF * clips_now)


def _within_systems(
    means: np.ndarray, systems: np.ndarray, w: np.ndarray, *, drawn: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Pooled variance of MOS within systems, shape (D,), and the harmonic mean of their numbers of clips, ()."""
    squares, freedom = np.zeros(len(w)), 0.0
    names, sizes = np.unique(systems[systems != ""], return_counts=True)
    for name, size in zip(names, sizes, strict=True):
        mine = systems == name
        mean = (w[:, mine] @ means[mine]) / size
        squares += (w[:, mine] * (means[mine] - mean[:, None]) ** 2).sum(axis=1)
        # Drawing with repeats makes a sample's variance smaller by 1 - 1 / n (Wiley 2001); the divisor follows it.
        freedom += (size - 1) * ((1 - 1 / size) if drawn else 1.0)
    return squares / freedom if freedom else np.full(len(w), np.nan), np.asarray(names.size / (1 / sizes).sum())
