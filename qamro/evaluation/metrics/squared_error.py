"""Mean squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.metrics.pairs import Pairs, apply

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def mse(predictions: ArrayLike, targets: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Mean squared error, mean of (ŷ - y)².

    Args:
        predictions: Predicted scores ŷ, shape (..., n), on the targets' scale.
        targets: Human scores y, shape (..., n).
        weights: How often each item counts, shape (..., n); None for once.

    Returns:
        Values of shape (...), in squared units of the scale, from 0; NaN without items.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.

    Example:
        >>> float(mse([1.0, 2.0], [1.0, 4.0]))
        2.0
    """
    return apply(core, Pairs.of(predictions, targets, weights))


def core(pairs: Pairs) -> np.ndarray:
    """The formula on checked pairs; values of shape (...)."""
    return np.asarray(pairs.mean((pairs.predictions - pairs.targets) ** 2))
