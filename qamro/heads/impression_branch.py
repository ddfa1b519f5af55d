"""The branch that hears the clip alone: musical impression, or any axis that needs no prompt."""

from __future__ import annotations

from torch import Tensor, nn

from qamro.heads.branch_output import BranchOutput
from qamro.heads.branch_settings import BranchSettings
from qamro.heads.temporal import FrameScale


class ImpressionBranch(nn.Module):
    """Temporal transformer, pooling, output.

    Source: the MI branch of ASTAR-NTU's system (arXiv 2507.09904), which DeRA-MOS (arXiv 2606.10010) keeps. There the
    transformer is as wide as the encoder's frames; here they are projected to ``settings.width`` first.

    Attributes:
        settings: Its sizes.
        scale: Standardises the frames.
    """

    def __init__(self, settings: BranchSettings) -> None:
        """Makes the layers."""
        super().__init__()
        self.settings = settings
        self.scale = FrameScale(settings.frame_dim)
        self.temporal = settings.make_temporal()
        self.pooling = settings.make_pooling()
        self.output = settings.make_output(self.pooling.out_dim)

    def forward(
        self, frames: Tensor, mask: Tensor, tokens: Tensor | None = None, token_mask: Tensor | None = None
    ) -> BranchOutput:
        """Scores clips.

        Args:
            frames: (B, T, frame_dim).
            mask: (B, T), True where there is a frame.
            tokens: Not read.
            token_mask: Not read.
        """
        pooled = self.pooling(self.temporal(self.scale(frames), mask), mask)
        return BranchOutput(*self.output(pooled))
