"""The sizes of a branch, as they are kept with its weights."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from qamro.heads.drasp import DRASP
from qamro.heads.pooling import AttentivePooling, AttentiveStatistics, MeanPooling
from qamro.heads.score_output import ScoreOutput
from qamro.heads.temporal import TemporalTransformer

POOLINGS = ("attentive", "mean", "statistics", "drasp")


@dataclass(frozen=True)
class BranchSettings:
    """What it takes to build a branch again.

    Attributes:
        frame_dim: Width of an audio frame.
        token_dim: Width of a text token's state; 0 for a branch that reads no text.
        scale: (low, high) of the axis.
        width: Width of everything within.
        layers: Layers of the temporal transformer.
        heads: Attention heads.
        pooling: One of ``POOLINGS``.
        segment: Frames of a segment, for DRASP.
        output: ``"distribution"``, ``"score"`` or ``"coral"``.
        bins: Bins of the distribution, or ranks of CORAL.
        dropout: Share of units left out in training.
    """

    frame_dim: int
    token_dim: int = 0
    scale: tuple[float, float] = (1.0, 5.0)
    width: int = 64
    layers: int = 2
    heads: int = 4
    pooling: str = "attentive"
    segment: int = 5
    output: str = "distribution"
    bins: int = 20
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuses sizes that cannot be built.

        Raises:
            ValueError: The message says which.
        """
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is no multiple of twice the {self.heads} heads")
        if self.pooling not in POOLINGS:
            raise ValueError(f"pooling is one of {', '.join(POOLINGS)}, not {self.pooling!r}")
        object.__setattr__(self, "scale", (float(self.scale[0]), float(self.scale[1])))

    def make_pooling(self) -> MeanPooling | AttentivePooling | AttentiveStatistics | DRASP:
        """Makes the pooling over ``width``."""
        if self.pooling == "drasp":
            return DRASP(self.width, self.segment)
        if self.pooling == "statistics":
            return AttentiveStatistics(self.width)
        return AttentivePooling(self.width) if self.pooling == "attentive" else MeanPooling(self.width)

    def make_temporal(self) -> TemporalTransformer:
        """Makes the transformer over frames of ``frame_dim``."""
        return TemporalTransformer(self.frame_dim, self.width, self.layers, self.heads, self.dropout)

    def make_output(self, dim: int) -> ScoreOutput:
        """Makes the end of a branch over vectors of length ``dim``."""
        return ScoreOutput(dim, self.output, scale=self.scale, bins=self.bins, dropout=self.dropout)


def count_parameters(module: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(parameter.numel() for parameter in module.parameters())
