"""Predictors: encoder, heads and provenance behind one ``predict``."""

from qamro.predictors.base import Predictor, Provenance, Score
from qamro.predictors.loading import PredictorState, catalogue, download, load

__all__ = ["Predictor", "PredictorState", "Provenance", "Score", "catalogue", "download", "load"]
