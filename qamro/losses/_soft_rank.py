"""Ranks with a gradient: the projection onto the permutahedron of Blondel et al."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from qamro.losses._checks import check_temperature
from qamro.losses._scaling import centred


def soft_rank(values: Tensor, temperature: float | Tensor = 1.0) -> Tensor:
    """Ranks values in ascending order, softly.

        r(ŷ) = argmin over the permutahedron of (1, …, B) of ½ ||r - B ŷ / τ||²

    The permutahedron is the convex hull of all orders of the ranks 1 to B. Where neighbours are further apart than
    τ / B, the nearest point is their rank; where they are closer, they share what lies between their ranks and move
    with the values. For a large τ the ranks are linear in the values. The projection is an isotonic regression (scipy,
    on the CPU) and costs O(B log B). The blocks that it finds are constants almost everywhere, so automatic
    differentiation of what follows from them is exact.

    Args:
        values: ŷ, floating point and finite, shape (..., B).
        temperature: τ > 0, in units of the values; a tensor broadcasts over the leading dimensions. The paper scales
            by 1 / ε where this scales by B / τ, so that τ means the same for every size of batch.

    Returns:
        Ranks, float64, shape (..., B). They sum to B (B + 1) / 2.

    Raises:
        ValueError: The temperature is not above zero and finite.

    Example:
        >>> import torch
        >>> soft_rank(torch.tensor([5.0, 1.0, 2.0]), temperature=0.1)
        tensor([3., 1., 2.], dtype=torch.float64)

    Source:
        Blondel, Teboul, Berthet and Djolonga, "Fast Differentiable Sorting and Ranking", ICML 2020 (with L2).
    """
    size = values.shape[-1]
    scaled = centred(values) * size / check_temperature(temperature, values)[..., None]
    descending, order = scaled.sort(dim=-1, descending=True)
    ranks = torch.arange(size, 0, -1, dtype=torch.float64, device=values.device).expand_as(descending)
    block = _blocks(descending.detach() - ranks)
    shared = descending - _block_means(descending - ranks, block)
    return torch.zeros_like(shared).scatter(-1, order, shared)


def average_rank(values: Tensor) -> Tensor:
    """Ranks values in ascending order; equal values share the mean of their ranks. Shape (B,), float64."""
    _, index, counts = torch.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum(0) - (counts - 1) / 2).double()[index]


def _blocks(excess: Tensor) -> Tensor:
    """For each entry, the number of its block in the falling sequence nearest to its row; (..., B), int64."""
    from scipy.optimize import isotonic_regression  # slow to import, and only this loss needs it

    rows = excess.reshape(-1, excess.shape[-1]).cpu().numpy()
    block = np.empty(rows.shape, dtype=np.int64)
    for row, into in zip(rows, block, strict=True):
        starts = isotonic_regression(row, increasing=False).blocks
        into[:] = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return torch.from_numpy(block).to(excess.device).reshape(excess.shape)


def _block_means(values: Tensor, block: Tensor) -> Tensor:
    sums = torch.zeros_like(values).scatter_add(-1, block, values)
    counts = torch.zeros_like(values).scatter_add(-1, block, torch.ones_like(values))
    return (sums / counts.clamp(min=1)).gather(-1, block)
