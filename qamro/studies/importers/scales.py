"""The scales that ratings were given on, and the explicit step from one scale to another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qamro.axes import get_axis

USUAL: tuple[tuple[float, float], ...] = ((0, 1), (1, 5), (0, 5), (1, 7), (1, 10), (0, 10), (0, 100))
"""Scales of listening tests; of two as wide, the one that is used more comes first."""


@dataclass(frozen=True)
class ScaleMap:
    """A straight line from the scale that ratings were given on to the one that they are wanted on.

    ``from_low`` becomes ``to_low`` and ``from_high`` becomes ``to_high``: linear, no rounding. A map onto the same
    scale only declares it.

    Attributes:
        from_low: Lowest score of the scale that was used.
        from_high: Highest score of it.
        to_low: What the lowest becomes.
        to_high: What the highest becomes.
    """

    from_low: float
    from_high: float
    to_low: float
    to_high: float

    def __post_init__(self) -> None:
        """Checks that both scales have an extent.

        Raises:
            ValueError: An end is not a finite number, or a scale's highest score is not above its lowest.
        """
        for low, high in ((self.from_low, self.from_high), (self.to_low, self.to_high)):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError(f"a scale goes from a number to a higher one, not from {low:g} to {high:g}")

    @classmethod
    def declare(cls, low: float, high: float) -> ScaleMap:
        """Returns a map that leaves scores as they are and only says what scale they are on."""
        return cls(low, high, low, high)

    @property
    def moves(self) -> bool:
        """Whether scores change."""
        return (self.from_low, self.from_high) != (self.to_low, self.to_high)

    def outside(self, scores: np.ndarray) -> np.ndarray:
        """Returns which scores lie off the scale that was used, shape as given."""
        return (scores < self.from_low) | (scores > self.from_high)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Returns the scores on the wanted scale, shape as given; the ends are met exactly."""
        if not self.moves:
            return scores
        share = (scores - self.from_low) / (self.from_high - self.from_low)
        return self.to_low * (1 - share) + self.to_high * share

    def __str__(self) -> str:
        used = f"{self.from_low:g} to {self.from_high:g}"
        return f"{used}, mapped linearly to {self.to_low:g} to {self.to_high:g}" if self.moves else used


def likely_scale(axis: str, low: float, high: float) -> tuple[tuple[float, float] | None, str]:
    """Guesses the scale from the scores that were found; for a person to confirm, never to apply unasked.

    Args:
        axis: The axis; a known one has a scale of its own.
        low: Lowest score found.
        high: Highest score found.

    Returns:
        The scale's ends, or None where no usual scale holds the scores; and why.
    """
    found = f"scores from {low:g} to {high:g}"
    known = get_axis(axis)
    if known.has_range and known.low <= low and high <= known.high:
        return (known.low, known.high), f"the scale of {axis}; {found}"
    holding = [scale for scale in USUAL if scale[0] <= low and high <= scale[1]]
    if not holding:
        return None, f"{found}, which no usual scale holds"
    best = min(holding, key=lambda scale: scale[1] - scale[0])
    return best, f"the narrowest usual scale that holds {found}"
