"""Objectives with a name, which the command line and the tabs offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qamro.axes import AESTHETIC, get_axis
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.objective.intervals import RELEASED_WEIGHTS
from qamro.training.objective.objective import Objective

ALPHA_BALR, BETA_SAMA = 0.2, 0.3
"""DeRA-MOS's weights: L = L_CE-Gauss + 0.2 L_BALR + 0.3 L_SAMA (arXiv 2606.10010)."""


def paper_objective(axis: str) -> Objective:
    """Returns what QAMRO's paper trains an axis with, as far as it says.

    MI and TA: Huber + QAMRO. The aesthetic axes: "QAMRO + traditional regression objectives", not named further; that
    these are MSE + MAE is what the released code does, and that QAMRO stands on standardised scores beside them, with
    Eq. 3's weights, is ours (``"aes-released"`` is the code's own). An axis of your own gets what MI and TA get, on
    standardised scores: Huber's delta of 1 and the fixed margin of 0.1 mean something on a scale of 1 to 5, and nothing
    on one of 0 to 100.
    """
    if axis in AESTHETIC:
        return Objective(regression="mse+mae", standardise=True)
    return Objective(standardise=not get_axis(axis).has_range)


def released_objective(axis: str) -> Objective:
    """Returns what QAMRO's released code trains an axis with.

    The aesthetic axes: MSE + MAE on standardised scores, QAMRO on the scores of the scale itself, its weights looked up
    by interval of MOS (see ``intervals``). The code standardises by the published mean and deviation of
    Audiobox-Aesthetics; here it is by those of the training clips. Other axes: Huber + QAMRO, which the code has, too.
    """
    if axis not in AESTHETIC:
        return paper_objective(axis)
    return replace(paper_objective(axis), rank_on_scale=True, interval_weights=RELEASED_WEIGHTS[axis])


def source_of(objective: Objective, axis: str) -> str:
    """Returns whose objective it is, for the card: QAMRO's paper's, its released code's, our reading; else empty."""
    if axis in AESTHETIC and objective == released_objective(axis):
        return "QAMRO's released code (track 2)"
    if objective != paper_objective(axis):
        return ""
    if axis in AESTHETIC:
        return "our reading of QAMRO's paper, which names no regression terms for this axis"
    return "QAMRO's paper" if get_axis(axis).has_range else "QAMRO's paper for MI and TA, on standardised scores"


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
    "ridge": _made(regression="ridge", ranking="none"),
    "mr": _made(ranking="mr"),
    "qamro": _made(ranking="qamro"),
    "aes-released": released_objective,
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

Where a name holds no regression term it is that of ``paper_objective``: Huber for MI and TA, MSE + MAE on standardised
scores for the aesthetic axes, Huber on standardised scores for an axis of your own. The paper's "w/o quality-aware
weighting" is ``"qamro-unweighted"``, its "w/o adaptive margin" is ``"mr"``; ``"qamro-fixed-margin"`` is ours. SAMA is
there for axes that are judged against the prompt only, as in DeRA-MOS: for MI, ``"ce-gauss+balr+sama"`` is
CE-Gauss + 0.2 BALR.
"""
