"""Predictors: encoder, heads and provenance behind one ``predict``."""

from qamro.predictors.base import Predictor, Score
from qamro.predictors.loading import PredictorState, catalogue, download, load
from qamro.predictors.provenance import Provenance

__all__ = ["Predictor", "PredictorState", "Provenance", "Score", "catalogue", "download", "load"]
