"""QAMRO: quality-aware adaptive margin ranking."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qamro.losses import _fast
from qamro.losses._checks import broadcast_leading, check_batch, check_coefficient, check_number, result_dtype
from qamro.losses._linear import piecewise_linear
from qamro.losses._pairs import ActivePairs, active_pairs
from qamro.losses._scaling import Normalisation, centred, normalised


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
    leading = broadcast_leading(predictions, targets, alpha=alpha, beta=beta)
    if alpha.requires_grad or beta.requires_grad:
        v, quality = _shifted(predictions, targets, alpha), normalised(targets, normalize, scale, groups)
        found = active_pairs(v, 0.0, targets, mass=quality, groups=groups)
        return _weighted_hinges(found, v, 0.0, beta, quality).to(result_dtype(predictions))

    way = (normalize, None if scale is None else (scale[0], scale[1]))

    def value_and_slope(at: Tensor) -> tuple[Tensor, Tensor]:
        if _fast.fits(at, groups):
            return _fast.value_and_slope(at, targets, alpha, beta, way)
        v, quality = _shifted(at, targets, alpha), normalised(targets, normalize, scale, groups)
        found = active_pairs(v, 0.0, targets, mass=quality, groups=groups)
        return _value_and_slope(found, v, beta, quality)

    spread = predictions if leading == predictions.shape[:-1] else predictions.expand(*leading, -1)
    return piecewise_linear(spread, value_and_slope)


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
    v = -centred(predictions)
    found = active_pairs(v, margin, targets, mass=quality, groups=groups)
    return _weighted_hinges(found, v, margin, beta, quality).to(result_dtype(predictions))


def _weighted_hinges(found: ActivePairs, v: Tensor, gap: float, beta: Tensor, quality: Tensor) -> Tensor:
    # q_ij = 1 + (β - 1) ỹ of the better clip: the loss is a sum of two parts that do not know β.
    mass, pairs = quality * found.better, found.pairs.clamp(min=1)
    plain = (v * ((found.better - found.worse) / pairs)).sum(-1)
    weighted = (v * ((mass - found.better_mass) / pairs)).sum(-1)
    if gap:
        plain = plain + gap * (found.better / pairs).sum(-1)
        weighted = weighted + gap * (mass / pairs).sum(-1)
    return plain + (beta - 1) * weighted


def _shifted(predictions: Tensor, targets: Tensor, alpha: Tensor) -> Tensor:
    """The scores v = αy - ŷ: the hinge of a pair is the difference of two."""
    return alpha[..., None] * centred(targets.detach()) - centred(predictions)


def _value_and_slope(found: ActivePairs, v: Tensor, beta: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
    """What ``_weighted_hinges`` finds at gap 0, and its derivative by ŷ, where α and β are constants."""
    slope = torch.addcmul(found.better_mass, quality, found.better, value=-1).mul_((1 - beta)[..., None])
    slope.add_(found.better).sub_(found.worse).div_(found.pairs.clamp(min=1))
    return (v * slope).sum(-1), slope.neg_()


class QAMROLoss(nn.Module):
    """``qamro_loss`` as a module.

    Args:
        alpha: α, margin per unit of difference in y.
        beta: β, weight of a pair that holds the best clip.
        normalize: ``"batch"`` or ``"scale"``.
        scale: (low, high) of the rating scale, for ``"scale"``.
    """

    def __init__(
        self,
        alpha: float | Tensor = 0.2,
        beta: float | Tensor = 7.0,
        normalize: Normalisation = "batch",
        scale: tuple[float, float] | None = None,
    ):
        super().__init__()
        self.alpha, self.beta, self.normalize, self.scale = alpha, beta, normalize, scale

    def forward(self, predictions: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        """See ``qamro_loss``."""
        return qamro_loss(
            predictions,
            targets,
            alpha=self.alpha,
            beta=self.beta,
            normalize=self.normalize,
            scale=self.scale,
            groups=groups,
        )

    def extra_repr(self) -> str:
        """Shows the parameters."""
        return f"alpha={self.alpha}, beta={self.beta}, normalize={self.normalize!r}, scale={self.scale}"
