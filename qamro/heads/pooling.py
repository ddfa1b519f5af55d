"""From frames to one vector: mean, attention, attentive statistics, and both resolutions at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

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


# DRASP: the whole clip's statistics, and those of its segments that matter, in one vector.


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


# Sequences of unequal length in one batch: padding, and means that never see it.


def pad(sequences: Sequence[Tensor], device: torch.device | str | None = None) -> tuple[Tensor, Tensor]:
    """Puts sequences side by side, zeros behind the short ones.

    Args:
        sequences: B tensors (T_i, D) of any floating-point type, with T_i ≥ 0.
        device: Where the result goes; None for where they are.

    Returns:
        (B, T, D) float32 with T = max T_i, at least 1; and (B, T) booleans, True where there is a frame.

    Raises:
        ValueError: There is no sequence, or their widths differ.
    """
    if not sequences:
        raise ValueError("a batch needs at least one sequence")
    widths = {sequence.shape[-1] for sequence in sequences}
    if len(widths) > 1 or any(sequence.dim() != 2 for sequence in sequences):
        raise ValueError(f"sequences of one width, each (T, D), not {[tuple(s.shape) for s in sequences[:3]]} …")
    longest = max(1, *(len(sequence) for sequence in sequences))
    padded = torch.zeros(len(sequences), longest, widths.pop(), device=device or sequences[0].device)
    mask = torch.zeros(padded.shape[:2], dtype=torch.bool, device=padded.device)
    for i, sequence in enumerate(sequences):
        padded[i, : len(sequence)] = sequence.to(padded.device, torch.float32)
        mask[i, : len(sequence)] = True
    return padded, mask


def masked_mean(frames: Tensor, mask: Tensor) -> Tensor:
    """The mean over the frames that are there; zero where there is none.

    Args:
        frames: (..., T, D).
        mask: (..., T), True where there is a frame.

    Returns:
        (..., D).
    """
    count = mask.sum(-1, keepdim=True).clamp_min(1)
    return (frames * mask.unsqueeze(-1)).sum(-2) / count


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Weights over the frames that are there: they sum to one, and all are zero where there is no frame.

    Args:
        scores: (..., T).
        mask: (..., T), True where there is a frame.
    """
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1) * mask
