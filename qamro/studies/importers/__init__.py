"""Importers: files of ratings and of predictions, whatever wrote them.

``guess_and_read`` and ``read_ratings`` recognise a form and make a ``Study`` of it; ``read_predictions`` reads scores
that a predictor gave, ``score_columns`` names its axes. ``forms.FORMS`` is the table of forms.
"""

from qamro.studies.importers.options import Options
from qamro.studies.importers.predictions import read_predictions, score_columns
from qamro.studies.importers.reading import guess_and_read, read_ratings

__all__ = ["Options", "guess_and_read", "read_predictions", "read_ratings", "score_columns"]
