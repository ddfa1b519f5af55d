"""Losses that train a head to rank clips as people do, one family a file; ``docs/losses.md`` shows them."""

from qamro.losses.margin_ranking import MarginRankingLoss, margin_ranking_loss
from qamro.losses.qamro import QAMROLoss, fixed_margin_qamro_loss, qamro_loss

__all__ = ["MarginRankingLoss", "QAMROLoss", "fixed_margin_qamro_loss", "margin_ranking_loss", "qamro_loss"]
