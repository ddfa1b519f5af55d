"""Heads: small trained networks from an embedding, or from frames, to a score, with their cards."""

from qamro.heads.branch_output import BranchOutput
from qamro.heads.branch_settings import BranchSettings
from qamro.heads.bundle import HeadBundle
from qamro.heads.card import Card
from qamro.heads.dual_branch import DualBranch, make_branch
from qamro.heads.frame_bundle import FrameBundle
from qamro.heads.score_head import ScoreHead
from qamro.heads.stack import HeadStack

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
