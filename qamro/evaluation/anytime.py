"""Confidence sequences: intervals that hold however often one looks, and whenever one stops.

The mean of n clips moves, as ratings come in, like Brownian motion in the time ``1 / variance of the mean`` (the
canonical form of sequential statistics). A normal mixture over the drift (Robbins 1970; Howard et al. 2021,
"Time-uniform, nonparametric, nonasymptotic confidence sequences") bounds it at all times at once. The variance is
learned, so few clips get the t distribution's wider tails, and scores are bounded, so a clip at the end of the scale
may still be to come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_TUNED_CLIPS = 40
"""Number of clips at which the sequences are narrowest; they hold at any other, too."""


@dataclass(frozen=True)
class Means:
    """Means of systems over their clips, and how well each is known in either direction.

    A handful of clips that agree by chance would claim to know the mean exactly, and a run of good ones may hide that
    the next is a failure. So the mean may be too high as if one more clip at the bottom of the scale were still to
    come, and too low as if one more at its top were.

    Attributes:
        mean: Shape (K,).
        clips: Number of clips behind each, shape (K,).
        below: Variance of the mean for how far the truth may lie below it, shape (K,); infinite below two clips.
        above: The same for how far it may lie above.
        span: Top of the scale less its bottom.
    """

    mean: np.ndarray
    clips: np.ndarray
    below: np.ndarray
    above: np.ndarray
    span: float

    @classmethod
    def of(cls, mean: np.ndarray, squares: np.ndarray, clips: np.ndarray, scale: tuple[float, float]) -> Means:
        """Makes it from sums over clips.

        Args:
            mean: Mean over the clips, in score units, shape (K,).
            squares: Sum of squared distances of the clips' scores from their mean, shape (K,).
            clips: Number of clips, shape (K,).
            scale: Lowest and highest score.
        """
        low, high = scale
        with np.errstate(divide="ignore", invalid="ignore"):
            both = [
                np.where(clips >= 2, (squares + (mean - end) ** 2) / (clips - 1.0) / clips, np.inf) for end in scale
            ]
        least = 1e-9 * (high - low) ** 2  # where every clip lies at an end of the scale
        below, above = (np.maximum(variance, least) for variance in both)
        return cls(np.asarray(mean, float), np.asarray(clips, float), below, above, high - low)

    def take(self, which: np.ndarray) -> Means:
        """Those of some systems, by position."""
        return Means(self.mean[which], self.clips[which], self.below[which], self.above[which], self.span)

    def interval(self, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        """Returns the ends of confidence sequences of the means, each outside with chance alpha at any look at all."""
        down, up = (self._radius(variance, alpha) for variance in (self.below, self.above))
        return self.mean - down, self.mean + up

    def _radius(self, variance: np.ndarray, alpha: float) -> np.ndarray:
        prior = _prior(self.span)
        bound = np.log(1 / alpha) + 0.5 * np.log1p(prior / variance)
        with np.errstate(invalid="ignore"):
            radius = np.sqrt(2 * bound * variance * (1 + variance / prior))
        return np.where(np.isfinite(variance), radius * _t_factor(alpha, self.clips - 1), np.inf)


def difference(first: Means, second: Means, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the ends of confidence sequences for differences of means, first minus second.

    The product of the two systems' mixtures is a martingale under any rule that chooses who is rated next (Kaufmann and
    Koolen 2021, "Mixture martingales revisited"), so the sequence holds for unequal and adaptive numbers of clips.

    Args:
        first: The first systems, shape (P,).
        second: The second ones, shape (P,).
        alpha: Chance that a sequence ever leaves out the true difference, on either side.

    Returns:
        Lower and upper ends in score units, shape (P,); infinite where a system has fewer than two clips.
    """
    gap = first.mean - second.mean
    clips = first.clips, second.clips
    down = _difference_radius((first.below, second.above), clips, alpha, first.span)
    up = _difference_radius((first.above, second.below), clips, alpha, first.span)
    return gap - down, gap + up


def _difference_radius(
    variances: tuple[np.ndarray, np.ndarray], clips: tuple[np.ndarray, np.ndarray], alpha: float, span: float
) -> np.ndarray:
    prior = _prior(span)
    one, two = variances
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.log(1 / alpha) + 0.5 * np.log1p(prior / one) + 0.5 * np.log1p(prior / two)
        radius = np.sqrt(2 * bound * (one * (1 + one / prior) + two * (1 + two / prior)))
        freedom = (one + two) ** 2 / (one**2 / (clips[0] - 1) + two**2 / (clips[1] - 1))
    known = np.isfinite(one) & np.isfinite(two)
    return np.where(known, radius * _t_factor(alpha, np.where(known, freedom, 1.0)), np.inf)


def _prior(scale_range: float) -> float:
    return (scale_range / 4) ** 2 / _TUNED_CLIPS


def _t_factor(alpha: float, freedom: np.ndarray) -> np.ndarray:
    """How much wider Student's t is than the normal at this level: the price of not knowing the variance."""
    from scipy.special import ndtri, stdtrit

    return stdtrit(np.maximum(freedom, 1.0), 1 - alpha / 2) / ndtri(1 - alpha / 2)
