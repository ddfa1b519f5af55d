"""Bootstrap draws of clips, grouped by system, and percentile intervals from what the draws answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DRAWS = 1000
"""How many draws an interval rests on unless told otherwise."""

_BATCH = 1 << 22  # drawn clips that are held at once


@dataclass(frozen=True)
class Interval:
    """A percentile interval.

    Attributes:
        low: Lower end; NaN when too few draws had a value.
        high: Upper end.
        undefined: Share of the draws without a value (a draw can hold equal scores only); they are left out.
    """

    low: float
    high: float
    undefined: float


def interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """Percentile interval (Efron 1979): the central share ``level`` of the draws' values.

    Percentiles need no formula for the standard error and stay inside a metric's range. They inherit the bootstrap's
    bias: draws hold repeats, so correlations near 1 come out a little lower than in the data, and the observed
    value may lie near the upper end.

    Args:
        values: One value a draw, shape (draws,); NaN where a draw had none.
        level: Coverage wanted, between 0 and 1.

    Raises:
        ValueError: ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is a share between 0 and 1, for example 0.95, not {level}")
    defined = values[~np.isnan(values)]
    share = 1 - defined.size / values.size if values.size else 0.0
    # With half of the draws undefined, what is left is no longer a sample of what could have happened.
    if defined.size < 2 or share > 0.5:
        return Interval(float("nan"), float("nan"), share)
    # Between a number and infinity there is nothing to interpolate.
    method = "inverted_cdf" if np.isinf(defined).any() else "linear"
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2], method=method)  # type: ignore[call-overload]
    return Interval(float(low), float(high), share)


@dataclass(frozen=True)
class Resample:
    """A batch of D draws over n clips of K systems.

    Attributes:
        weights: How often each clip is in each draw, shape (D, n).
        drawn: Which systems each draw holds, with repeats, integers into the sorted names, shape (D, K).
        members: One row for each drawn copy of a system, the multiplicities of its clips divided by their number,
            shape (D * K, n): times scores it gives that copy's means.
    """

    weights: np.ndarray
    drawn: np.ndarray
    members: csr_array

    def and_again(self, draws: int) -> Resample:
        """All draws of the batch, and behind them its first ones once more: ``draws`` of them, or all of fewer."""
        from scipy.sparse import vstack

        members = vstack([self.members, self.members[: draws * self.drawn.shape[1]]], format="csr")
        weights, drawn = (np.concatenate([part, part[:draws]]) for part in (self.weights, self.drawn))
        return Resample(weights, drawn, members)

    @cached_property
    def _cells(self) -> np.ndarray:
        """For each entry of ``members`` its draw and clip, as a place in an array of shape (D, n)."""
        copies = np.diff(self.members.indptr).reshape(self.drawn.shape).sum(axis=1)
        starts = np.repeat(np.arange(len(self.drawn)) * self.weights.shape[1], copies)
        return starts + self.members.indices

    def system_means(self, scores: np.ndarray) -> np.ndarray:
        """Mean score of every drawn copy of a system, shape (D, K).

        Args:
            scores: One score a clip, shape (n,), or one for each draw and clip, shape (D, n).
        """
        if scores.ndim == 1:
            return (self.members @ scores).reshape(self.drawn.shape)
        drawn = self.members.data * scores.ravel().take(self._cells)
        return np.add.reduceat(drawn, self.members.indptr[:-1]).reshape(self.drawn.shape)


class Bootstrap:
    """Two-stage cluster bootstrap: systems with replacement, then clips within each drawn system.

    K systems are drawn out of K; each drawn copy gets clips of its own, as many as the system has. Clips of one system
    are not independent, so drawing clips alone would claim too much (Davison & Hinkley 1997, section 3.8). Clips
    without a system ("") are each a system of one clip; when no clip has a system this is the plain bootstrap over
    clips. The same arguments give the same draws, which is what makes comparisons of two predictors paired.

    Attributes:
        names: The systems, sorted; a clip without one is called by its position.
        draws: Number of draws.
    """

    def __init__(self, systems: Sequence[str] | np.ndarray, *, draws: int = DRAWS, seed: int = 0) -> None:
        """Notes which clip belongs to which system.

        Args:
            systems: The system of each clip, shape (n,).
            draws: Number of draws.
            seed: Seed of the random numbers.
        """
        labels = [("", i) if not name else (str(name), 0) for i, name in enumerate(systems)]
        order = {label: k for k, label in enumerate(sorted(set(labels)))}
        self.names = [name or f"#{i}" for name, i in order]
        self.codes = np.array([order[label] for label in labels], dtype=np.int64)
        self.draws, self.seed = draws, seed
        self._clips = np.argsort(self.codes, kind="stable")
        self._counts = np.bincount(self.codes, minlength=len(order))

    def __iter__(self) -> Iterator[Resample]:
        """Yields the draws in batches that fit in memory; always the same ones."""
        random = np.random.default_rng(self.seed)
        if not len(self.codes):
            return
        batch = max(1, _BATCH // len(self.codes))
        for start in range(0, self.draws, batch):
            yield self._resample(random, min(batch, self.draws - start))

    def _resample(self, random: np.random.Generator, draws: int) -> Resample:
        from scipy.sparse import csr_array

        systems, n = len(self._counts), len(self.codes)
        drawn = random.integers(systems, size=(draws, systems))
        sizes = self._counts[drawn.ravel()]
        ends = np.cumsum(sizes)
        first = np.repeat((np.cumsum(self._counts) - self._counts)[drawn.ravel()], sizes)
        picks = self._clips[first + (random.random(ends[-1]) * np.repeat(sizes, sizes)).astype(np.int64)]
        owner = np.repeat(np.arange(draws), sizes.reshape(draws, systems).sum(axis=1))
        weights = np.bincount(owner * n + picks, minlength=draws * n).reshape(draws, n).astype(float)
        rows: Any = (np.repeat(1 / sizes, sizes), picks, np.concatenate(([0], ends)))
        return Resample(weights, drawn, csr_array(rows, shape=(draws * systems, n)))


def clips_within_systems(systems: np.ndarray, *, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Draws clips within each system while the systems stay: for what is said of these systems.

    Args:
        systems: The system of each clip, shape (n,).
        draws: Number of draws.
        seed: Seed of the draws.

    Returns:
        How often each clip is in each draw, shape (draws, n); each system keeps its number of clips.
    """
    random = np.random.default_rng(seed)
    weights = np.empty((draws, len(systems)))
    for name in np.unique(systems):
        mine = np.flatnonzero(systems == name)
        cells = random.integers(mine.size, size=(draws, mine.size)) + mine.size * np.arange(draws)[:, None]
        weights[:, mine] = np.bincount(cells.ravel(), minlength=draws * mine.size).reshape(draws, mine.size)
    return weights


def settle(means: np.ndarray, digits: int = 12) -> np.ndarray:
    """Rounds to so many digits of the largest: sums in another order differ in the last bit, and ties must stay ties.

    Means of what was rounded need fewer digits than that was given.

    Args:
        means: Numbers of any shape; NaN stays NaN.
        digits: How many digits of the largest count.

    Returns:
        Rounded numbers, of the same shape.
    """
    largest = np.nanmax(np.abs(means), initial=0)
    return np.round(means, digits - 1 - int(np.floor(np.log10(largest)))) if largest else means
