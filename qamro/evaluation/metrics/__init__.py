"""How well predictions agree with people: pure functions on arrays, each also for many bootstrap draws at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from qamro.evaluation.metrics import best, kendall, linear, pairwise, spearman, squared_error, ties
from qamro.evaluation.metrics.best import top1
from qamro.evaluation.metrics.kendall import ktau
from qamro.evaluation.metrics.linear import lcc
from qamro.evaluation.metrics.pairs import Core, Pairs, UndefinedMetricWarning, drop_missing
from qamro.evaluation.metrics.pairwise import pairwise_accuracy
from qamro.evaluation.metrics.spearman import srcc
from qamro.evaluation.metrics.squared_error import mse
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
            squared_error.core,
            0.0,
            inf,
        ),
        Metric("LCC", "Linear correlation (Pearson)", True, "How close to a straight line.", linear.core),
        Metric("SRCC", "Rank correlation (Spearman)", True, "How alike the two orders are.", spearman.core),
        Metric("KTAU", "Rank correlation (Kendall tau-b)", True, "Right pairs minus wrong pairs.", kendall.core),
        Metric("ACC", "Pairwise accuracy", True, "Share of pairs put in the right order.", pairwise.core, 0.0),
        Metric(
            "ACC_EQ",
            "Pairwise accuracy, ties calibrated",
            True,
            "Share of pairs ordered or tied as by the ratings.",
            ties.core,
            0.0,
        ),
        Metric("TOP1", "Best one found", True, "Whether the best one gets the highest prediction.", best.core, 0.0),
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
