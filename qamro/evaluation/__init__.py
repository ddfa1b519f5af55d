"""Predictions against people: metrics with intervals, agreement among raters, and what can be claimed."""

from qamro.evaluation.align import Match, NoCommonAxis, NothingMatched, PredictionsError, match
from qamro.evaluation.evaluate import Evaluation, evaluate
from qamro.evaluation.metrics import METRICS, Metric
from qamro.evaluation.prediction_powered import prediction_powered
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
