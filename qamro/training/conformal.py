"""Split-conformal intervals: how far predictions are from the MOS of clips that training never saw."""

from __future__ import annotations

import math

import numpy as np


def half_width(targets: np.ndarray, predictions: np.ndarray, level: float = 0.9) -> float:
    """Returns half the width of an interval that holds the MOS of a new clip with a given probability.

    The finite-sample quantile of |y - ŷ| (Lei et al. 2018): the ceil((n + 1) level)-th smallest residual. It holds for
    clips drawn like the calibration clips, on average over clips; not for music of another kind.

    Args:
        targets: (n,) MOS of calibration clips.
        predictions: (n,) predictions for them.
        level: Wanted coverage in (0, 1).

    Returns:
        Half the width, on the rating scale; infinite when n is too small for the level.

    Raises:
        ValueError: The shapes differ, n is zero, or the level is not in (0, 1).
    """
    if targets.shape != predictions.shape or targets.ndim != 1 or len(targets) == 0:
        raise ValueError(f"targets and predictions are two equal vectors, not {targets.shape} and {predictions.shape}")
    if not 0 < level < 1:
        raise ValueError(f"level is between 0 and 1, not {level}")
    residuals = np.sort(np.abs(targets - predictions))
    rank = math.ceil((len(residuals) + 1) * level)
    return float(residuals[rank - 1]) if rank <= len(residuals) else math.inf
