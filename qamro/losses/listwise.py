"""Losses on the order of a whole list: BALR of DeRA-MOS, ListMLE, and a differentiable Spearman correlation.

A list is the batch or, with ``groups``, the clips of one group; every list counts the same, and a list of one clip,
which has no order, does not count.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from qamro.losses._checks import broadcast_leading, check_batch, check_temperature, result_dtype
from qamro.losses._groups import lists
from qamro.losses._scaling import centred
from qamro.losses._soft_rank import average_rank, soft_rank


def balr_loss(
    predictions: Tensor, targets: Tensor, *, temperature: float | Tensor = 1.0, groups: Tensor | None = None
) -> Tensor:
    """Batch-aware listwise ranking: cross-entropy between two distributions over the clips of a list.

        L_BALR = - Σ_i p_i log p̂_i,    p = softmax(y / τ),    p̂ = softmax(ŷ / τ)

    The least possible value is the entropy of p, not zero.

    Args:
        predictions: ŷ, floating point, shape (B,), or (..., B) to score many models on the same targets at once.
        targets: y, shape (B,); they get no gradient.
        temperature: τ > 0, in units of the scores. The smaller it is, the more the best clips alone count. A tensor
            broadcasts with the leading dimensions of predictions.
        groups: Shape (B,); each group is a list of its own, and the loss is the mean over lists.

    Returns:
        The loss, shape (...), in the dtype of predictions (float32 for half precision). Zero, with a gradient of zero,
        where no list has two clips.

    Raises:
        ValueError: Shapes do not fit, a value is NaN or infinite, or the temperature is not above zero.

    Example:
        >>> import torch
        >>> balr_loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 3.0]))
        tensor(0.6931)

    Source:
        DeRA-MOS (arXiv 2606.10010), the loss of its MI branch with weight 0.2; it is ListNet's top-one loss (Cao et
        al., ICML 2007) over a mini-batch. Equation and τ = 1 follow the public code in which it was developed, where ŷ
        is the expectation of a predicted distribution.
    """

    def of_list(p: Tensor, y: Tensor, temperature: Tensor) -> Tensor:
        log_predicted = (p / temperature).log_softmax(-1)
        return -((y / temperature).softmax(-1) * log_predicted).sum(-1)

    return _mean_over_lists(of_list, predictions, targets, temperature, groups)


def listmle_loss(
    predictions: Tensor, targets: Tensor, *, temperature: float | Tensor = 1.0, groups: Tensor | None = None
) -> Tensor:
    """How unlikely people's order is, if clips were drawn one after the other with odds exp(ŷ / τ).

        L_ListMLE = 1/B Σ_i ( log Σ_{j: y_j <= y_i} exp(ŷ_j / τ) - ŷ_i / τ )

    Without ties it is the negative log-likelihood of Plackett and Luce for the order of y, per clip. Equal targets are
    drawn from the same rest (Breslow's way with ties), so the loss does not depend on the order of the batch.

    Args:
        predictions: As in ``balr_loss``.
        targets: As in ``balr_loss``.
        temperature: τ > 0, in units of the scores, as in ``balr_loss``.
        groups: As in ``balr_loss``.

    Returns:
        As ``balr_loss``.

    Raises:
        ValueError: As ``balr_loss``.

    Example:
        >>> import torch
        >>> listmle_loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 3.0]))
        tensor(0.3466)

    Source:
        Xia, Liu, Wang, Zhang and Li, "Listwise Approach to Learning to Rank", ICML 2008. The mean over clips, the
        temperature and the ties are ours.
    """

    def of_list(p: Tensor, y: Tensor, temperature: Tensor) -> Tensor:
        scores = p / temperature
        order = y.argsort()
        rest = scores[..., order].logcumsumexp(-1)
        last_equal = torch.searchsorted(y[order], y[order], right=True) - 1
        return rest[..., last_equal].mean(-1) - scores.mean(-1)

    return _mean_over_lists(of_list, predictions, targets, temperature, groups)


def soft_spearman_loss(
    predictions: Tensor, targets: Tensor, *, temperature: float | Tensor = 1.0, groups: Tensor | None = None
) -> Tensor:
    """One minus Spearman's correlation, with soft ranks of the predictions.

        L = 1 - corr(r_τ(ŷ), rank(y))

    r_τ are the soft ranks of Blondel et al.; equal targets share their mean rank. Where neighbouring predictions are
    further apart than τ / B, the correlation is Spearman's and has no gradient there; for a large τ it is Pearson's
    correlation between the predictions and the ranks of the targets.

    Args:
        predictions: As in ``balr_loss``.
        targets: As in ``balr_loss``.
        temperature: τ > 0, in units of the scores. About the spread of the predictions is a good choice.
        groups: As in ``balr_loss``; a list with equal targets only has no correlation and does not count.

    Returns:
        As ``balr_loss``, between 0 and 2. One, with a gradient of zero, where all predictions of a list are equal.

    Raises:
        ValueError: As ``balr_loss``.

    Example:
        >>> import torch
        >>> soft_spearman_loss(torch.tensor([1.0, 9.0, 5.0]), torch.tensor([1.0, 2.0, 3.0]))
        tensor(0.5000)

    Source:
        Blondel et al., ICML 2020, section 6, with τ scaled by the size of the list (see ``_soft_rank.soft_rank``).
    """

    def of_list(p: Tensor, y: Tensor, temperature: Tensor) -> Tensor | None:
        if (y == y[0]).all():
            return None
        wanted = average_rank(y)
        wanted = wanted - wanted.mean()
        ranks = soft_rank(p, temperature[..., 0])
        ranks = ranks - (len(y) + 1) / 2
        length = torch.linalg.vector_norm(ranks, dim=-1) * torch.linalg.vector_norm(wanted)
        constant = (p == p[..., :1]).all(-1)
        return 1 - (ranks * wanted).sum(-1) / torch.where(constant, 1, length) * ~constant

    return _mean_over_lists(of_list, predictions, targets, temperature, groups)


def _mean_over_lists(
    of_list: Callable[[Tensor, Tensor, Tensor], Tensor | None],
    predictions: Tensor,
    targets: Tensor,
    temperature: float | Tensor,
    groups: Tensor | None,
) -> Tensor:
    """Checks the batch, and averages the loss of its lists: of (..., n) and (n,) in float64, and τ (..., 1)."""
    check_batch(predictions, targets, groups)
    temperature = check_temperature(temperature, predictions)
    lead = broadcast_leading(predictions, targets, temperature=temperature)
    p, y = centred(predictions), centred(targets.detach())
    found = [of_list(p[..., i], y[i], temperature[..., None]) for i in lists(targets, groups)]
    losses = [loss for loss in found if loss is not None]
    loss = torch.stack(losses).mean(0) if losses else (p.sum(-1) * 0).expand(lead)
    return loss.to(result_dtype(predictions))


class _ListwiseLoss(nn.Module):
    def __init__(self, temperature: float | Tensor = 1.0):
        super().__init__()
        self.temperature = temperature

    def extra_repr(self) -> str:
        """Shows the parameters."""
        return f"temperature={self.temperature}"


class BALRLoss(_ListwiseLoss):
    """``balr_loss`` as a module.

    Args:
        temperature: τ > 0, in units of the scores.
    """

    def forward(self, predictions: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        """See ``balr_loss``."""
        return balr_loss(predictions, targets, temperature=self.temperature, groups=groups)


class ListMLELoss(_ListwiseLoss):
    """``listmle_loss`` as a module.

    Args:
        temperature: τ > 0, in units of the scores.
    """

    def forward(self, predictions: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        """See ``listmle_loss``."""
        return listmle_loss(predictions, targets, temperature=self.temperature, groups=groups)


class SoftSpearmanLoss(_ListwiseLoss):
    """``soft_spearman_loss`` as a module.

    Args:
        temperature: τ > 0, in units of the scores.
    """

    def forward(self, predictions: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        """See ``soft_spearman_loss``."""
        return soft_spearman_loss(predictions, targets, temperature=self.temperature, groups=groups)
