"""The dual-branch model: one branch an axis, behind one call."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from qamro.heads.alignment_branch import AlignmentBranch
from qamro.heads.branch_output import BranchOutput
from qamro.heads.branch_settings import BranchSettings
from qamro.heads.impression_branch import ImpressionBranch

Branch = ImpressionBranch | AlignmentBranch


def make_branch(settings: BranchSettings) -> Branch:
    """Builds the branch that the settings describe: one that reads text has ``token_dim`` > 0."""
    return AlignmentBranch(settings) if settings.token_dim else ImpressionBranch(settings)


class DualBranch(nn.Module):
    """Scores clips and prompts on every axis that has a branch; branches share nothing.

    A score depends on its clip and its prompt alone: not on padding, nor on what else is in the batch.

    Attributes:
        axes: The axes that have a branch.
    """

    def __init__(self, branches: Mapping[str, Branch]) -> None:
        """Takes trained or new branches.

        Raises:
            ValueError: There is none.
        """
        super().__init__()
        if not branches:
            raise ValueError("a model needs at least one branch")
        self.axes = tuple(branches)
        self._branches = nn.ModuleList(branches.values())  # a ModuleDict would forbid axes with a point in their names

    @property
    def branches(self) -> dict[str, Branch]:
        """For each axis, its branch."""
        return dict(zip(self.axes, self._branches, strict=True))  # type: ignore[arg-type]

    def forward(
        self, frames: Tensor, mask: Tensor, tokens: Tensor | None = None, token_mask: Tensor | None = None
    ) -> dict[str, BranchOutput]:
        """Scores clips; without tokens, the axes that need a prompt are left out.

        Args:
            frames: (B, T, frame_dim).
            mask: (B, T), True where there is a frame.
            tokens: (B, L, token_dim), or None.
            token_mask: (B, L), or None.

        Returns:
            For each axis, its output.
        """
        return {
            axis: branch(frames, mask, tokens, token_mask)
            for axis, branch in self.branches.items()
            if tokens is not None or not branch.settings.token_dim
        }
