"""Objectives compared on equal terms: the same folds, batches, architecture and budget, and what survives a test."""

from qamro.training.compare_objectives.comparison import ObjectiveComparison, entries, run_contest
from qamro.training.compare_objectives.fold_runs import Budget
from qamro.training.objective.table import COMPARED

__all__ = ["COMPARED", "Budget", "ObjectiveComparison", "entries", "run_contest"]
