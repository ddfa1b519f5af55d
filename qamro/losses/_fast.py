"""QAMRO's value and slope on a CPU, where nothing but the predictions learns and all clips are of one group.

NumPy does it, on the memory of the tensors: its sort is several times faster, its operations start in half the time.
What follows from the targets alone is kept between calls; in training the targets are often those of the last step, and
then this costs one comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from qamro.losses._few_targets import FewTargets
from qamro.losses._many_targets import ManyTargets
from qamro.losses._targets import TOGETHER, KnownTargets, Way, rank

if TYPE_CHECKING:
    import numpy as np

MOST = 1 << 13
"""Largest batch: beyond, tables of many targets grow with B²."""

FEW = 100
"""Most different targets taken one by one: MOS in steps of 0.2 have 21, means of ten scores up to 10 have 91."""

_KEEP = 4

_seen: list[KnownTargets] = []
"""The last batches of targets; replaced as a whole, so that threads never see half of it."""


def fits(predictions: Tensor, groups: Tensor | None) -> bool:
    """Whether this is the way for predictions (..., B)."""
    return groups is None and predictions.device.type == "cpu" and 0 < predictions.shape[-1] <= MOST


def known(targets: Tensor) -> KnownTargets:
    """Returns what is known of targets (B,), from the last calls if they were there; they are compared by value."""
    global _seen  # noqa: PLW0603
    for at in _seen:
        same = at.targets.shape == targets.shape and at.targets.dtype == targets.dtype
        if same and torch.equal(at.targets, targets):
            return at
    kept = targets.detach().clone()
    ranked = rank(kept)
    made = (FewTargets if len(ranked.levels) <= FEW else ManyTargets)(kept, ranked)
    _seen = [made, *_seen[: _KEEP - 1]]
    return made


def value_and_slope(
    predictions: Tensor, targets: Tensor, alpha: Tensor, beta: Tensor, way: Way
) -> tuple[Tensor, Tensor]:
    """QAMRO and its derivative by the predictions, in float64.

    Each model gets the same bits alone and among others.

    Args:
        predictions: ŷ, finite, (..., B) with B > 0.
        targets: y, finite, (B,).
        alpha: α, broadcasts with the leading dimensions.
        beta: β, likewise.
        way: How targets are normalised.

    Returns:
        (...) and (..., B).

    Raises:
        ValueError: As ``normalised``.
    """
    import numpy as np

    at = known(targets)
    *leading, batch = predictions.shape
    rows = predictions.detach().reshape(-1, batch).double().numpy()
    alphas, betas = (_each(c, leading, len(rows)) for c in (alpha, beta))
    step, middle = max(1, TOGETHER // batch), (batch - 1) // 2
    values, slopes = [], []
    for first in range(0, len(rows), step):
        some = slice(first, first + step)
        v = alphas[some] * at.centred
        v -= rows[some] - np.partition(rows[some], middle)[:, middle, None]  # exact also near a huge common offset
        slopes.append(at.slope(v, betas[some], way))
        values.append(-(v * slopes[-1]).sum(1))
    value, slope = (of[0] if len(of) == 1 else np.concatenate(of) for of in (values, slopes))
    return torch.from_numpy(value).reshape(leading), torch.from_numpy(slope).reshape(predictions.shape)


def _each(coefficient: Tensor, leading: list[int], models: int) -> np.ndarray:
    """α or β of each model, (M, 1)."""
    import numpy as np

    if coefficient.dim() == 0:
        return np.full((models, 1), coefficient.item())
    return coefficient.expand(leading).reshape(-1, 1).numpy()
