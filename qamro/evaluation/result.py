"""What an evaluation answers: the tables, how the clips were joined, and how the intervals were made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation.matching import Match


@dataclass(frozen=True)
class Evaluation:
    """How predictions stand against a study.

    Attributes:
        study: The study's name.
        kind: ``"human"`` or ``"simulated"`` ratings.
        table: One row a figure: ``axis``, ``level`` ("utterance" or "system"), ``metric``, ``value``, ``low``,
            ``high`` (ends of the interval), ``clips``, ``systems`` (how many it rests on), ``hint`` (whether they are
            too few for a finding, see ``sample.FEW``), ``note`` (why a value is NaN, what was left out).
        clips: One row a clip and axis: ``clip``, ``system``, ``axis``, ``human`` (MOS), ``human_sem``, ``count``
            (ratings), ``predicted``; ``domain`` where the predictions tell it (see ``qamro.domains``).
        systems: One row a system and axis: ``system``, ``axis``, ``human``, ``human_low``, ``human_high``,
            ``predicted``, ``predicted_low``, ``predicted_high``, ``clips``; intervals draw clips within the system.
        match: How the clips were joined.
        draws: Number of bootstrap draws.
        seed: Their seed.
        level: Coverage of the intervals.
        drawn: What the draws resample, in this order.
    """

    study: str
    kind: str
    table: pd.DataFrame
    clips: pd.DataFrame
    systems: pd.DataFrame
    match: Match
    draws: int
    seed: int
    level: float
    drawn: tuple[str, ...] = ("systems", "clips")

    @property
    def matched(self) -> int:
        """How many predictions belong to a rated clip."""
        return len(self.match.rows)

    @property
    def unmatched_predictions(self) -> list[str]:
        """Names of the predictions that belong to no rated clip."""
        return self.match.predictions_left

    @property
    def unmatched_ratings(self) -> list[str]:
        """Names of the rated clips that nobody predicted."""
        return self.match.clips_left

    def as_dict(self) -> dict[str, Any]:
        """Returns everything but the table of clips, ready for JSON: NaN becomes None."""
        return {
            "study": self.study,
            "ratings": self.kind,
            "interval": {
                "method": "cluster bootstrap, percentile",
                "level": self.level,
                "draws": self.draws,
                "drawn": list(self.drawn),
            },
            "seed": self.seed,
            "matched": self.matched,
            "matched_by": self.match.how,
            "unmatched_predictions": self.unmatched_predictions,
            "unmatched_ratings": self.unmatched_ratings,
            "ambiguous": self.match.ambiguous,
            "metrics": records(self.table),
            "systems": records(self.systems.rename(columns=lambda name: str(name).replace("human", "rated"))),
        }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns a table's rows as dicts that JSON can hold: NaN and infinity become None."""
    return [
        {
            str(key): None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in table.to_dict("records")
    ]
