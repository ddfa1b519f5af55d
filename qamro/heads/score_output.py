"""The end of a branch: a score, a distribution over bins, or ordered thresholds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qamro.losses.distribution import coral_score, expected_score

OUTPUTS = ("distribution", "score", "coral")


class ScoreOutput(nn.Module):
    """Two linear layers with an activation between them, from a vector to a score.

    Attributes:
        kind: ``"distribution"``: logits over bins, their expectation is the score. ``"score"``: one number.
            ``"coral"``: one function and a bias for each threshold, so that answers cannot contradict each other.
        scale: (low, high) of the axis: where the bins lie, or what a plain score starts from.
    """

    def __init__(self, dim: int, kind: str, *, scale: tuple[float, float], bins: int, dropout: float) -> None:
        """Makes the layers.

        Args:
            dim: Length of the vector that comes in.
            kind: One of ``OUTPUTS``.
            scale: (low, high) of the axis.
            bins: Bins of the distribution, or ranks of CORAL (which has one threshold less).
            dropout: Share of hidden units left out in training.

        Raises:
            ValueError: There is no such kind, or fewer than two bins.
        """
        super().__init__()
        if kind not in OUTPUTS:
            raise ValueError(f"an output is one of {', '.join(OUTPUTS)}, not {kind!r}")
        if bins < 2:
            raise ValueError(f"a distribution over scores needs at least two bins, but there are {bins}")
        self.kind, self.scale = kind, scale
        self.layers = nn.Sequential(
            nn.Linear(dim, dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(dim, bins if kind == "distribution" else 1)
        )
        if kind == "coral":
            self.thresholds = nn.Parameter(torch.linspace(2.0, -2.0, bins - 1))

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor | None]:
        """Answers: (B, dim) → (B,) scores ŷ, and (B, K) logits or None."""
        answers = self.layers(vectors)
        if self.kind == "distribution":
            return expected_score(answers, self.scale), answers
        if self.kind == "coral":
            logits = answers + self.thresholds
            return coral_score(logits, self.scale), logits
        low, high = self.scale
        return (low + high) / 2 + (high - low) / 4 * answers.squeeze(-1), None
