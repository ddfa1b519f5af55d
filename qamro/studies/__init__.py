"""Listening studies: the Study type, importers, a registry, and a simulated study."""

from qamro.studies.study import Study
from qamro.studies.tables import StudyError

__all__ = ["Study", "StudyError"]
