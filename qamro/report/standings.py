"""The systems in the order of one judge, people or a predictor: means, ranks, intervals, and who is tied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamro.evaluation.bootstrap import interval
from qamro.evaluation.sample import Sample
from qamro.evaluation.significance import Standing, standing
from qamro.evaluation.systems import mean_draws


@dataclass(frozen=True)
class Ranking:
    """Systems as one judge sees them.

    Attributes:
        systems: Names, sorted, K of them.
        clips: Number of clips of each, shape (K,).
        means: Mean scores, shape (K,).
        low: Lower ends of their intervals over clips; NaN for a system of one clip.
        high: Upper ends.
        standing: Ranks with intervals, and which systems cannot be told apart.
    """

    systems: list[str]
    clips: np.ndarray
    means: np.ndarray
    low: np.ndarray
    high: np.ndarray
    standing: Standing

    @property
    def order(self) -> list[str]:
        """The systems, best first."""
        return [self.systems[k] for k in self.standing.order]

    @property
    def groups(self) -> list[list[str]]:
        """Largest runs of neighbours of which no two can be told apart, best first; of two or more systems."""
        return [self.order[first : last + 1] for first, last in self.standing.groups]


def ranking(scores: np.ndarray, systems: np.ndarray, *, draws: int, seed: int, level: float) -> Ranking:
    """Ranks systems by their mean scores; the draws are of clips within each system.

    Args:
        scores: One score a clip, shape (n,).
        systems: Each clip's system, none empty, two at least, shape (n,).
        draws: Number of draws, two at least.
        seed: Their seed; the same clips see the same draws.
        level: Coverage of the intervals.
    """
    sample = Sample(scores, scores, systems)
    names, means, _, clips = sample.system_means
    drawn, _ = mean_draws(sample, draws=draws, seed=seed)
    ends = [interval(drawn[:, k] if clips[k] > 1 else np.empty(0), level) for k in range(len(names))]
    return Ranking(
        names,
        clips,
        means,
        np.array([end.low for end in ends]),
        np.array([end.high for end in ends]),
        standing(means, drawn, level=level),
    )
