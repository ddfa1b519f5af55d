"""Krippendorff's alpha for scores on an interval scale."""

from __future__ import annotations

import numpy as np

from qamro.evaluation.agreement.components import centre


def krippendorff_alpha(
    scores: np.ndarray, *, clip_weights: np.ndarray | None = None, rater_weights: np.ndarray | None = None
) -> np.ndarray:
    """1 - observed / expected disagreement, with squared differences (Krippendorff 2011, "Computing alpha").

    Observed: within clips, each weighted by its number of ratings. Expected: between all ratings. Clips with a single
    rating take no part. It never asks who gave a rating, so it exists for anonymous ratings as well.

    Args:
        scores: Ratings, NaN where there is none, shape (n clips, k ratings).
        clip_weights: How often each clip counts in a bootstrap draw, shape (draws, n), or None.
        rater_weights: How often each column counts, shape (draws, k), or None; copies of one rating are not compared
            with each other, since a draw would agree with itself.

    Returns:
        Values up to 1 (0: as chance), shape (draws,), or () without weights; NaN when all ratings are equal or no clip
        has two.
    """
    known = np.isfinite(scores)
    m = known.astype(float)
    x, rounding = centre(scores)
    single = clip_weights is None and rater_weights is None
    wc = np.ones((1, len(scores))) if clip_weights is None else clip_weights
    wr = np.ones((1, scores.shape[1])) if rater_weights is None else rater_weights
    count, total, squares = (wr @ part.T for part in (m, x, x**2))
    copies = wr**2 @ m.T
    pairs = count**2 - copies
    wc = np.where(pairs > 0, wc, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        within = np.where(pairs > 0, count * (count * squares - total**2) / pairs, 0.0)
        n, s1, s2 = ((wc * part).sum(axis=-1) for part in (count, total, squares))
        observed = (wc * within).sum(axis=-1) / n
        expected = (n * s2 - s1**2) / (n**2 - (wc**2 * copies).sum(axis=-1))
        value = np.where(expected > rounding, 1 - observed / expected, np.nan)
    return value[0] if single else value
