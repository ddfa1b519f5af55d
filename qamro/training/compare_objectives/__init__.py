"""Objectives compared on equal terms: the same folds, batches, architecture and budget, and what survives a test."""

from qamro.training.compare_objectives.comparison import COMPARED, TITLES, ObjectiveComparison, entries, run_contest
from qamro.training.compare_objectives.fold_runs import Budget

__all__ = ["COMPARED", "TITLES", "Budget", "ObjectiveComparison", "entries", "run_contest"]
