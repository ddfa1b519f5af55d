"""Raters one by one: bias, consistency, who strays, and the quality that remains without their quirks."""

from qamro.evaluation.raters.itu import MODELS
from qamro.evaluation.raters.leave_out import leave_out, left_out_note
from qamro.evaluation.raters.model import RaterModel, RatersUnknown, rater_model
from qamro.evaluation.raters.outlying import Panel, panel

__all__ = ["MODELS", "Panel", "RaterModel", "RatersUnknown", "leave_out", "left_out_note", "panel", "rater_model"]
