"""Heads: small trained networks from an embedding to a score, with their cards."""

from qamro.heads.bundle import Card, HeadBundle
from qamro.heads.score_head import ScoreHead
from qamro.heads.stack import HeadStack

__all__ = ["Card", "HeadBundle", "HeadStack", "ScoreHead"]
