"""QAMRO, quality-aware adaptive margin ranking, and margin ranking with one fixed margin, what it is compared with."""

from __future__ import annotations

from torch import Tensor

from qamro.losses._checks import (
    LossModule,
    Normalisation,
    broadcast_leading,
    centred,
    check_batch,
    check_coefficient,
    check_number,
    finished,
    normalised,
)
from qamro.losses._pairs import active_pairs


def qamro_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    alpha: float | Tensor = 0.2,
    beta: float | Tensor = 7.0,
    normalize: Normalisation = "batch",
    scale: tuple[float, float] | None = None,
    groups: Tensor | None = None,
) -> Tensor:
    """Ranks clips by margins as wide as people's scores differ, and the best clips most carefully.

        L_QAMRO = mean over P of q_ij max(0, -sign(y_i - y_j)(ŷ_i - ŷ_j) + α|y_i - y_j|)
        q_ij    = 1 + (β - 1) max(ỹ_i, ỹ_j)

    P holds the unordered pairs of the batch with y_i ≠ y_j; ỹ is y normalised to [0, 1]. Computed exactly from order
    statistics in O(B log B) time and O(B) memory, in float64 whatever the dtype of the input.

    Args:
        predictions: ŷ, floating point, shape (B,), or (..., B) to score many models on the same targets at once.
        targets: y, shape (B,); they get no gradient.
        alpha: α, margin per unit of difference in y. A tensor broadcasts with the leading dimensions of predictions
            and may require a gradient.
        beta: β, weight of a pair that holds the best clip; a pair of two worst ones weighs 1. A tensor as for alpha;
            further values of beta cost next to nothing.
        normalize: ``"batch"``: ỹ by the minimum and maximum of the batch (of each group, with ``groups``), as in the
            published code. ``"scale"``: ỹ by the ends of the rating scale, which does not depend on the batch; scores
            outside the scale count as its nearest end.
        scale: (low, high) of the rating scale; needed for ``"scale"``, refused otherwise.
        groups: Shape (B,), for instance the study that a clip comes from; pairs are taken within a group only, and
            the mean is over the pairs of all groups.

    Returns:
        The loss, in the dtype of predictions (float32 for half precision). Its shape is that to which the leading
        dimensions of predictions, alpha and beta broadcast. Zero, with a gradient of zero, where no two targets of a
        group differ.

    Raises:
        ValueError: Shapes do not fit, a value is NaN or infinite, or ``normalize`` and ``scale`` do not agree.

    Example:
        >>> import torch
        >>> predictions = torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
        >>> qamro_loss(predictions, torch.tensor([1.0, 2.0, 3.0]), alpha=0.5, beta=2.0)
        tensor([0.0000, 3.7500])

    Source:
        QAMRO, Eq. 2 and 3.
    """
    check_batch(predictions, targets, groups)
    alpha, beta = check_coefficient("alpha", alpha, predictions), check_coefficient("beta", beta, predictions)
    broadcast_leading(predictions, targets, alpha=alpha, beta=beta)
    quality = normalised(targets, normalize, scale, groups)
    u = centred(predictions) - alpha[..., None] * centred(targets.detach())
    return finished(_mean_hinge(u, 0.0, targets, groups, weights=(beta, quality)), predictions)


def fixed_margin_qamro_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    margin: float = 0.1,
    beta: float | Tensor = 7.0,
    normalize: Normalisation = "batch",
    scale: tuple[float, float] | None = None,
    groups: Tensor | None = None,
) -> Tensor:
    """QAMRO's weights without its adaptive margin: q_ij of Eq. 3 on the hinges of Eq. 1 (an ablation of ours).

        L = mean over P of q_ij max(0, -sign(y_i - y_j)(ŷ_i - ŷ_j) + m)

    The paper's own ablation "w/o adaptive margin" has no weights either: it is Eq. 1, ``margin_ranking_loss``.

    Args:
        predictions: ŷ, floating point, shape (B,) or (..., B).
        targets: y, shape (B,); they get no gradient.
        margin: m, in units of the scores.
        beta: β, as in ``qamro_loss``.
        normalize: As in ``qamro_loss``.
        scale: As in ``qamro_loss``.
        groups: As in ``qamro_loss``.

    Returns:
        The loss, as ``qamro_loss``.

    Raises:
        ValueError: As ``qamro_loss``.
    """
    check_batch(predictions, targets, groups)
    margin, beta = check_number("margin", margin), check_coefficient("beta", beta, predictions)
    broadcast_leading(predictions, targets, beta=beta)
    quality = normalised(targets, normalize, scale, groups)
    return finished(_mean_hinge(centred(predictions), margin, targets, groups, weights=(beta, quality)), predictions)


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
    return finished(_mean_hinge(centred(predictions), margin, targets, groups), predictions)


def _mean_hinge(
    u: Tensor, gap: float, targets: Tensor, groups: Tensor | None, weights: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """The mean over P of w_i max(0, u_j + gap - u_i) for the better clip i: u = ŷ - αy, w_i = 1 + (β - 1) ỹ_i.

    Where no pair crosses its kink, this is linear in u: what automatic differentiation finds is exact, in every mode.

    Args:
        u: (..., B), float64.
        gap: Fixed part of the hinge.
        targets: (B,).
        groups: (B,), or None.
        weights: β, (...), and ỹ, (B,); all weights are 1 without.
    """
    found = active_pairs(-u, gap, targets, mass=weights and weights[1], groups=groups)
    pairs = found.pairs.clamp(min=1)
    slope, better = found.worse - found.better, found.better
    if weights is not None:
        extra, quality = (weights[0] - 1)[..., None], weights[1]
        slope = slope + extra * (found.better_mass - quality * found.better)
        better = better + extra * quality * better if gap else better
    loss = (u * (slope / pairs)).sum(-1)
    return loss + gap / pairs * better.sum(-1) if gap else loss


class QAMROLoss(LossModule):
    """``qamro_loss`` as a module.

    Args:
        alpha: α, margin per unit of difference in y.
        beta: β, weight of a pair that holds the best clip.
        normalize: ``"batch"`` or ``"scale"``.
        scale: (low, high) of the rating scale, for ``"scale"``.
    """

    function = staticmethod(qamro_loss)

    def __init__(
        self,
        alpha: float | Tensor = 0.2,
        beta: float | Tensor = 7.0,
        normalize: Normalisation = "batch",
        scale: tuple[float, float] | None = None,
    ):
        super().__init__(alpha=alpha, beta=beta, normalize=normalize, scale=scale)


class MarginRankingLoss(LossModule):
    """``margin_ranking_loss`` as a module.

    Args:
        margin: m, in units of the scores.
    """

    function = staticmethod(margin_ranking_loss)

    def __init__(self, margin: float = 0.1):
        super().__init__(margin=margin)
