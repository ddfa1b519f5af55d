"""Objectives with a name, which the command line and the tabs offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qamro.axes import AESTHETIC, get_axis
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.objective.objective import Objective

ALPHA_BALR, BETA_SAMA = 0.2, 0.3
"""DeRA-MOS's weights: L = L_CE-Gauss + 0.2 L_BALR + 0.3 L_SAMA (arXiv 2606.10010)."""


def paper_objective(axis: str) -> Objective:
    """Returns what QAMRO's paper trains an axis with.

    An axis of your own gets what MI and TA get, on standardised scores: Huber's delta of 1 and the fixed margin of 0.1
    mean something on a scale of 1 to 5, and nothing on one of 0 to 100.
    """
    if axis in AESTHETIC:
        return Objective(regression="mse+mae", standardise=True)
    return Objective(standardise=not get_axis(axis).has_range)


def _made(*, sama: bool = False, **choices: Any) -> Callable[[str], Objective]:
    def of(axis: str) -> Objective:
        weight = BETA_SAMA if sama and axis in NEEDS_PROMPT else 0.0
        return replace(paper_objective(axis), alignment_weight=weight, **choices)

    return of


_DISTRIBUTION: dict[str, Any] = {"regression": "ce-gauss"}
_BALR: dict[str, Any] = {"ranking": "balr", "ranking_weight": ALPHA_BALR}

OBJECTIVES: dict[str, Callable[[str], Objective]] = {
    "huber": _made(regression="huber", ranking="none"),
    "mse": _made(regression="mse", ranking="none"),
    "mr": _made(ranking="mr"),
    "qamro": _made(ranking="qamro"),
    "qamro-unweighted": _made(ranking="qamro-unweighted"),
    "qamro-fixed-margin": _made(ranking="qamro-fixed-margin"),
    "balr": _made(**_BALR),
    "listmle": _made(ranking="listmle"),
    "soft-spearman": _made(ranking="soft-spearman"),
    "ce-gauss": _made(**_DISTRIBUTION, ranking="none"),
    "ce-gauss+balr": _made(**_DISTRIBUTION, **_BALR),
    "ce-gauss+balr+sama": _made(**_DISTRIBUTION, **_BALR, sama=True),
    "qamro+sama": _made(ranking="qamro", sama=True),
}
"""What to train an axis with, by name.

Where a name holds no regression term it is the paper's for the axis: Huber for MI and TA, MSE + MAE on standardised
scores for the aesthetic axes, Huber on standardised scores for an axis of your own. SAMA is there for axes that are
judged against the prompt only, as in DeRA-MOS: for MI, ``"ce-gauss+balr+sama"`` is CE-Gauss + 0.2 BALR.
"""
