"""Raters one by one: bias, consistency, who strays, and the quality that remains without their quirks."""

from qamro.evaluation.raters.model import (
    MODELS,
    RanAway,
    RaterModel,
    RatersUnknown,
    leave_out,
    left_out_note,
    rater_model,
)
from qamro.evaluation.raters.outlying import Panel, panel

__all__ = [
    "MODELS",
    "Panel",
    "RanAway",
    "RaterModel",
    "RatersUnknown",
    "leave_out",
    "left_out_note",
    "panel",
    "rater_model",
]
