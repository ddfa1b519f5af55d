"""Rounds means so that ties stay ties."""

from __future__ import annotations

import numpy as np


def settle(means: np.ndarray, digits: int = 12) -> np.ndarray:
    """Rounds to so many digits of the largest: sums in another order differ in the last bit, and ties must stay ties.

    Means of what was rounded need fewer digits than that was given.

    Args:
        means: Numbers of any shape; NaN stays NaN.
        digits: How many digits of the largest count.

    Returns:
        Rounded numbers, of the same shape.
    """
    largest = np.nanmax(np.abs(means), initial=0)
    return np.round(means, digits - 1 - int(np.floor(np.log10(largest)))) if largest else means
