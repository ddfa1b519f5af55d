"""What ``benchmarks.findings`` runs: axes, folds, settings of the training, and objectives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamro.training.objective import paper_objective
from qamro.training.sweeps.setup import FIXED_MARGIN, RIDGE, Variant
from qamro.training.trainer import FitConfig

AXES = {"simulated": ("MI", "PQ")}  # two of six, chosen before anything was run; the human studies have one each
FOLDS, HIDDEN = 5, (32, 16)
BETAS = (3, 5, 7, 9, 11)
SETTINGS = {
    "AdamW": FitConfig("adamw", lr=1e-3, batch_size=0, max_epochs=300, hidden=HIDDEN),
    "SGD of the paper": FitConfig("sgd", lr=5e-4, max_epochs=500, hidden=HIDDEN),
    "SGD, ten times the rate": FitConfig("sgd", lr=5e-3, max_epochs=300, hidden=HIDDEN),
    "AdamW, batches of 32": FitConfig("adamw", lr=1e-3, batch_size=32, max_epochs=300, hidden=HIDDEN),
}
REGRESSION, UNWEIGHTED, EQUATION_1, MATCHED = (
    "regression alone",
    "without weighting",
    "without adaptive margin",
    "beta 1, term x q",
)
CORE = (RIDGE, REGRESSION, UNWEIGHTED, EQUATION_1, "QAMRO, beta 7", FIXED_MARGIN, MATCHED)


def variants(axis: str, targets: np.ndarray) -> list[Variant]:
    """All objectives of the main setting; the others run ``CORE``."""
    paper = paper_objective(axis)
    mean_weight = _mean_weight(targets, paper.beta)
    made = {
        RIDGE: replace(paper, regression="ridge", ranking="none"),
        REGRESSION: replace(paper, ranking="none"),
        "MSE alone": replace(paper, regression="mse", ranking="none"),
        UNWEIGHTED: replace(paper, ranking="qamro-unweighted"),
        EQUATION_1: replace(paper, ranking="mr"),
        **{f"QAMRO, beta {beta}": replace(paper, beta=beta) for beta in BETAS},
        FIXED_MARGIN: replace(paper, ranking="qamro-fixed-margin"),
        MATCHED: replace(paper, ranking="qamro-unweighted", ranking_weight=mean_weight),
        "QAMRO, beta 7, term x 0.2": replace(paper, ranking_weight=0.2),
        "QAMRO, alpha 1": replace(paper, alpha=1.0),
        "QAMRO alone": replace(paper, regression="none"),
    }
    if axis == "MI":
        made["QAMRO, quality by the scale"] = replace(paper, normalize="scale", scale=(1, 5))
    return [Variant(label, objective, label in CORE) for label, objective in made.items()]


def _mean_weight(targets: np.ndarray, beta: float) -> float:
    quality = (targets - targets.min()) / (targets.max() - targets.min())
    i, j = np.triu_indices(len(targets), 1)
    unequal = targets[i] != targets[j]
    return float(1 + (beta - 1) * np.maximum(quality[i], quality[j])[unequal].mean())
