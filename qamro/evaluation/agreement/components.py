"""Where the variance of ratings comes from: clips, raters, and the rest. Also with missing ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Components:
    """Variance components of the model rating = mean + clip + rater + rest.

    Estimates may come out below zero when the true value is near it; they are kept as they are.

    Attributes:
        clip: Variance of the clips' true scores, shape (...).
        rater: Variance of the raters' biases, shape (...); NaN for anonymous ratings.
        rest: Variance of what is left, shape (...); for anonymous ratings it holds the raters' biases too.
    """

    clip: np.ndarray
    rater: np.ndarray
    rest: np.ndarray

    @property
    def noise(self) -> np.ndarray:
        """Variance of one rating about its clip's true score, shape (...)."""
        return self.rest if np.isnan(self.rater).all() else self.rater + self.rest


def components(
    scores: np.ndarray,
    *,
    named: bool,
    clip_weights: np.ndarray | None = None,
    rater_weights: np.ndarray | None = None,
) -> Components:
    """Estimates the components from pairs of ratings.

    Half the mean squared difference of two ratings is rater + rest for one clip rated by two raters, clip + rest for
    two clips rated by one rater, and clip + rater + rest for two clips rated by two raters: three means, three unknowns
    (Koch 1968, Technometrics 10, 551-558). No rating needs to have a partner in every row and column, the estimates
    are unbiased, and on complete data they are those of the analysis of variance. For anonymous ratings only the first
    and the pairs of two clips are known: a one-way model.

    Bootstrap draws come as weights. Copies of one clip are one clip, and copies of one rater one rater: they make no
    pairs of "two clips" or "two raters", which would let a draw agree with itself.

    Args:
        scores: Ratings, NaN where there is none, shape (n clips, k raters).
        named: Whether columns are raters.
        clip_weights: How often each clip counts, shape (draws, n), or None.
        rater_weights: How often each rater counts, shape (draws, k), or None.

    Returns:
        Components of shape (draws,), or () without weights; NaN where there are no pairs of a kind.
    """
    known = np.isfinite(scores)
    centred, rounding = centre(scores)
    m = known.astype(float)
    n, k = scores.shape
    single = clip_weights is None and rater_weights is None
    wc = np.ones((1, n)) if clip_weights is None else clip_weights
    wr = np.ones((1, k)) if rater_weights is None else rater_weights
    # Sums of 1, x and x² over each clip's raters (rows) and over each rater's clips (columns).
    rows = [wr @ part.T for part in (m, centred, centred**2)]
    columns = [wc @ part for part in (m, centred, centred**2)]
    in_clip = rows[0] * rows[2] - rows[1] ** 2
    in_clip_pairs = rows[0] ** 2 - wr**2 @ m.T
    totals = [(wc * part).sum(axis=-1) for part in rows]
    same_clip = _over_pairs((wc * in_clip).sum(axis=-1), (wc * in_clip_pairs).sum(axis=-1), rounding)
    apart = totals[0] * totals[2] - totals[1] ** 2 - (wc**2 * in_clip).sum(axis=-1)
    apart_pairs = totals[0] ** 2 - (wc**2 * rows[0] ** 2).sum(axis=-1)
    if not named:
        across = _over_pairs(apart, apart_pairs, rounding)
        answer = (across - same_clip, np.full_like(across, np.nan), same_clip)
    else:
        in_rater = columns[0] * columns[2] - columns[1] ** 2
        in_rater_pairs = columns[0] ** 2 - wc**2 @ m
        same_rater = _over_pairs((wr * in_rater).sum(axis=-1), (wr * in_rater_pairs).sum(axis=-1), rounding)
        apart = apart - (wr**2 * in_rater).sum(axis=-1)
        across = _over_pairs(apart, apart_pairs - (wr**2 * in_rater_pairs).sum(axis=-1), rounding)
        answer = (across - same_clip, across - same_rater, same_clip + same_rater - across)
    return Components(*(part[0] if single else part for part in answer))


def centre(scores: np.ndarray) -> tuple[np.ndarray, float]:
    """Takes the middle of the range from ratings, so that squares keep their digits; equal ratings become zeros.

    Args:
        scores: Ratings, NaN where there is none, of any shape.

    Returns:
        The centred ratings, 0 where there is none, and the largest variance that may be no more than rounding.
    """
    known = np.isfinite(scores)
    if not known.any():
        return np.zeros(scores.shape), 0.0
    low, high = float(np.nanmin(scores)), float(np.nanmax(scores))
    return np.where(known, scores - (low + high) / 2, 0.0), 1e-12 * (high - low) ** 2


def _over_pairs(squares: np.ndarray, pairs: np.ndarray, rounding: float) -> np.ndarray:
    """Half the mean squared difference: NaN where there are no pairs, and 0 rather than what rounding left."""
    value = np.divide(squares, pairs, out=np.full(squares.shape, np.nan), where=pairs > 0)
    return np.where(np.abs(value) <= rounding, 0.0, value)
