"""The choice of a study, shared by the tabs that need one: simulated, fetched, or brought along.

``study_chooser("train", audio=True)`` builds it inside the current block and returns a ``Chooser``.
"""

from __future__ import annotations

from qamro.ui.bring.chooser import Chooser, study_chooser

__all__ = ["Chooser", "study_chooser"]
