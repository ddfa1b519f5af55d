"""Which systems cannot be told apart, and the range of ranks that each could have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamro.evaluation.bootstrap import interval


@dataclass(frozen=True)
class Standing:
    """Where systems stand by their mean scores.

    Attributes:
        order: Positions of the systems from best to worst, shape (K,).
        rank: Rank of each system in the order given, 1 is best, ties share the mean, shape (K,).
        rank_low: Lower end of each rank's interval over draws.
        rank_high: Upper end.
        differ: Whether two systems differ, simultaneously for all pairs, shape (K, K).
        groups: Largest runs of the order, first and last position, in which no pair differs; of two or more systems.
    """

    order: np.ndarray
    rank: np.ndarray
    rank_low: np.ndarray
    rank_high: np.ndarray
    differ: np.ndarray
    groups: list[tuple[int, int]]


def standing(means: np.ndarray, draws: np.ndarray, *, level: float = 0.95) -> Standing:
    """Compares all pairs of systems by bootstrap draws of their means.

    Two systems differ when their difference exceeds its standard error times c, where c is the quantile of the largest
    such ratio over all pairs in the draws: with probability ``level`` not one pair is set apart wrongly (the
    studentised maximum of Romano & Wolf 2005). Plain intervals for each pair would set thirty of 630 apart by chance.

    Args:
        means: Mean score of each of K systems, higher is better, shape (K,).
        draws: The same in each draw of clips within systems, shape (D, K); see ``mean_draws``.
        level: Joint coverage.

    Raises:
        ValueError: The shapes do not fit, or there are fewer than two systems or draws.
    """
    from scipy.stats import rankdata

    k = means.size
    if means.ndim != 1 or draws.ndim != 2 or draws.shape[1] != k or k < 2 or len(draws) < 2:
        raise ValueError(f"means {means.shape} and draws {draws.shape}: two systems and two draws at least")
    first, second = np.triu_indices(k, 1)
    gap = means[first] - means[second]
    distance = draws[:, first] - draws[:, second]
    error = distance.std(axis=0, ddof=1)
    # A system of one clip has draws that never vary: that is no knowledge, so it is not told apart from any.
    known = error > 0
    error = np.where(known, error, 1.0)
    limit = np.quantile(np.where(known, np.abs(distance - gap) / error, 0.0).max(axis=1), level)
    differ = np.zeros((k, k), dtype=bool)
    differ[first, second] = differ[second, first] = known & (np.abs(gap) > limit * error)
    ranks = rankdata(-draws, axis=1)
    ends = [interval(ranks[:, i], level) for i in range(k)]
    order = np.argsort(-means, kind="stable")
    return Standing(
        order,
        rankdata(-means),
        # Ranks are whole: an end between two of them holds both.
        np.floor([end.low for end in ends]),
        np.ceil([end.high for end in ends]),
        differ,
        _runs(differ[np.ix_(order, order)]),
    )


def _runs(differ: np.ndarray) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first in range(len(differ)):
        last = first
        while last + 1 < len(differ) and not differ[first : last + 1, last + 1].any():
            last += 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found
