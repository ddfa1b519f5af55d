"""What a comparison is asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qamro.evaluation.bootstrap import DRAWS


@dataclass(frozen=True)
class Options:
    """How to compare.

    Attributes:
        axes: Rated axes to compare; None takes all that a predictor scores.
        axis_map: From predicted to rated axis where the names differ, for example ``{"MI": "quality"}``; for every
            predictor that has no column of the rated axis's name.
        own_maps: The same for single predictors: ``{"offline": {"MI": "quality"}}``.
        draws: Bootstrap draws of every interval; 0 leaves the metrics' intervals out (systems are still compared by
            draws of their own, which cost nothing).
        seed: Seed of the draws.
        left_out: Raters whose ratings do not count.
        resample_raters: Whether the metrics' intervals also draw raters: what another panel might have said.
        level: Coverage of the intervals.
        prediction_powered: Whether each predictor's scores of clips that nobody rated also help to estimate the means
            of systems, in a section of its own.
    """

    axes: Sequence[str] | None = None
    axis_map: Mapping[str, str] | None = None
    own_maps: Mapping[str, Mapping[str, str]] | None = None
    draws: int = DRAWS
    seed: int = 0
    left_out: Sequence[str] = ()
    resample_raters: bool = True
    level: float = 0.95
    prediction_powered: bool = False

    def __post_init__(self) -> None:
        """Refuses what no bootstrap can do.

        Raises:
            ValueError: ``draws`` is below zero, or ``level`` is not a share.
        """
        if self.draws < 0:
            raise ValueError(f"draws is zero or more, not {self.draws}")
        if not 0 < self.level < 1:
            raise ValueError(f"level is a share between 0 and 1, for example 0.95, not {self.level}")

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields, ready for JSON."""
        return asdict(self)
