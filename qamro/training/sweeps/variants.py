"""What a sweep trains: the baselines, and QAMRO for every alpha and beta."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qamro.training.fit_config import FitConfig
    from qamro.training.objective import Objective

RIDGE = "ridge regression"
"""What ridge regression on the same features is called in every sweep and comparison."""

FIXED_MARGIN = "q with a fixed margin (ours)"
"""What Eq. 3's weights on Eq. 1's margin are called: an ablation of ours, not the paper's."""

_RANKING = {
    RIDGE: "none",
    "regression alone": "none",
    "without weighting": "qamro-unweighted",
    "without adaptive margin": "mr",
    FIXED_MARGIN: "qamro-fixed-margin",
}

BASELINES = tuple(_RANKING)
"""What beta curves are held against.

Ridge regression; no ranking term; beta = 1 (the paper's "w/o quality-aware weighting"); Eq. 1 in the place of Eq. 2
(the paper's "w/o adaptive margin": no weights either, as the caption of its Table I says); and the weights of Eq. 3
with the margin of Eq. 1, which the paper does not have.
"""


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


def converging() -> FitConfig:
    """Returns how a sweep fits unless told otherwise: every objective to its end, which the paper's rate does not."""
    from qamro.training.fit_config import FitConfig

    return FitConfig("adamw", lr=1e-3, batch_size=0, max_epochs=300)


@dataclass(frozen=True)
class Plan:
    """What a sweep trains.

    Attributes:
        betas: Preference factors.
        alphas: Slopes of the adaptive margin.
        seeds: One fit of every variant each.
        baselines: Which of ``BASELINES`` to add; their alpha and beta are the paper's.
        config: How to fit.
        also: Keys of ``OBJECTIVES`` to add where they are something else on the axis.
    """

    betas: Sequence[float] = (1, 3, 5, 7, 9, 11)
    alphas: Sequence[float] = (0.2,)
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    baselines: Sequence[str] = BASELINES
    config: FitConfig = field(default_factory=converging)
    also: Sequence[str] = ()

    def variants(self, axis: str) -> list[Variant]:
        """Returns the objectives of the sweep for an axis: baselines, every alpha with every beta, and ``also``."""
        from qamro.training.objective import OBJECTIVES, paper_objective

        paper = paper_objective(axis)
        points = [
            Variant(point_label(alpha, beta), replace(paper, alpha=alpha, beta=beta), at=beta, curve=alpha)
            for alpha in self.alphas
            for beta in self.betas
        ]
        regression = {RIDGE: "ridge"}
        beside = [
            Variant(
                name,
                replace(paper, ranking=_RANKING[name], regression=regression.get(name, paper.regression)),
                baseline=True,
            )
            for name in self.baselines
        ]
        others = [Variant(name, OBJECTIVES[name](axis), baseline=True) for name in self.also]
        known = [variant.objective for variant in beside + points]
        return beside + points + [variant for variant in others if variant.objective not in known]


def point_label(alpha: float, beta: float) -> str:
    """Returns what a point of the curve is called."""
    return f"alpha {alpha:g}, beta {beta:g}"
