"""Margin ranking loss with one fixed margin: what QAMRO is compared with."""

from __future__ import annotations

from torch import Tensor, nn

from qamro.losses._checks import check_batch, check_number, result_dtype
from qamro.losses._pairs import active_pairs
from qamro.losses._scaling import centred


def margin_ranking_loss(
    predictions: Tensor, targets: Tensor, *, margin: float = 0.1, groups: Tensor | None = None
) -> Tensor:
    """Mean hinge over all pairs of clips that people rated differently.

        L_MR = mean over P of max(0, -sign(y_i - y_j)(ŷ_i - ŷ_j) + m)

    P holds the unordered pairs of the batch with y_i ≠ y_j. Computed exactly from order statistics in O(B log B) time
    and O(B) memory, in float64 whatever the dtype of the input.

    Args:
        predictions: ŷ, floating point, shape (B,), or (..., B) to score many models on the same targets at once.
        targets: y, shape (B,); they get no gradient.
        margin: m, in units of the scores.
        groups: Shape (B,); pairs are taken within a group only, and the mean is over the pairs of all groups.

    Returns:
        The loss, shape (...), in the dtype of predictions (float32 for half precision). Zero, with a gradient of zero,
        where no two targets of a group differ.

    Raises:
        ValueError: Shapes do not fit, or a value is NaN or infinite.

    Example:
        >>> import torch
        >>> margin_ranking_loss(torch.tensor([0.5, 0.25, 0.0]), torch.tensor([1.0, 2.0, 2.0]), margin=0.25)
        tensor(0.6250)

    Source:
        QAMRO, Eq. 1.
    """
    check_batch(predictions, targets, groups)
    margin = check_number("margin", margin)
    v = -centred(predictions)
    found = active_pairs(v, margin, targets, groups=groups)
    pairs = found.pairs.clamp(min=1)
    loss = ((v + margin) * (found.better / pairs) - v * (found.worse / pairs)).sum(-1)
    return loss.to(result_dtype(predictions))


class MarginRankingLoss(nn.Module):
    """``margin_ranking_loss`` as a module.

    Args:
        margin: m, in units of the scores.
    """

    def __init__(self, margin: float = 0.1):
        super().__init__()
        self.margin = margin

    def forward(self, predictions: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        """See ``margin_ranking_loss``."""
        return margin_ranking_loss(predictions, targets, margin=self.margin, groups=groups)

    def extra_repr(self) -> str:
        """Shows the parameters."""
        return f"margin={self.margin}"
