"""The systems in the order of one judge, people or a predictor: means, ranks, intervals, and who is tied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamro.evaluation.bootstrap import interval
from qamro.evaluation.sample import Sample
from qamro.evaluation.significance import SystemPairs, compare_systems
from qamro.evaluation.systems import mean_draws


@dataclass(frozen=True)
class Ranking:
    """Systems as one judge sees them.

    Attributes:
        pairs: Which systems can be told apart; names (sorted), numbers of clips and means of the K systems.
        low: Lower ends of the means' intervals over clips; NaN for a system of one clip.
        high: Upper ends.
        rank: Rank of each system, 1 is best, ties share the mean, shape (K,).
        rank_low: Lower end of each rank's interval over draws of clips; NaN for a system of one clip.
        rank_high: Upper end.
    """

    pairs: SystemPairs
    low: np.ndarray
    high: np.ndarray
    rank: np.ndarray
    rank_low: np.ndarray
    rank_high: np.ndarray

    @property
    def systems(self) -> list[str]:
        """Names of the systems, sorted."""
        return self.pairs.systems

    @property
    def clips(self) -> np.ndarray:
        """Number of clips of each system, shape (K,)."""
        return self.pairs.clips

    @property
    def means(self) -> np.ndarray:
        """Mean score of each system, shape (K,)."""
        return self.pairs.means

    @property
    def differ(self) -> np.ndarray:
        """Whether two systems differ, simultaneously for all pairs, shape (K, K)."""
        return self.pairs.differ

    @property
    def best_first(self) -> np.ndarray:
        """Positions of the systems from best to worst, shape (K,)."""
        return np.argsort(-self.means, kind="stable")

    @property
    def order(self) -> list[str]:
        """The systems, best first."""
        return [self.systems[k] for k in self.best_first]

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Largest runs of the order, first and last position, in which no pair differs; of two or more systems."""
        differ = self.differ[np.ix_(self.best_first, self.best_first)]
        found: list[tuple[int, int]] = []
        for first in range(len(differ)):
            last = first
            while last + 1 < len(differ) and not differ[first : last + 1, last + 1].any():
                last += 1
            if last > first and (not found or last > found[-1][1]):
                found.append((first, last))
        return found

    @property
    def groups(self) -> list[list[str]]:
        """The systems of each run."""
        return [self.order[first : last + 1] for first, last in self.runs]


def ranking(scores: np.ndarray, systems: np.ndarray, *, draws: int, seed: int, level: float) -> Ranking:
    """Ranks systems by their mean scores; the draws are of clips within each system.

    Args:
        scores: One score a clip, shape (n,).
        systems: Each clip's system, none empty, two at least, shape (n,).
        draws: Number of draws, two at least.
        seed: Their seed; the same clips see the same draws.
        level: Coverage of the intervals.
    """
    from scipy.stats import rankdata

    pairs = compare_systems(scores, systems, draws=draws, seed=seed, level=level)
    drawn, _ = mean_draws(Sample(scores, scores, systems), draws=draws, seed=seed)
    ranks, several = rankdata(-drawn, axis=1), pairs.clips > 1
    # The mean of one clip drawn again and again does not vary, which is no knowledge of it.
    means, places = (
        [interval(values[:, k] if several[k] else np.empty(0), level) for k in range(several.size)]
        for values in (drawn, ranks)
    )
    return Ranking(
        pairs,
        np.array([end.low for end in means]),
        np.array([end.high for end in means]),
        rankdata(-pairs.means),
        # Ranks are whole: an end between two of them holds both.
        np.floor([end.low for end in places]),
        np.ceil([end.high for end in places]),
    )
