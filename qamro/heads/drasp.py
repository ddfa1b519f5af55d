"""DRASP: the whole clip's statistics, and those of its segments that matter, in one vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qamro.heads.pooling import AttentiveStatistics, statistics
from qamro.heads.sequences import masked_mean


class DRASP(nn.Module):
    """Dual-resolution attentive statistics pooling.

        e = a [μ ; σ] + b [μ̃ ; σ̃]

    μ and σ are the plain mean and deviation of all frames h_t: the coarse view. For the fine one, n neighbouring frames
    are averaged to a segment s_k, and μ̃ and σ̃ are the attentive statistics of the segments:
    w_k = softmax_k( vᵀ tanh(W s_k + b) ), μ̃ = Σ_k w_k s_k, σ̃² = Σ_k w_k (s_k - μ̃)². a and b are learned and start at
    1 and 0.

    Where the last segment is not full, the authors' code fills it with zeros; here it is the mean of the frames that
    it has, so that padding never changes a score.

    Source: Yang et al., "DRASP: A Dual-Resolution Attentive Statistics Pooling Framework for Automatic MOS Prediction",
    APSIPA ASC 2025, arXiv 2508.21407.

    Attributes:
        out_dim: Length of the result, twice the width of a frame.
        segment: n, frames of a segment.
    """

    def __init__(self, dim: int, segment: int = 5) -> None:
        """Takes the width of a frame, and how many frames make a segment.

        Raises:
            ValueError: A segment of no frame.
        """
        super().__init__()
        if segment < 1:
            raise ValueError(f"a segment has at least one frame, not {segment}")
        self.out_dim, self.segment = 2 * dim, segment
        self.fine = AttentiveStatistics(dim)
        self.coarse_weight = nn.Parameter(torch.tensor(1.0))
        self.fine_weight = nn.Parameter(torch.tensor(0.0))

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Pools: (B, T, dim) and (B, T) booleans → (B, 2 dim)."""
        equal = mask / mask.sum(1, keepdim=True).clamp_min(1)
        missing = -frames.shape[1] % self.segment
        parts = nn.functional.pad(frames, (0, 0, 0, missing)).unflatten(1, (-1, self.segment))
        there = nn.functional.pad(mask, (0, missing)).unflatten(1, (-1, self.segment))
        fine = self.fine(masked_mean(parts, there), there.any(-1))
        return self.coarse_weight * statistics(frames, equal) + self.fine_weight * fine
