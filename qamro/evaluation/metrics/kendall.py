"""Kendall's rank correlation tau-b."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.metrics.pairs import Pairs, apply

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def ktau(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Kendall's tau-b: (C - D) / sqrt((P - T_x)(P - T_y)).

    C and D are the concordant and discordant pairs, P all pairs, T_x and T_y the pairs tied in the predictions and in
    the targets (Kendall 1945, "The treatment of ties in ranking problems").

    Args:
        predictions: Predicted scores ŷ, shape (..., n).
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.

    Returns:
        Values of shape (...), from -1 to 1; NaN where one side is constant. Time grows with n².

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Warns:
        UndefinedMetricWarning: Some value is NaN, with the reason.

    Example:
        >>> float(ktau([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]).round(6))
        0.333333
    """
    return apply(core, Pairs.of(predictions, targets, weights))


def core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...)."""
    untied = (pairs.every_pair - pairs.prediction_ties.pairs) * (pairs.every_pair - pairs.target_ties.pairs)
    return np.clip(pairs.ratio(pairs.concordance, np.sqrt(untied)), -1, 1)
