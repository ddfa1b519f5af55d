"""Pairwise accuracy: how often the clip that people prefer gets the higher prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.metrics.pairs import Pairs, apply

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def pairwise_accuracy(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Share of the pairs with different human scores that the predictions order the same way.

    Ties: pairs with equal human scores are left out (there is nothing to find); a predicted tie counts half, as a
    coin toss would. So 0.5 is chance, and the value is (1 + Somers' D of ŷ given y) / 2, the concordance index of
    Harrell et al. (1982). Pairwise accuracy over systems is Kocmi et al. (2021), "To ship or not to ship".

    Args:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.

    Returns:
        Values of shape (...), from 0 to 1; NaN where one side is constant: no order exists there to be right about.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Warns:
        UndefinedMetricWarning: Some value is NaN, with the reason.

    Example:
        >>> float(pairwise_accuracy([1.0, 2.0, 2.0], [1.0, 2.0, 3.0]).round(6))
        0.833333
    """
    return apply(core, Pairs.of(predictions, targets, weights))


def core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...)."""
    return (1 + pairs.ratio(pairs.concordance, pairs.every_pair - pairs.target_ties.pairs)) / 2
