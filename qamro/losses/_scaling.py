"""Shifts and scales of scores: harmless centring, and the normalised quality ỹ in [0, 1]."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from qamro.losses._groups import group_index

Normalisation = Literal["batch", "scale"]


def centred(values: Tensor) -> Tensor:
    """Moves values, shape (..., B), so that their median is zero, in float64.

    Only differences of scores count in a ranking loss. Near a huge common offset this subtraction is exact, and what
    is computed afterwards keeps the digits that tell the clips apart. The shift is a constant for the gradient.
    """
    values = values.double()
    if values.shape[-1] == 0:
        return values
    return values - values.detach().median(dim=-1, keepdim=True).values


def normalised(
    targets: Tensor, normalize: str, scale: tuple[float, float] | None, groups: Tensor | None = None
) -> Tensor:
    """The quality ỹ in [0, 1] of Eq. 3, in float64.

    Args:
        targets: Scores y, shape (B,).
        normalize: ``"batch"``: by the minimum and maximum of the batch, of each group where ``groups`` are given
            (zero where all scores of a group are equal). ``"scale"``: by the ends of the rating scale; a score outside
            the scale counts as its nearest end.
        scale: (low, high) of the rating scale, for ``"scale"`` only.
        groups: Shape (B,), or None.

    Returns:
        Shape (B,), without gradient.

    Raises:
        ValueError: An unknown ``normalize``, or a ``scale`` that is missing, empty or without use.
    """
    y = targets.detach().double()
    if normalize == "scale":
        if scale is None or not scale[0] < scale[1]:
            raise ValueError(f'normalize="scale" needs scale=(low, high) with low < high, but scale is {scale}')
        low, high = scale
        return ((y - low) / (high - low)).clamp(0, 1)
    if normalize != "batch":
        raise ValueError(f'normalize must be "batch" or "scale", but it is {normalize!r}')
    if scale is not None:
        raise ValueError(f'scale={scale} is read with normalize="scale" only; normalize is "batch"')
    if y.numel() == 0:
        return y
    if groups is None:
        lowest, highest = y.aminmax()
    else:
        index = group_index(groups)
        lowest = y.scatter_reduce(0, index, y, "amin", include_self=False)[index]
        highest = y.scatter_reduce(0, index, y, "amax", include_self=False)[index]
    width = highest - lowest
    return (y - lowest) / torch.where(width > 0, width, 1)
