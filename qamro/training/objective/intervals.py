"""QAMRO with a weight for each interval of MOS, as the released code of its track 2 has it.

Read in the public repository JethroWangSir/QAMRO, track2/loss.py (commit 43cbb36), as facts; the paper says nothing of
it. There q_ij = 1 + (beta - 1) max(w_i, w_j), where w is looked up by axis and by the interval that a clip's MOS falls
into, and divided by the largest of the axis. A weight of 0 does not take a pair out: it counts once. Clips rated
outside 1 to 10 form no pairs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from qamro.losses import qamro_loss

LEAST, MOST = 1, 10
"""Ends of the scale that the intervals divide; each is closed below, the last one on both sides."""


def interval_qamro_loss(
    predictions: Tensor,
    targets: Tensor,
    weights: tuple[float, ...],
    *,
    alpha: Tensor,
    beta: Tensor,
    groups: Tensor | None = None,
) -> Tensor:
    """Returns QAMRO (Eq. 2) with q_ij = 1 + (beta - 1) max(w_i, w_j), w looked up by the interval of the MOS.

    max(w_i, w_j) is the sum, over the distinct weights below it, of the steps between them; and the pairs that reach
    beyond a weight are all pairs but those among the clips at or below it. So the sum is one of unweighted losses over
    parts of the batch, each of which takes O(B log B).

    Args:
        predictions: (M, B) scores ŷ on the scale itself.
        targets: (B,) MOS y on the scale of 1 to 10.
        weights: Nine numbers in [0, 1].
        alpha: (M,) slopes of the adaptive margin.
        beta: (M,) preference factors.
        groups: (B,) study of each clip; pairs are within one.

    Returns:
        (M,) means over the pairs of clips rated from 1 to 10, differently; zero where there are none.
    """
    inside = (targets >= LEAST) & (targets <= MOST)
    y, scores = targets[inside], predictions[..., inside]
    study = None if groups is None else groups[inside]
    weight = predictions.new_tensor(weights)[(y - LEAST).floor().long().clamp(0, len(weights) - 1)]

    def hinges(among: Tensor) -> tuple[Tensor, int]:
        """The sum over the pairs among some of the clips, and how many pairs there are."""
        own = None if study is None else study[among]
        count = _pairs(y[among], own)
        if not count:
            return scores.new_zeros(scores.shape[:-1]) + 0 * scores.sum(-1), 0
        mean = qamro_loss(scores[..., among], y[among], alpha=alpha, beta=1.0, groups=own)
        return mean * count, count

    total, count = hinges(torch.ones_like(y, dtype=torch.bool))
    reach, below = torch.zeros_like(total), 0.0
    for step in weight.unique().tolist():
        if step > below:
            reach = reach + (step - below) * (total - hinges(weight <= below)[0])
            below = step
    return (total + (beta - 1) * reach) / max(count, 1)


def _pairs(targets: Tensor, groups: Tensor | None) -> int:
    """How many pairs of one group have different targets."""

    def equal(key: Tensor) -> int:
        counts = torch.unique(key, return_counts=True, dim=0)[1]
        return int((counts * (counts - 1) // 2).sum())

    if groups is None:
        return len(targets) * (len(targets) - 1) // 2 - equal(targets[:, None])
    return equal(groups[:, None]) - equal(torch.stack([groups.double(), targets.double()], dim=1))
