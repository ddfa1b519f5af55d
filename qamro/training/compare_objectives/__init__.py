"""Objectives compared on equal terms: the same folds, batches, architecture and budget, and what survives a test."""

from qamro.training.compare_objectives.contest import Contest, run_contest
from qamro.training.compare_objectives.entries import COMPARED, TITLES, entries
from qamro.training.compare_objectives.pieces import Budget

__all__ = ["COMPARED", "TITLES", "Budget", "Contest", "entries", "run_contest"]
