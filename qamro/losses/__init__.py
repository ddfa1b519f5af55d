"""Losses that train a head to rank clips as people do, one family a file; ``docs/losses.md`` shows them."""

from qamro.losses.alignment import SAMALoss, sama_loss, sama_of_cosine
from qamro.losses.distribution import (
    CORALLoss,
    GaussianCrossEntropyLoss,
    coral_loss,
    coral_score,
    expected_score,
    gaussian_cross_entropy_loss,
    gaussian_soft_labels,
)
from qamro.losses.listwise import (
    BALRLoss,
    ListMLELoss,
    SoftSpearmanLoss,
    balr_loss,
    listmle_loss,
    soft_spearman_loss,
)
from qamro.losses.qamro import (
    MarginRankingLoss,
    QAMROLoss,
    fixed_margin_qamro_loss,
    margin_ranking_loss,
    qamro_loss,
)

__all__ = [
    "BALRLoss",
    "CORALLoss",
    "GaussianCrossEntropyLoss",
    "ListMLELoss",
    "MarginRankingLoss",
    "QAMROLoss",
    "SAMALoss",
    "SoftSpearmanLoss",
    "balr_loss",
    "coral_loss",
    "coral_score",
    "expected_score",
    "fixed_margin_qamro_loss",
    "gaussian_cross_entropy_loss",
    "gaussian_soft_labels",
    "listmle_loss",
    "margin_ranking_loss",
    "qamro_loss",
    "sama_loss",
    "sama_of_cosine",
    "soft_spearman_loss",
]
