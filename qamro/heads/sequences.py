"""Sequences of unequal length in one batch: padding, and means that never see it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


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
