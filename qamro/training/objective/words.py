"""An objective in words, for cards and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qamro.training.objective.objective import Objective

_REGRESSION = {"huber": "Huber", "ce-gauss": "CE-Gauss", "ridge": "ridge regression"}


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
    on_scores = (objective.ranking != "none" or not objective.needs_logits) and not objective.solved
    where = ""
    if objective.standardise and on_scores:
        mixed = objective.rank_on_scale and objective.ranking != "none"
        where = " on standardised scores" + (", ranking on the scale's own" if mixed else "")
    return " + ".join(terms) + where


def _ranking(objective: Objective) -> str:
    alpha, beta = f"alpha {objective.alpha:g}", f"beta {objective.beta:g}"
    margin, temperature = f"margin {objective.margin:g}", f"temperature {objective.temperature:g}"
    quality = ", weights by interval of MOS" if objective.interval_weights is not None else ""
    return {
        "qamro": f"QAMRO ({alpha}, {beta}{quality})",
        "qamro-unweighted": f"QAMRO without weighting ({alpha}, beta 1)",
        "qamro-fixed-margin": f"QAMRO's weights with a fixed margin, ours ({margin}, {beta})",
        "mr": f"margin ranking ({margin})",
        "balr": f"BALR ({temperature})",
        "listmle": f"ListMLE ({temperature})",
        "soft-spearman": f"soft Spearman ({temperature})",
    }[objective.ranking]


def _weighted(name: str, weight: float) -> str:
    return name if weight == 1 else f"{weight:g} x {name}"
