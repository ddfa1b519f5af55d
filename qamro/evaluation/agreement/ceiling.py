"""The split-half ceiling: how well one half of the raters predicts the other, with an interval."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from qamro.evaluation.bootstrap import DRAWS, Bootstrap, Resample, settle
from qamro.evaluation.levels import LEAST
from qamro.evaluation.metrics import METRICS, Pairs
from qamro.evaluation.rater_bootstrap import RatingMatrix

SPLITS = 100
"""Over how many random splits the ceiling is averaged."""


Ceilings = dict[str, tuple[float, np.ndarray]]
"""For each level the value, and its value in every draw, shape (draws,)."""


def ceiling(matrix: RatingMatrix, *, splits: int = SPLITS, draws: int = DRAWS, seed: int = 0) -> Ceilings:
    """Spearman correlation of the mean scores of two random halves of the raters.

    No predictor can be expected to agree with a panel better than a second panel of the same size does. Halves are
    smaller than the whole panel, so the ceiling for the whole panel's MOS lies somewhat higher (see
    ``spearman_brown``).

    Args:
        matrix: The ratings of one axis.
        splits: Number of random splits that the value is averaged over.
        draws: Bootstrap draws: systems, then clips within, and a new split of the raters in each.
        seed: Seed of both.

    Returns:
        For ``"utterance"`` and ``"system"`` the mean correlation and its value in every draw, shape (draws,); NaN where
        there are fewer than three clips with both halves, or fewer than three systems of such clips.
    """
    random = np.random.default_rng(seed)
    found: Ceilings = {}
    compared = ceiling_size(matrix)
    # Both levels share draws and splits, unless some clips have no system.
    shared = bool((matrix.systems != "").all())
    for levels in [("utterance", "system")] if shared else [("utterance",), ("system",)]:
        used = matrix.systems != "" if levels == ("system",) else np.ones(matrix.systems.size, dtype=bool)
        systems = matrix.systems[used]
        if not systems.size:
            found |= dict.fromkeys(levels, (float("nan"), np.empty(0)))
            continue
        values = _correlations(levels, half_means(matrix, splits, random), used, _whole(systems, splits))
        drawn = [
            _correlations(levels, half_means(matrix, len(part.drawn), random), used, part)
            for part in Bootstrap(systems, draws=draws, seed=seed)
        ]
        for level in levels:
            if compared[level] < LEAST:
                found[level] = float("nan"), np.empty(0)
                continue
            value = float(np.nanmean(values[level])) if np.isfinite(values[level]).any() else float("nan")
            found[level] = value, np.concatenate([np.empty(0), *(each[level] for each in drawn)])
    return found


def ceiling_size(matrix: RatingMatrix) -> dict[str, int]:
    """How many clips have two ratings to split, and how many systems have such clips, by level."""
    split = matrix.counts > 1
    systems = np.unique(matrix.systems[split & (matrix.systems != "")]).size
    return {"utterance": int(split.sum()), "system": int(systems)}


def spearman_brown(value: float | np.ndarray) -> np.ndarray:
    """Correlation of two panels of the whole size from that of two halves: 2 r / (1 + r) (Spearman, Brown 1910).

    NaN below zero: the formula takes halves for noisy copies of one truth, which cannot disagree.
    """
    known = np.where(np.asarray(value) >= 0, value, np.nan)
    return 2 * known / (1 + known)


def _whole(systems: np.ndarray, splits: int) -> Resample:
    """All clips once, in as many rows as there are splits."""
    from scipy.sparse import csr_array

    names, codes, counts = np.unique(systems, return_inverse=True, return_counts=True)
    order = np.argsort(codes, kind="stable")
    data, ends = np.repeat(1 / counts, counts), np.concatenate(([0], np.cumsum(counts)))
    shape = (names.size * splits, systems.size)
    starts = np.concatenate([ends[:-1] + s * systems.size for s in range(splits)] + [[splits * systems.size]])
    members = csr_array((np.tile(data, splits), np.tile(order, splits), starts), shape=shape)
    drawn = np.tile(np.arange(names.size), (splits, 1))
    return Resample(np.ones((splits, systems.size)), drawn, members)


def _correlations(
    levels: tuple[str, ...], halves: tuple[np.ndarray, np.ndarray], used: np.ndarray, drawn: Resample
) -> dict[str, np.ndarray]:
    core = METRICS["SRCC"].core
    one, other = (half[:, used] for half in halves)
    both = np.isfinite(one)
    whole = bool(both.all())
    if not whole:
        one, other = np.nan_to_num(one), np.nan_to_num(other)
    answer = {}
    if "utterance" in levels:
        answer["utterance"] = core(Pairs(one, other, drawn.weights if whole else drawn.weights * both))
    if "system" in levels:
        means, weights = [drawn.system_means(part) for part in (one, other)], None
        if not whole:
            share = drawn.system_means(both.astype(float))
            weights = (share > 0).astype(float)
            means = [part / np.where(share > 0, share, 1.0) for part in means]
        answer["system"] = core(Pairs(settle(means[0]), settle(means[1]), weights))
    return answer


# Split-half rank correlation: how well one half of the raters predicts the other, the ceiling for a predictor.

_ALL_HALVES = 1000


def half_means(matrix: RatingMatrix, draws: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Splits the ratings at random, again for each draw, and takes each half's mean for each clip.

    Named raters are split into two panels. Anonymous ratings are split clip by clip, because a position in a list is
    no rater.

    Args:
        matrix: The ratings of one axis.
        draws: Number of splits D.
        random: Source of the splits.

    Returns:
        Means of both halves, each of shape (D, n); NaN for a clip of which one half holds no rating.
    """
    known = np.isfinite(matrix.scores)
    scores = np.where(known, matrix.scores, 0.0)
    if matrix.anonymous:
        first, count = _clip_by_clip(matrix, scores, draws, random)
    else:
        chosen = random.permuted(np.tile(np.arange(len(matrix.raters)) % 2, (draws, 1)), axis=1).astype(float)
        first, count = chosen @ scores.T, chosen @ known.T
    second, rest = scores.sum(axis=1) - first, matrix.counts - count
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = first / count, second / rest
    one[(rest == 0) | (count == 0)] = np.nan
    other[np.isnan(one)] = np.nan
    return one, other


def _clip_by_clip(
    matrix: RatingMatrix, scores: np.ndarray, draws: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the ratings in the first half, each of shape (draws, n)."""
    first, count = np.empty((draws, len(scores))), np.empty((draws, len(scores)))
    for size in np.unique(matrix.counts):
        mine = np.flatnonzero(matrix.counts == size)
        packed = scores[mine][np.isfinite(matrix.scores[mine])].reshape(mine.size, size)
        halves = _halves(int(size), random)
        sums = packed @ halves.T
        picks = random.integers(len(halves), size=(draws, mine.size))
        first[:, mine] = sums[np.arange(mine.size), picks]
        count[:, mine] = halves.sum(axis=1)[picks]
    return first, count


def _halves(size: int, random: np.random.Generator) -> np.ndarray:
    """Indicators of halves of ``size`` ratings: all there are, or a thousand random ones; shape (halves, size)."""
    half = size // 2
    if comb(size, half) <= _ALL_HALVES:
        chosen = np.array(list(combinations(range(size), half)), dtype=int)
    else:
        chosen = np.argsort(random.random((_ALL_HALVES, size)), axis=1)[:, :half]
    table = np.zeros((len(chosen), size))
    np.put_along_axis(table, chosen, 1.0, axis=1)
    return table
