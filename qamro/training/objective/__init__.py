"""What a head is trained to minimise: a regression term, a ranking term and an alignment term, each a choice."""

from typing import Any

from qamro.lazy import imported
from qamro.training.objective.objective import OBJECTIVES, Objective, paper_objective, source_of

__all__ = ["OBJECTIVES", "Objective", "paper_objective", "source_of", "stacked_loss"]


def __getattr__(name: str) -> Any:
    """Imports ``stacked_loss`` when it is asked for: forms and flags are made from the table, which needs no torch."""
    return imported(__name__, {"stacked_loss": "qamro.training.objective.terms"}, name)
