"""What a head is trained to minimise: a regression term, a ranking term and an alignment term, each a choice."""

from typing import Any

from qamro.training.objective.objective import OBJECTIVES, Objective, paper_objective, source_of

__all__ = ["OBJECTIVES", "Objective", "paper_objective", "source_of", "stacked_loss"]


def __getattr__(name: str) -> Any:
    """Imports ``stacked_loss`` when it is asked for: forms and flags are made from the table, which needs no torch."""
    if name != "stacked_loss":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from qamro.training.objective.terms import stacked_loss

    return stacked_loss
