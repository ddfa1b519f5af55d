"""How reliable ratings are: variance components, Krippendorff's alpha, intraclass correlations, more raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamro.evaluation.rater_bootstrap import RatingMatrix


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


# Krippendorff's alpha for scores on an interval scale.


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


# Intraclass correlations: how much of the variance of ratings is the clips'.


def icc_single(parts: Components) -> np.ndarray:
    """Reliability of one rating: the clips' share of the variance.

    ICC(2,1) of Shrout & Fleiss (1979) with raters as a random sample (absolute agreement) when ratings are named;
    ICC(1,1) when they are anonymous. With missing ratings the components come from pairs (see ``components``).

    Returns:
        Values up to 1, shape (...); NaN where a component is unknown or the ratings have no variance.
    """
    return _ratio(parts.clip, parts.clip + parts.noise)


def icc_mean(parts: Components, raters: float | np.ndarray) -> np.ndarray:
    """Reliability of the mean of several ratings: ICC(2,k), or ICC(1,k) when anonymous.

    Args:
        parts: Variance components, shape (...).
        raters: Number of ratings k that a mean rests on; where it differs between clips, its harmonic mean, because
            the noise of a mean falls with 1 / k.

    Returns:
        Values up to 1, shape (...); NaN where a component is unknown or the means have no variance.
    """
    return _ratio(parts.clip, parts.clip + parts.noise / raters)


def why_no_icc(scores: np.ndarray, *, named: bool) -> str:
    """Says in words why ratings have no intraclass correlation, given that some clip has two ratings.

    Args:
        scores: Ratings, NaN where there is none, shape (n clips, k raters).
        named: Whether columns are raters.
    """
    known = np.isfinite(scores)
    if known.any(axis=1).sum() < 2:
        return "fewer than two clips"
    if np.nanmin(scores) == np.nanmax(scores):
        return "all ratings are equal"
    if named and known.sum(axis=0).max() < 2:
        return "no rater rated two clips"
    return "the variance of the ratings is estimated at zero or below"


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


# How many more raters would halve the interval, and whether more raters can do it at all.

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
