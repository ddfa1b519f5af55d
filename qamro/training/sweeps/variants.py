"""What a sweep trains: the baselines, and QAMRO for every alpha and beta."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qamro.training.fit_config import FitConfig
    from qamro.training.objective import Objective

BASELINES = ("regression alone", "margin ranking", "without weighting", "without adaptive margin")
"""What beta curves are held against: no ranking term, Eq. 1, beta = 1, and weights with a fixed margin."""


@dataclass(frozen=True)
class Variant:
    """One objective of a sweep.

    Attributes:
        label: For tables and figures.
        objective: What it trains with.
        baseline: Whether it is what curves are held against rather than a point of one.
        at: The value over which a curve is drawn; NaN for a baseline.
        curve: The value that the points of a curve share; NaN for a baseline, and where there is only one curve.
    """

    label: str
    objective: Objective
    baseline: bool = False
    at: float = math.nan
    curve: float = math.nan


def _paper_config() -> FitConfig:
    from qamro.training.fit_config import FitConfig

    return FitConfig()


@dataclass(frozen=True)
class Plan:
    """What a sweep trains.

    Attributes:
        betas: Preference factors.
        alphas: Slopes of the adaptive margin.
        seeds: One fit of every variant each.
        baselines: Which of ``BASELINES`` to add; their alpha and beta are the paper's.
        config: How to fit.
    """

    betas: Sequence[float] = (1, 3, 5, 7, 9, 11)
    alphas: Sequence[float] = (0.2,)
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    baselines: Sequence[str] = BASELINES
    config: FitConfig = field(default_factory=_paper_config)

    def variants(self, axis: str) -> list[Variant]:
        """Returns the objectives of the sweep for an axis: baselines, then every alpha with every beta."""
        from qamro.training.objective import paper_objective

        paper = paper_objective(axis)
        ranking = {
            "regression alone": "none",
            "margin ranking": "mr",
            "without weighting": "qamro-unweighted",
            "without adaptive margin": "qamro-fixed-margin",
        }
        points = [
            Variant(point_label(alpha, beta), replace(paper, alpha=alpha, beta=beta), at=beta, curve=alpha)
            for alpha in self.alphas
            for beta in self.betas
        ]
        return [Variant(name, replace(paper, ranking=ranking[name]), True) for name in self.baselines] + points


def point_label(alpha: float, beta: float) -> str:
    """Returns what a point of the curve is called."""
    return f"alpha {alpha:g}, beta {beta:g}"
