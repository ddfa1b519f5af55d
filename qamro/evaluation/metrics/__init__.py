"""How well predictions agree with people: pure functions on arrays, each also for many bootstrap draws at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from qamro.evaluation.metrics import (
    definitions,
    ties,
)
from qamro.evaluation.metrics.definitions import ktau, lcc, mse, pairwise_accuracy, srcc, top1
from qamro.evaluation.metrics.pairs import Core, Pairs, UndefinedMetricWarning, drop_missing
from qamro.evaluation.metrics.ties import calibrate_ties, tie_accuracy


@dataclass(frozen=True)
class Metric:
    """What a table or a figure needs to know of a metric.

    Attributes:
        key: The name in tables, for example ``"SRCC"``.
        name: In words.
        higher_is_better: Whether more is better.
        definition: One line that says what it is.
        core: Its formula on checked pairs.
        low: Its least possible value.
        high: Its greatest.
    """

    key: str
    name: str
    higher_is_better: bool
    definition: str
    core: Core
    low: float = -1.0
    high: float = 1.0


METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric(
            "MSE",
            "Mean squared error",
            False,
            "Mean squared distance to the mean rating.",
            definitions.mse_core,
            0.0,
            inf,
        ),
        Metric("LCC", "Linear correlation (Pearson)", True, "How close to a straight line.", definitions.lcc_core),
        Metric("SRCC", "Rank correlation (Spearman)", True, "How alike the two orders are.", definitions.srcc_core),
        Metric(
            "KTAU", "Rank correlation (Kendall tau-b)", True, "Right pairs minus wrong pairs.", definitions.ktau_core
        ),
        Metric(
            "ACC", "Pairwise accuracy", True, "Share of pairs put in the right order.", definitions.accuracy_core, 0.0
        ),
        Metric(
            "ACC_EQ",
            "Pairwise accuracy, ties calibrated",
            True,
            "Share of pairs ordered or tied as by the ratings.",
            ties.core,
            0.0,
        ),
        Metric(
            "TOP1",
            "Best one found",
            True,
            "Whether the best one gets the highest prediction.",
            definitions.top1_core,
            0.0,
        ),
    )
}
"""The metrics in the order of the tables."""

__all__ = [
    "METRICS",
    "Metric",
    "Pairs",
    "UndefinedMetricWarning",
    "calibrate_ties",
    "drop_missing",
    "ktau",
    "lcc",
    "mse",
    "pairwise_accuracy",
    "srcc",
    "tie_accuracy",
    "top1",
]
