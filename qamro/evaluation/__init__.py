"""Predictions against people: metrics with intervals, agreement among raters, and what can be claimed."""

from qamro.evaluation.axes import NoCommonAxis
from qamro.evaluation.evaluate import evaluate
from qamro.evaluation.matching import Match, NothingMatched, PredictionsError, match
from qamro.evaluation.metrics import METRICS, Metric
from qamro.evaluation.prediction_powered import prediction_powered
from qamro.evaluation.result import Evaluation
from qamro.evaluation.significance.tell_apart import tell_apart

__all__ = [
    "METRICS",
    "Evaluation",
    "Match",
    "Metric",
    "NoCommonAxis",
    "NothingMatched",
    "PredictionsError",
    "evaluate",
    "match",
    "prediction_powered",
    "tell_apart",
]
