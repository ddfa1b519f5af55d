"""Heads: small trained networks from an embedding, or from frames, to a score, with their cards."""

from qamro.heads.bundle import FrameBundle, HeadBundle
from qamro.heads.card import Card
from qamro.heads.dual_branch import BranchSettings, DualBranch, make_branch
from qamro.heads.score_head import BranchOutput, HeadStack, ScoreHead

__all__ = [
    "BranchOutput",
    "BranchSettings",
    "Card",
    "DualBranch",
    "FrameBundle",
    "HeadBundle",
    "HeadStack",
    "ScoreHead",
    "make_branch",
]
