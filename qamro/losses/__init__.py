"""Losses that train a head to rank clips as people do, one family a file; ``docs/losses.md`` shows them.

``torch.func.grad``, ``jvp`` and ``vmap``, second derivatives and ``torch.compile`` work on every loss. Under ``vmap``
values are not checked, and NaN gives NaN; it goes over targets, too, but for soft Spearman, and never over groups.
Compiled code goes back to Python for checks and for the counting of pairs, so ``fullgraph=True`` is refused. Inductor,
the default backend, was tried by hand with QAMRO and Gaussian soft labels on a CPU: same losses and gradients.
"""

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
