"""An objective by name, with some of its parameters set otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from qamro.axes import get_axis
from qamro.training.objective.named import OBJECTIVES
from qamro.training.objective.objective import Objective

PARAMETERS = (
    "alpha",
    "beta",
    "margin",
    "temperature",
    "sigma",
    "regression_weight",
    "ranking_weight",
    "alignment_weight",
    "normalize",
)
"""The parameters of an objective that can be set; each objective uses some of them."""


def used_by(objective: Objective) -> set[str]:
    """Returns which of ``PARAMETERS`` change anything about an objective."""
    ranking, listwise = objective.ranking, ("balr", "listmle", "soft-spearman")
    used = {
        "alpha": ranking in ("qamro", "qamro-unweighted"),
        "beta": ranking in ("qamro", "qamro-fixed-margin"),
        "margin": ranking in ("mr", "qamro-fixed-margin"),
        "normalize": ranking in ("qamro", "qamro-fixed-margin") and objective.interval_weights is None,
        "temperature": ranking in listwise,
        "sigma": objective.needs_logits,
        "regression_weight": "none" not in (objective.regression, ranking),
        "ranking_weight": "none" not in (objective.regression, ranking),
        "alignment_weight": objective.needs_similarity,
    }
    return {name for name, does in used.items() if does}


def chosen_objective(
    name: str, axis: str, parameters: Mapping[str, Any], *, regression: str = "", ranking: str = ""
) -> Objective:
    """Returns the objective of an axis by its name.

    Args:
        name: A key of ``OBJECTIVES``.
        axis: What is scored.
        parameters: Values for some of ``PARAMETERS``; those that the objective does not use change nothing. With
            ``normalize="scale"`` the scale is the axis's, where it has one and scores are not standardised.
        regression: Another regression term, on the scores as they are where the axis has a scale.
        ranking: Another ranking term.

    Raises:
        ValueError: There is no such objective, or a parameter is out of range; the message says which.
    """
    if name not in OBJECTIVES:
        raise ValueError(f"there is no objective {name!r}; choose one of {', '.join(OBJECTIVES)}")
    base, scale = OBJECTIVES[name](axis), get_axis(axis)
    if regression:
        base = replace(base, regression=regression, standardise=base.standardise and not scale.has_range)
    if ranking:
        base = replace(base, ranking=ranking, interval_weights=None, rank_on_scale=False)
    wanted = {key: value for key, value in parameters.items() if key in used_by(base)}
    if wanted.get("normalize") == "scale":
        if base.standardise or not scale.has_range:
            del wanted["normalize"]
        else:
            wanted["scale"] = (scale.low, scale.high)
    return replace(base, **wanted)


def without_effect(objectives: Iterable[Objective], parameters: Mapping[str, Any]) -> list[str]:
    """Returns which parameters were set in vain: no objective uses them, or none took the value over.

    Args:
        objectives: As ``chosen_objective`` made them.
        parameters: What it was given.
    """
    made = list(objectives)
    return [
        name
        for name, value in parameters.items()
        if not any(name in used_by(one) and getattr(one, name) == value for one in made)
    ]
