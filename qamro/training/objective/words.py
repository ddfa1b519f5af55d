"""An objective in words, for cards and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qamro.training.objective.objective import Objective

_REGRESSION = {"huber": "Huber", "ce-gauss": "CE-Gauss"}


def in_words(objective: Objective) -> str:
    """Names the terms with their weights and parameters: ``Huber + QAMRO (alpha 0.2, beta 7)``."""
    terms = []
    if objective.regression != "none":
        name = _REGRESSION.get(objective.regression, objective.regression.upper().replace("+", " + "))
        if objective.needs_logits and objective.sigma != type(objective).sigma:
            name += f" (sigma {objective.sigma:g} of the scale)"
        terms.append(_weighted(name, objective.regression_weight))
    if objective.ranking != "none":
        terms.append(_weighted(_ranking(objective), objective.ranking_weight))
    if objective.alignment_weight > 0:
        terms.append(_weighted("SAMA", objective.alignment_weight))
    on_scores = objective.ranking != "none" or not objective.needs_logits
    return " + ".join(terms) + (" on standardised scores" if objective.standardise and on_scores else "")


def _ranking(objective: Objective) -> str:
    alpha, beta = f"alpha {objective.alpha:g}", f"beta {objective.beta:g}"
    margin, temperature = f"margin {objective.margin:g}", f"temperature {objective.temperature:g}"
    return {
        "qamro": f"QAMRO ({alpha}, {beta})",
        "qamro-unweighted": f"QAMRO without weighting ({alpha}, beta 1)",
        "qamro-fixed-margin": f"QAMRO without adaptive margin ({margin}, {beta})",
        "mr": f"margin ranking ({margin})",
        "balr": f"BALR ({temperature})",
        "listmle": f"ListMLE ({temperature})",
        "soft-spearman": f"soft Spearman ({temperature})",
    }[objective.ranking]


def _weighted(name: str, weight: float) -> str:
    return name if weight == 1 else f"{weight:g} x {name}"
