"""What a head is trained to minimise: a regression term, a ranking term and an alignment term, each a choice."""

from qamro.training.objective.objective import OBJECTIVES, RANKING, REGRESSION, Objective, paper_objective, source_of
from qamro.training.objective.terms import stacked_loss

__all__ = ["OBJECTIVES", "RANKING", "REGRESSION", "Objective", "paper_objective", "source_of", "stacked_loss"]
