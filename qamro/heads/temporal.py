"""A transformer along time, and the scale of what goes in."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from qamro.heads.score_head import LIMIT


class FrameScale(nn.Module):
    """Standardises frames by statistics of the training clips, which are kept with the weights.

    Attributes:
        mean: (dim,) mean over all training frames.
        deviation: (dim,) their standard deviation, 1 where it is zero.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, dim: int) -> None:
        """Takes the width of a frame."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("deviation", torch.ones(dim))

    def calibrate(self, clips: Iterable[Tensor]) -> None:
        """Takes the statistics from training clips, (T_i, dim) each; every frame counts the same."""
        count, total, squares = 0, torch.zeros_like(self.mean).double(), torch.zeros_like(self.mean).double()
        for frames in clips:
            values = frames.to(total)
            count += len(values)
            total += values.sum(0)
            squares += values.square().sum(0)
        mean = total / max(count, 1)
        deviation = (squares / max(count, 1) - mean.square()).clamp_min(0).sqrt()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def forward(self, frames: Tensor) -> Tensor:
        """Standardises (..., dim) and holds it to six deviations: one wild frame cannot run away with a score."""
        return ((frames - self.mean) / self.deviation).clamp(-LIMIT, LIMIT)


class TemporalTransformer(nn.Module):
    """Lets frames of one clip see each other.

    Frames are projected to ``width``, get sinusoidal positions (Vaswani et al. 2017) and pass pre-norm transformer
    layers. What is padding is never attended to.

    Attributes:
        width: Width of the result's frames.
    """

    def __init__(self, dim: int, width: int, layers: int, heads: int, dropout: float) -> None:
        """Makes the layers.

        Args:
            dim: Width of the frames that come in.
            width: Width within, a multiple of ``heads`` and even.
            layers: Number of layers.
            heads: Attention heads of each.
            dropout: Share of units left out in training.
        """
        super().__init__()
        self.width = width
        self.project = nn.Linear(dim, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Transforms: (B, T, dim) and (B, T) booleans → (B, T, width)."""
        hidden = self.project(frames) + positions(frames.shape[1], self.width, frames.device)
        return self.layers(hidden, src_key_padding_mask=~mask)


def positions(length: int, width: int, device: torch.device) -> Tensor:
    """Sinusoidal positions, (length, width): sines and cosines with wavelengths from 2π to 10,000 · 2π frames.

    Args:
        length: Number of frames.
        width: Width of a frame.
        device: Where to make them.
    """
    time = torch.arange(length, device=device, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000.0) / width))
    return torch.stack([(time * rates).sin(), (time * rates).cos()], dim=-1).flatten(1)[:, :width]
