"""Spearman's rank correlation coefficient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.metrics.pairs import Pairs, apply

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def srcc(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Spearman's rank correlation: Pearson's on average ranks (ties share the mean of their ranks).

    Args:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.

    Returns:
        Values of shape (...), from -1 to 1; NaN where one side is constant.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Warns:
        UndefinedMetricWarning: Some value is NaN, with the reason.

    Example:
        >>> float(srcc([1.0, 2.0, 3.0], [0.1, 0.2, 9.0]))
        1.0
    """
    return apply(core, Pairs.of(predictions, targets, weights))


def core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; ranks from 1 to N have the mean (N + 1) / 2 whatever the ties."""
    x, y = pairs.prediction_ties, pairs.target_ties
    cov = pairs.sum(x.ranks, y.ranks) - pairs.total * (pairs.total + 1) ** 2 / 4
    return np.clip(pairs.ratio(cov, np.sqrt(x.spread * y.spread)), -1, 1)
