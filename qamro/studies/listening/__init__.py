"""Listening studies that are run with the app: blind, in random order, every confirmed rating safe on disk.

>>> from qamro.studies.listening import Design, RatingStore, Scale
"""

from qamro.studies.listening.design import PREFERENCE, Design, ListeningError, Scale, known_scale
from qamro.studies.listening.store import RatingStore

__all__ = ["PREFERENCE", "Design", "ListeningError", "RatingStore", "Scale", "known_scale"]
