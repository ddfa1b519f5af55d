"""Losses on the order of a whole list: BALR of DeRA-MOS, ListMLE, and a differentiable Spearman correlation.

A list is the batch or, with ``groups``, the clips of one group; every list counts the same, and a list of one clip,
which has no order, does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from qamro.losses._checks import (
    LossModule,
    broadcast_leading,
    centred,
    check_batch,
    check_coefficient,
    finished,
    group_index,
    holds,
)


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
    correlation between the predictions and the ranks of the targets. ``torch.vmap`` goes over predictions and
    temperatures, not over targets, whose ties decide whether there is a correlation at all.

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
        Blondel et al., ICML 2020, section 6, with τ scaled by the size of the list (see ``soft_rank``).
    """

    def of_list(p: Tensor, y: Tensor, temperature: Tensor) -> Tensor | None:
        if (y == y[0]).all():
            return None
        wanted = average_rank(y)
        wanted = wanted - wanted.mean()
        ranks = _centred_soft_rank(p, temperature[..., 0])
        constant = (p == p[..., :1]).all(-1)
        largest = torch.where(constant, 1, ranks.detach().abs().amax(-1))
        ranks = ranks / largest[..., None]  # a correlation does not depend on it, and squares do not vanish
        length = torch.linalg.vector_norm(ranks, dim=-1) * torch.linalg.vector_norm(wanted)
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
    found = [of_list(p[..., i], y[i], temperature[..., None]) for i in _lists(targets, groups)]
    losses = [loss for loss in found if loss is not None]
    loss = torch.stack(losses).mean(0) if losses else (p.sum(-1) * 0).expand(lead)
    return finished(loss, predictions)


def _lists(targets: Tensor, groups: Tensor | None) -> Iterator[Tensor]:
    """Yields the places of the clips of each group that has at least two; without groups, of the whole batch."""
    everything = torch.arange(len(targets), device=targets.device)
    if groups is None:
        members: tuple[Tensor, ...] = (everything,)
    else:
        index = group_index(groups)
        members = index.argsort(stable=True).split(torch.bincount(index).tolist())
    yield from (places for places in members if len(places) > 1)


def check_temperature(value: float | Tensor, like: Tensor) -> Tensor:
    """Turns a temperature into a float64 tensor beside ``like``.

    Raises:
        ValueError: It is not above zero and finite.
    """
    temperature = check_coefficient("temperature", value, like)
    if not holds((temperature > 0).all()):
        raise ValueError(f"temperature must be above zero, but it is {value}")
    return temperature


def soft_rank(values: Tensor, temperature: float | Tensor = 1.0) -> Tensor:
    """Ranks values in ascending order, softly.

        r(ŷ) = argmin over the permutahedron of (1, …, B) of ½ ||r - B ŷ / τ||²

    The permutahedron is the convex hull of all orders of the ranks 1 to B. Where neighbours are further apart than
    τ / B, the nearest point is their rank; where they are closer, they share what lies between their ranks and move
    with the values. For a large τ the ranks are linear in the values. The projection is an isotonic regression (scipy,
    on the CPU) and costs O(B log B). The blocks that it finds are constants almost everywhere, so automatic
    differentiation of what follows from them is exact.

    Args:
        values: ŷ, floating point and finite, shape (..., B).
        temperature: τ > 0, in units of the values; a tensor broadcasts over the leading dimensions. The paper scales
            by 1 / ε where this scales by B / τ, so that τ means the same for every size of batch.

    Returns:
        Ranks, float64, shape (..., B). They sum to B (B + 1) / 2.

    Raises:
        ValueError: The temperature is not above zero and finite.

    Example:
        >>> import torch
        >>> soft_rank(torch.tensor([5.0, 1.0, 2.0]), temperature=0.1)
        tensor([3., 1., 2.], dtype=torch.float64)

    Source:
        Blondel, Teboul, Berthet and Djolonga, "Fast Differentiable Sorting and Ranking", ICML 2020 (with L2).
    """
    return _centred_soft_rank(values, check_temperature(temperature, values)) + (values.shape[-1] + 1) / 2


