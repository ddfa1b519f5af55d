"""The choice of a study, shared by the tabs that need one: simulated, fetched, or uploaded.

``study_picker("train", audio=True)`` builds it inside the current block and returns a ``StudyPicker``.
"""

from __future__ import annotations

from qamro.ui.study_picker.picker import StudyPicker, study_picker

__all__ = ["StudyPicker", "study_picker"]
