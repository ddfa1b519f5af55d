"""Conformal intervals: how far predictions are from the MOS of clips that training never saw.

Clips of one system err alike, and so do clips of one song: they are not exchangeable with those of another. So whole
groups are calibrated on, those that the split held out, and the correction for a finite sample counts groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_ROUNDING = 1e-9
"""What sums of shares may lack."""


def groups_needed(level: float) -> int:
    """Returns how many groups an interval of a level needs: 9 for 90 %.

    Raises:
        ValueError: The level is not in (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level is between 0 and 1, not {level}")
    return math.ceil(level / (1 - level) - _ROUNDING)


def half_width(targets: np.ndarray, predictions: np.ndarray, groups: Sequence[str], level: float = 0.9) -> float:
    """Returns half the width of an interval that holds the MOS of a clip of a new group with a given probability.

    Hierarchical conformal prediction (Lee, Barber and Willett, "Distribution-free inference with hierarchical data",
    arXiv 2306.06342): of K groups with n_k clips each residual |y - ŷ| weighs 1 / ((K + 1) n_k), infinity weighs
    1 / (K + 1), and the half width is the smallest residual up to which the weights sum to the level. With groups of
    one clip that is the split-conformal ceil((n + 1) level)-th residual (Lei et al. 2018).

    The guarantee is for a clip of a new group drawn like the calibration groups, on average over groups and clips; not
    for sound of another kind.

    Args:
        targets: (n,) MOS of calibration clips.
        predictions: (n,) predictions for them.
        groups: n names: the system, or the content, of each.
        level: Wanted coverage in (0, 1).

    Returns:
        Half the width, on the rating scale; infinite when there are too few groups for the level (see
        ``groups_needed``).

    Raises:
        ValueError: The shapes differ, n is zero, or the level is not in (0, 1).
    """
    if targets.shape != predictions.shape or targets.ndim != 1 or len(targets) == 0:
        raise ValueError(f"targets and predictions are two equal vectors, not {targets.shape} and {predictions.shape}")
    if len(groups) != len(targets):
        raise ValueError(f"{len(targets)} clips have {len(groups)} groups; each clip needs one")
    _, group_of, sizes = np.unique(np.asarray(groups, dtype=str), return_inverse=True, return_counts=True)
    if len(sizes) < groups_needed(level):
        return math.inf
    residuals = np.abs(targets - predictions)
    order = np.argsort(residuals, kind="stable")
    weights = 1 / sizes[group_of[order]]
    reached = np.cumsum(weights) >= (len(sizes) + 1) * level - _ROUNDING * len(sizes)
    return float(residuals[order][reached.argmax()]) if reached.any() else math.inf
