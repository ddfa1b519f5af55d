"""ScoreHead: three linear layers with an activation between them, from an embedding to a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from qamro.heads.branch_output import BranchOutput

if TYPE_CHECKING:
    from qamro.heads.stack import HeadStack

LIMIT = 6.0
"""Standardised inputs are held to this many deviations: a value far outside the training range cannot run away."""


class ScoreHead(nn.Module):
    """Predicts one axis from one embedding.

    The published QAMRO code stacks linear layers without an activation, which is one linear layer; this head has one.
    Inputs are standardised, and the output is scaled back, by statistics of the training clips that are kept
    with the weights.

    Attributes:
        in_mean: (dim,) mean of the training embeddings.
        in_std: (dim,) their standard deviation, 1 where it is zero.
        out_mean: Mean of the training MOS.
        out_std: Its standard deviation.
    """

    in_mean: torch.Tensor
    in_std: torch.Tensor
    out_mean: torch.Tensor
    out_std: torch.Tensor

    def __init__(self, dim: int, hidden: tuple[int, int] = (128, 64), dropout: float = 0.1) -> None:
        """Makes the layers.

        Args:
            dim: Length of an embedding.
            hidden: Widths of the two hidden layers.
            dropout: Share of hidden units left out in training, in [0, 1).
        """
        super().__init__()
        self.dropout = dropout
        self.layers = nn.Sequential(
            nn.Linear(dim, hidden[0]),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden[0], hidden[1]),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden[1], 1),
        )
        self.register_buffer("in_mean", torch.zeros(dim))
        self.register_buffer("in_std", torch.ones(dim))
        self.register_buffer("out_mean", torch.zeros(()))
        self.register_buffer("out_std", torch.ones(()))

    def calibrate_scales(self, features: torch.Tensor, targets: torch.Tensor) -> None:
        """Takes the standardisation from training clips.

        Args:
            features: (N, dim) embeddings.
            targets: (N,) MOS.
        """
        deviation = features.std(0, correction=0)
        self.in_mean.copy_(features.mean(0))
        self.in_std.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))
        self.out_mean.copy_(targets.mean())
        spread = targets.std(correction=0)
        self.out_std.copy_(spread if spread > 1e-6 else torch.ones_like(spread))

    def calibrate_like(self, other: ScoreHead) -> None:
        """Takes over what ``calibrate_scales`` told another head of the same clips."""
        for mine, known in zip(self.buffers(), other.buffers(), strict=True):
            mine.copy_(known)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Predicts scores.

        Args:
            features: (..., dim) embeddings.

        Returns:
            (...,) scores ŷ on the scale of the training MOS; not clipped to the axis's range.
        """
        standard = ((features - self.in_mean) / self.in_std).clamp(-LIMIT, LIMIT)
        return self.layers(standard).squeeze(-1) * self.out_std + self.out_mean

    def answer(self, features: torch.Tensor) -> BranchOutput:
        """Predicts scores, with what training needs beside them: nothing."""
        return BranchOutput(self(features))

    @property
    def scale(self) -> tuple[float, float] | None:
        """(low, high) of the bins of a distribution: there are none."""
        return None

    @property
    def linears(self) -> list[nn.Linear]:
        """The three linear layers, in order."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    @classmethod
    def stack(cls, heads: Sequence[ScoreHead], seeds: Sequence[int]) -> HeadStack:
        """Puts heads of one shape side by side, to train them in the same few operations."""
        from qamro.heads.stack import HeadStack

        return HeadStack(heads, seeds)

    @classmethod
    def from_state(cls, state: dict[str, torch.Tensor]) -> ScoreHead:
        """Rebuilds a head from its saved tensors.

        Raises:
            ValueError: The tensors are not a ScoreHead's.
        """
        try:
            first, second = state["layers.0.weight"], state["layers.3.weight"]
            head = cls(first.shape[1], (first.shape[0], second.shape[0]))
            head.load_state_dict(state)
        except (KeyError, RuntimeError, IndexError) as problem:
            raise ValueError(f"these tensors are not a ScoreHead's: {problem}") from problem
        return head.eval()
