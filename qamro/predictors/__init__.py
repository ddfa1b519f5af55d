"""Predictors: encoder, heads and provenance behind one ``predict``."""

from qamro.predictors.base import Predictor, Score
from qamro.predictors.loading import load
from qamro.predictors.provenance import Provenance

__all__ = ["Predictor", "Provenance", "Score", "load"]
