"""Several predictors that score as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qamro.axes import axis_order
from qamro.predictors.base import Predictor, Score

if TYPE_CHECKING:
    from qamro.audio import Waveform


class Combined(Predictor):
    """Scores every axis with the first part that has it.

    Attributes:
        parts: The predictors, those that are preferred first.
        note: What a user should know of how it was put together; empty when there is nothing.
    """

    def __init__(self, name: str, parts: Sequence[Predictor], *, note: str = "") -> None:
        """Puts predictors together.

        Args:
            name: What the predictor is called.
            parts: At least one predictor; where they want different sample rates, clips keep theirs and each part
                resamples for itself.
            note: What a user should know.
        """
        self.name, self.note = name, note
        self.axes = tuple(axis_order([axis for part in parts for axis in part.axes]))
        owners = {axis: next(part for part in parts if axis in part.axes) for axis in self.axes}
        self.parts = [part for part in parts if part in owners.values()]
        self._axes_of = {id(part): [axis for axis in self.axes if owners[axis] is part] for part in self.parts}
        self.provenance = {axis: part.provenance[axis] for axis, part in owners.items()}
        rates = {part.sample_rate for part in self.parts}
        self.sample_rate = rates.pop() if len(rates) == 1 else None
        self.batch_size = max(part.batch_size for part in self.parts)

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``."""
        results: list[dict[str, Score]] = [{} for _ in waveforms]
        for part in self.parts:
            for result, scores in zip(results, part.score(waveforms, prompts), strict=True):
                result |= {axis: scores[axis] for axis in self._axes_of[id(part)] if axis in scores}
        return results