def _centred_soft_rank(values: Tensor, temperature: Tensor) -> Tensor:
    """``soft_rank`` less its mean, with all its digits also where values hardly differ, or differ by 1e30."""
    size = values.shape[-1]
    scaled = centred(values) * size / temperature[..., None]
    if not holds(scaled.detach().isfinite().all()):
        raise ValueError("predictions divided by the temperature are too large for float64; use a larger temperature")
    descending, order = scaled.sort(dim=-1, descending=True)
    ranks = torch.arange(size, 0, -1, dtype=torch.float64, device=values.device).expand_as(descending)
    # Gaps of more than B never close; cut short, they leave the digits that tell ranks apart.
    gaps = (-descending.detach().diff(dim=-1)).clamp(max=2 * size).cumsum(-1)
    first, block = _blocks(-torch.nn.functional.pad(gaps, (1, 0)) - ranks)
    # Within a block, values are near each other: less its first one, a mean loses no digits.
    inside = descending - descending.detach().gather(-1, first)
    inside = inside - _block_means(inside, block)
    shared = inside + (_block_means(ranks, block) - (size + 1) / 2)
    return torch.zeros_like(shared).scatter(-1, order, shared)


def average_rank(values: Tensor) -> Tensor:
    """Ranks values in ascending order; equal values share the mean of their ranks. Shape (B,), float64."""
    _, index, counts = torch.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum(0) - (counts - 1) / 2).double()[index]


@torch.library.custom_op("qamro::blocks", mutates_args=())
def _blocks(excess: Tensor) -> tuple[Tensor, Tensor]:
    """For each entry, its block in the falling sequence nearest to its row: first place and number; (..., B), int64.

    An operator of its own, so that ``torch.vmap`` and ``torch.compile`` need not look into scipy.
    """
    from scipy.optimize import isotonic_regression  # slow to import, and only this loss needs it

    rows = excess.reshape(-1, excess.shape[-1]).cpu().numpy()
    first, block = np.empty((2, *rows.shape), dtype=np.int64)
    for row, into_first, into_block in zip(rows, first, block, strict=True):
        starts = isotonic_regression(row, increasing=False).blocks
        into_first[:] = np.repeat(starts[:-1], np.diff(starts))
        into_block[:] = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    firsts, blocks = (torch.from_numpy(of).to(excess.device).reshape(excess.shape) for of in (first, block))
    return firsts, blocks


@_blocks.register_fake
def _(excess: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(excess, dtype=torch.int64), torch.empty_like(excess, dtype=torch.int64)


@_blocks.register_vmap
def _(info: object, in_dims: tuple[int], excess: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
    return _blocks(excess.movedim(in_dims[0], 0)), (0, 0)


def _block_means(values: Tensor, block: Tensor) -> Tensor:
    sums = torch.zeros_like(values).scatter_add(-1, block, values)
    counts = torch.zeros_like(values).scatter_add(-1, block, torch.ones_like(values))
    return (sums / counts.clamp(min=1)).gather(-1, block)


class _ListwiseLoss(LossModule):
    def __init__(self, temperature: float | Tensor = 1.0):
        super().__init__(temperature=temperature)


class BALRLoss(_ListwiseLoss):
    """``balr_loss`` as a module.

    Args:
        temperature: τ > 0, in units of the scores.
    """

    function = staticmethod(balr_loss)


class ListMLELoss(_ListwiseLoss):
    """``listmle_loss`` as a module.

    Args:
        temperature: τ > 0, in units of the scores.
    """

    function = staticmethod(listmle_loss)


class SoftSpearmanLoss(_ListwiseLoss):
    """``soft_spearman_loss`` as a module.

    Args:
        temperature: τ > 0, in units of the scores.
    """

    function = staticmethod(soft_spearman_loss)
