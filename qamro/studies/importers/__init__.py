"""Importers: each reads one published form of ratings and makes a ``Study`` of it.

``read_ratings`` recognises the form by itself; ``read_predictions`` reads scores that a predictor gave.
"""

from qamro.studies.importers.predictions import read_predictions
from qamro.studies.importers.ratings import read_ratings

__all__ = ["read_predictions", "read_ratings"]
