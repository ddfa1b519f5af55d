"""From frames to one vector: mean, attention, attentive statistics, and both resolutions at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qamro.heads.sequences import masked_mean, masked_softmax

_LEAST_VARIANCE = 1e-5
"""Below it a deviation is a constant: its square root would have an endless gradient."""


class MeanPooling(nn.Module):
    """The mean over frames.

    Attributes:
        out_dim: Length of the result.
    """

    def __init__(self, dim: int) -> None:
        """Takes the width of a frame."""
        super().__init__()
        self.out_dim = dim

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Pools: (B, T, dim) and (B, T) booleans → (B, dim)."""
        return masked_mean(frames, mask)


class FrameAttention(nn.Module):
    """How much each frame counts: w_t = softmax_t( vᵀ tanh(W h_t + b) )."""

    def __init__(self, dim: int) -> None:
        """Takes the width of a frame."""
        super().__init__()
        self.hidden = nn.Linear(dim, dim)
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Weighs: (B, T, dim) and (B, T) booleans → (B, T), rows that sum to one."""
        return masked_softmax(self.score(self.hidden(frames).tanh()).squeeze(-1), mask)


class AttentivePooling(nn.Module):
    """The mean over frames, each as important as it says: μ̃ = Σ_t w_t h_t.

    Attributes:
        out_dim: Length of the result.
    """

    def __init__(self, dim: int) -> None:
        """Takes the width of a frame."""
        super().__init__()
        self.out_dim = dim
        self.attention = FrameAttention(dim)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Pools: (B, T, dim) and (B, T) booleans → (B, dim)."""
        return (self.attention(frames, mask).unsqueeze(-1) * frames).sum(1)


class AttentiveStatistics(nn.Module):
    """Weighted mean and deviation: [μ̃ ; σ̃], σ̃² = Σ_t w_t (h_t - μ̃)².

    Source: Okabe, Koshinaka and Shinoda, "Attentive statistics pooling", Interspeech 2018.

    Attributes:
        out_dim: Length of the result, twice the width of a frame.
    """

    def __init__(self, dim: int) -> None:
        """Takes the width of a frame."""
        super().__init__()
        self.out_dim = 2 * dim
        self.attention = FrameAttention(dim)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Pools: (B, T, dim) and (B, T) booleans → (B, 2 dim)."""
        return statistics(frames, self.attention(frames, mask))


def statistics(frames: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean and deviation side by side.

    Args:
        frames: (B, T, D).
        weights: (B, T), rows that sum to one.

    Returns:
        (B, 2 D).
    """
    weights = weights.unsqueeze(-1)
    mean = (weights * frames).sum(1)
    variance = (weights * (frames - mean.unsqueeze(1)).square()).sum(1)
    return torch.cat([mean, variance.clamp_min(_LEAST_VARIANCE).sqrt()], dim=1)
