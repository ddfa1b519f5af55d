"""Scores as distributions: Gaussian soft labels over bins with cross-entropy, and CORAL's ordered thresholds.

Both losses answer for one clip at a time. With ``groups`` they are the mean over groups of the means over their clips,
so that a large study does not drown a small one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from qamro.losses._checks import (
    LossModule,
    Shapes,
    check_finite,
    check_groups,
    finished,
    group_index,
    result_dtype,
)

Scale = tuple[float, float]


def check_rows(name: str, values: Tensor, targets: Tensor, groups: Tensor | None = None) -> None:
    """Refuses a batch in which every clip has a row of numbers: an embedding, or the logits of a distribution.

    Args:
        name: What the rows are, for the message.
        values: Floating point, shape (..., B, D) with D > 0.
        targets: Numbers, shape (B,).
        groups: Shape (B,), or None.

    Raises:
        ValueError: As ``check_batch``.
    """
    shapes = Shapes(name, values, targets)
    if targets.dim() != 1 or values.dim() < 2 or values.shape[-2] != targets.shape[0] or values.shape[-1] == 0:
        raise ValueError(f"{shapes} do not fit: targets must be (B,) and {name} (..., B, D) with the same B and D > 0")
    if not values.is_floating_point() or targets.is_complex():
        raise ValueError(f"{shapes}: {name} must be floating point and targets real")
    check_groups(shapes, targets, groups)
    check_finite(shapes, name, values)
    check_finite(shapes, "targets", targets)


def mean_over_groups(values: Tensor, groups: Tensor | None) -> Tensor:
    """The mean over groups of the means over their clips; zero without clips.

    Args:
        values: (..., B).
        groups: (B,), or None for one group.
    """
    if values.shape[-1] == 0:
        return values.sum(-1)
    if groups is None:
        return values.mean(-1)
    index = group_index(groups)
    clips = torch.bincount(index)
    return (values / clips[index]).sum(-1) / len(clips)


def bin_centres(bins: int, scale: Scale = (1.0, 5.0), *, like: Tensor | None = None) -> Tensor:
    """The scores that bins stand for, evenly spaced with the ends of the scale among them; shape (bins,).

    Raises:
        ValueError: Fewer than two bins, or an empty scale.
    """
    low, high = _check_scale(scale)
    if bins < 2:
        raise ValueError(f"a distribution over scores needs at least two bins, but there are {bins}")
    return torch.linspace(low, high, bins, dtype=torch.float64, device=None if like is None else like.device)


def gaussian_soft_labels(targets: Tensor, *, bins: int = 20, scale: Scale = (1.0, 5.0), sigma: float = 0.25) -> Tensor:
    """Spreads scores over bins: q_k proportional to exp(-(y - c_k)² / 2σ²), with bin centres c_k.

    Args:
        targets: y, shape (B,); scores outside the scale count as its nearest end.
        bins: Number of bins, at least two.
        scale: (low, high) of the rating scale, the centres of the first and the last bin.
        sigma: σ > 0, in units of the scores.

    Returns:
        Probabilities, float64, shape (B, bins).

    Raises:
        ValueError: Fewer than two bins, an empty scale, or a σ that is not above zero.

    Example:
        >>> import torch
        >>> gaussian_soft_labels(torch.tensor([2.0]), bins=3, sigma=2.0)
        tensor([[0.4223, 0.4223, 0.1554]], dtype=torch.float64)

    Source:
        ASTAR-NTU (arXiv 2507.09904); 20 bins, σ = 0.25 as in the authors' public code.
    """
    if not (math.isfinite(sigma) and sigma > 0):
        raise ValueError(f"sigma must be above zero and finite, but it is {sigma}")
    low, high = _check_scale(scale)
    y = targets.detach().double().clamp(low, high)
    distance = (y[:, None] - bin_centres(bins, scale, like=targets)).abs()
    nearest = distance.amin(-1, keepdim=True)
    # Squares above that of the nearest bin: however small sigma is, it keeps a weight of 1, and nothing is 0 / 0.
    above = (distance - nearest) / sigma * ((distance + nearest) / sigma)
    return (-above.nan_to_num(0.0, math.inf) / 2).softmax(-1)


def gaussian_cross_entropy_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    scale: Scale = (1.0, 5.0),
    sigma: float = 0.25,
    groups: Tensor | None = None,
) -> Tensor:
    """Cross-entropy between Gaussian soft labels and a predicted distribution over bins.

        L_CE-Gauss = - mean over clips of Σ_k q_k(y) log p_k,    p = softmax(logits)

    The least possible value is the mean entropy of the labels, not zero.

    Args:
        logits: Floating point, shape (B, bins), or (..., B, bins) for many models at once.
        targets: y, shape (B,); they get no gradient.
        scale: (low, high) of the rating scale.
        sigma: σ > 0, width of the labels in units of the scores.
        groups: Shape (B,); the loss is the mean over groups of the means over their clips.

    Returns:
        The loss, shape (...), in the dtype of logits (float32 for half precision). Zero for an empty batch.

    Raises:
        ValueError: Shapes do not fit, a value is NaN or infinite, or a parameter is out of range.

    Example:
        >>> import torch
        >>> gaussian_cross_entropy_loss(torch.zeros(1, 20), torch.tensor([3.0]))
        tensor(2.9957)

    Source:
        ASTAR-NTU (arXiv 2507.09904), also the base of DeRA-MOS (arXiv 2606.10010). The public code minimises the
        Kullback-Leibler divergence, which differs by the labels' entropy and has the same gradient.
    """
    check_rows("logits", logits, targets, groups)
    labels = gaussian_soft_labels(targets, bins=logits.shape[-1], scale=scale, sigma=sigma)
    dtype = result_dtype(logits)
    answers = -(labels.to(dtype) * logits.to(dtype).log_softmax(-1)).sum(-1)
    return finished(mean_over_groups(answers, groups), logits)


def expected_score(logits: Tensor, scale: Scale = (1.0, 5.0)) -> Tensor:
    """The score that a distribution over bins stands for: Σ_k p_k c_k.

    Args:
        logits: Shape (..., bins).
        scale: (low, high) of the rating scale.

    Returns:
        Scores within the scale, shape (...).
    """
    dtype = result_dtype(logits)
    centres = bin_centres(logits.shape[-1], scale, like=logits).to(dtype)
    return (logits.to(dtype).softmax(-1) * centres).sum(-1)


def coral_thresholds(count: int, scale: Scale = (1.0, 5.0), *, like: Tensor | None = None) -> Tensor:
    """Thresholds halfway between count + 1 evenly spaced ranks, float64, shape (count,).

    Raises:
        ValueError: No threshold, or an empty scale.
    """
    ranks = bin_centres(count + 1, scale, like=like)
    return (ranks[1:] + ranks[:-1]) / 2


def coral_loss(logits: Tensor, targets: Tensor, *, scale: Scale = (1.0, 5.0), groups: Tensor | None = None) -> Tensor:
    """Asks of every threshold whether the score is above it; CORAL.

        L_CORAL = - mean over clips of Σ_k [ 1(y > b_k) log σ(l_k) + 1(y <= b_k) log(1 - σ(l_k)) ]

    A head whose logits are l_k = f(x) + c_k, one function and K - 1 biases, gives answers that do not contradict each
    other; the loss itself takes any logits.

    Args:
        logits: l, floating point, shape (B, K - 1), or (..., B, K - 1), for K ranks: the first rank is the low end of
            the scale, the last one its high end.
        targets: y, shape (B,); they get no gradient.
        scale: (low, high) of the rating scale.
        groups: Shape (B,); the loss is the mean over groups of the means over their clips.

    Returns:
        The loss, shape (...), in the dtype of logits (float32 for half precision). Zero for an empty batch.

    Raises:
        ValueError: Shapes do not fit, a value is NaN or infinite, or the scale is empty.

    Example:
        >>> import torch
        >>> coral_loss(torch.tensor([[0.0, 0.0, 0.0, 0.0]]), torch.tensor([3.2]))
        tensor(2.7726)

    Source:
        Cao, Mirjalili and Raschka, "Rank consistent ordinal regression", Pattern Recognition Letters 140, 2020. The
        ASTAR-NTU code puts the thresholds on the ranks, b_k = 1, 2, 3, 4, which rounds a mean opinion score up; ours
        lie halfway, which rounds it to the nearest rank and changes nothing for whole ratings.
    """
    check_rows("logits", logits, targets, groups)
    above = targets.detach().double()[:, None] > coral_thresholds(logits.shape[-1], scale, like=logits)
    dtype = result_dtype(logits)
    wide = logits.to(dtype)
    answers = functional.binary_cross_entropy_with_logits(wide, above.to(dtype).expand_as(wide), reduction="none")
    return finished(mean_over_groups(answers.sum(-1), groups), logits)


def coral_score(logits: Tensor, scale: Scale = (1.0, 5.0)) -> Tensor:
    """The score that answers to the thresholds stand for: low + (high - low) · mean of σ(l_k); shape (...)."""
    low, high = _check_scale(scale)
    return low + (high - low) * logits.to(result_dtype(logits)).sigmoid().mean(-1)


def _check_scale(scale: Scale) -> Scale:
    low, high = scale
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"scale must be (low, high) with low < high, but it is {scale}")
    return low, high


class GaussianCrossEntropyLoss(LossModule):
    """``gaussian_cross_entropy_loss`` as a module, called with logits, targets and groups.

    Args:
        scale: (low, high) of the rating scale.
        sigma: σ > 0, width of the labels in units of the scores.
    """

    function = staticmethod(gaussian_cross_entropy_loss)

    def __init__(self, scale: Scale = (1.0, 5.0), sigma: float = 0.25):
        super().__init__(scale=scale, sigma=sigma)


class CORALLoss(LossModule):
    """``coral_loss`` as a module, called with logits, targets and groups.

    Args:
        scale: (low, high) of the rating scale.
    """

    function = staticmethod(coral_loss)

    def __init__(self, scale: Scale = (1.0, 5.0)):
        super().__init__(scale=scale)
