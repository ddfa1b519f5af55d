"""Counts the active pairs of a ranking loss; every pairwise hinge of this package is linear in these counts.

Take a pair of one group with targets y_i > y_j. Both losses have the hinge max(0, v_i + gap - v_j): the adaptive margin
with v = αy - ŷ and gap 0, the fixed margin m with v = -ŷ and gap m. Call the pair *active* where the hinge is positive.
The weight belongs to the better clip, w_i = 1 + (β-1) ỹ_i, so the sum over all pairs is

    Σ w_i max(0, v_i + gap - v_j) = Σ_i (v_i + gap) w_i · (active pairs in which i is better)
                                  - Σ_j v_j · (sum of w_i over the active pairs in which j is worse)

and a clip needs three numbers only: in how many active pairs it is the better one, in how many the worse one, and the
sum of ỹ over its better partners. They are constants almost everywhere, so automatic differentiation of the right side
gives the exact gradient, also for α and β, and second derivatives. At a kink (v_i + gap = v_j) the pair counts as
inactive: the derivative there is 0, as that of ``torch.relu``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from qamro.losses import _dense, _wavelet

DENSE_BATCH = 256
"""Largest batch in which every clip is compared with every other; beyond, order statistics were faster on two cores."""

DENSE_PAIRS = 1 << 20
"""Most comparisons, over all models of a call, that are held at a time."""


class ActivePairs(NamedTuple):
    """Counts of active pairs, float64, without gradient.

    Attributes:
        pairs: Number of pairs of one group with different targets, active or not; a scalar.
        better: Number of active pairs in which a clip has the higher target, (..., B).
        worse: Number of active pairs in which a clip has the lower target, (..., B).
        better_mass: Sum of the masses of the better clips of the latter, (..., B).
    """

    pairs: Tensor
    better: Tensor
    worse: Tensor
    better_mass: Tensor


@torch.no_grad()
def active_pairs(
    values: Tensor, gap: float, targets: Tensor, *, mass: Tensor | None = None, groups: Tensor | None = None
) -> ActivePairs:
    """Counts the pairs with y_i > y_j and v_i + gap > v_j, in O(B log B) time and O(B) memory for each model.

    Args:
        values: v, float64 and finite, (..., B).
        gap: Fixed part of the hinge.
        targets: y, (B,).
        mass: A number in [0, 1] for each clip, (B,), float64; None: zeros.
        groups: Pairs are within a group only, (B,); None: one group.
    """
    if values.numel() == 0:
        nothing = torch.zeros_like(values)
        return ActivePairs(nothing.sum(), nothing, nothing, nothing)
    flat = values.reshape(-1, values.shape[-1])
    models, batch = flat.shape
    if batch <= DENSE_BATCH and models * batch**2 <= DENSE_PAIRS:
        pairs, *counts = _dense.count_pairs(flat, gap, targets, mass, groups)
    else:
        pairs, *counts = _wavelet.count_pairs(flat, gap, targets, mass, groups)
    return ActivePairs(pairs, *(c.reshape(values.shape) for c in counts))
