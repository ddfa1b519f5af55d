"""Predictors: encoder, heads and provenance behind one ``predict``."""

from qamro.predictors.base import Predictor, Score
from qamro.predictors.loading import load
from qamro.predictors.offers import PredictorState, catalogue, download
from qamro.predictors.provenance import Provenance

__all__ = ["Predictor", "PredictorState", "Provenance", "Score", "catalogue", "download", "load"]
