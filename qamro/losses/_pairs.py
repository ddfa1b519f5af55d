"""Counts the active pairs of a ranking loss; every pairwise hinge of this package is linear in these counts.

Take a pair of one group with targets y_i > y_j. Both losses have the hinge max(0, v_i + gap - v_j): the adaptive margin
with v = αy - ŷ and gap 0, the fixed margin m with v = -ŷ and gap m. Call the pair *active* where the hinge is positive.
The weight belongs to the better clip, w_i = 1 + (β-1) ỹ_i, so the sum over all pairs is

    Σ w_i max(0, v_i + gap - v_j) = Σ_i (v_i + gap) w_i · (active pairs in which i is better)
                                  - Σ_j v_j · (sum of w_i over the active pairs in which j is worse)

and a clip needs three numbers only. They are constants almost everywhere, so automatic differentiation of the right
side gives the exact gradient, also for α and β, and second derivatives. At a kink (v_i + gap = v_j) the pair counts as
inactive: the derivative there is 0, as that of ``torch.relu``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from qamro.losses._checks import group_index

DENSE_BATCH = 384
"""Largest batch in which every clip is compared with every other; beyond, order statistics were faster."""

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


@torch.compiler.disable
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
    flat = values.detach().reshape(-1, values.shape[-1])
    models, batch = flat.shape
    small = batch <= DENSE_BATCH and models * batch**2 <= DENSE_PAIRS
    pairs, *counts = (by_comparing if small else by_order)(flat, gap, targets.detach(), mass, groups)
    return ActivePairs(pairs, *(c.reshape(values.shape) for c in counts))


def by_comparing(
    values: Tensor, gap: float, targets: Tensor, mass: Tensor | None, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compares every clip with every other, in O(M B²) time and memory; values are (M, B)."""
    ordered = targets[:, None] > targets
    if groups is not None:
        ordered = ordered & (groups[:, None] == groups)
    active = ((values + gap)[:, :, None] > values[:, None, :]) & ordered
    active = active.to(values.dtype)  # matmul sums faster than a reduction of bools; counts are exact below 2^53
    ones = torch.ones_like(targets, dtype=values.dtype)
    weights = torch.stack((ones, torch.zeros_like(ones) if mass is None else mass))
    worse, better_mass = (weights @ active).unbind(-2)
    return ordered.sum().to(values.dtype), active @ ones, worse, better_mass


def by_order(
    values: Tensor, gap: float, targets: Tensor, mass: Tensor | None, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Counts by order statistics, in O(M B log B) time and O(M B) memory; values are (M, B).

    Number the different targets of a group in ascending order. Sort all clips by (group, v), then by
    (group, number >> l, v) for each bit l of the numbers from the highest to the lowest; each of these orders splits
    every run of the last one in two, as a wavelet tree does (Navarro, 2014, Journal of Discrete Algorithms 25). A clip
    with a 1 in bit l has p_l clips before it in one order and p_{l-1} in the next. All clips of its run with a 0 now
    come before it, so p_l - p_{l-1} is how many of them came before it by v less their number; for a clip with a 0 it
    is how many with a 1 came before it by v. Any two clips of different targets part at one bit, and equal ones at
    none. The sums over the bits are therefore the counts that are wanted; with masses before a clip in place of clips,
    they are sums of masses.

    All sums are of integers, exact and in any order: the answer is the same on every device and with any threads.
    """
    models, batch = values.shape
    place = torch.arange(batch, device=values.device)
    order = targets.argsort(stable=True)
    group = None
    if groups is not None:
        group = group_index(groups)
        order = order[group[order].argsort(stable=True)]
        group = group[order]
    first, end, number = _runs(targets[order], group)
    low, high = (torch.zeros_like(place), torch.full_like(place, batch)) if group is None else _runs(group, None)[:2]
    number = number - number[low]
    # What stands before a clip in (group, v): itself; clips with v_j < v_i + gap; and clips with v_j + gap <= v_i.
    before = _places(values[:, order], gap, group)
    entered, parted = before, torch.zeros_like(before)

    unit = 2.0 ** (62 - batch.bit_length())  # B masses stay below 2^62; with a million clips a unit is 2e-13
    fixed = None if mass is None else (mass[order] * unit).round_().long()
    mass_before = torch.zeros_like(before[-1]) if fixed is None else _seen(fixed, before)[-1]
    mass_parted = torch.zeros_like(mass_before)
    for level in reversed(range(_bits(number))):
        one = number.bitwise_right_shift(level).bitwise_and_(1)
        is_one, ones = one.bool(), one.cumsum(0).sub_(one)
        seen = _seen(one, before)
        # In its run, a 0 has only the other 0s before it; a 1 has all 0s, and the other 1s.
        after = torch.where(is_one, seen, before - seen).add_(torch.where(is_one, place - ones, ones))
        parted = parted.addcmul(one, before - after)
        before = after
        if fixed is not None:
            mass_after = _seen(fixed, before)[-1]
            mass_parted = mass_parted.addcmul(1 - one, mass_before - mass_after)
            mass_before = mass_after

    better = parted[1 if gap else 0] + (first - low)
    worse = (high - end) - (entered[-1] - before[-1]) + parted[-1]
    if fixed is not None:
        upto = torch.cat((torch.zeros_like(fixed[:1]), fixed.cumsum(0)))
        mass_parted = upto[high] - upto[end] - mass_parted
    counts = torch.stack((better, worse, mass_parted)).index_select(-1, _inverse(order)).double()
    return (high - end).sum().double(), counts[0], counts[1], counts[2] / unit


def _runs(values: Tensor, group: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Of sorted values, (B,): where the run of equal ones begins and ends, and which run it is."""
    new = values[1:] != values[:-1]
    if group is not None:
        new = new | (group[1:] != group[:-1])
    batch, edge = len(values), torch.ones_like(values[:1], dtype=torch.bool)
    place = torch.arange(batch, device=values.device)
    first = torch.where(torch.cat((edge, new)), place, 0).cummax(0).values
    end = torch.where(torch.cat((new, edge)), place + 1, batch).flip(0).cummin(0).values.flip(0)
    return first, end, torch.cat((~edge, new)).cumsum(0)


def _bits(number: Tensor) -> int:
    """How many bits the numbers have; as many as they could have, where vmap does not let us look."""
    try:
        return int(number.max()).bit_length()
    except RuntimeError:
        return (len(number) - 1).bit_length()


def _places(values: Tensor, gap: float, group: Tensor | None) -> Tensor:
    """How many clips of (M, B), in ascending order of target, come before each in (group, v).

    Returns:
        (1, M, B) at gap 0: among equal v the higher target comes first, so that neither finds the other. Otherwise
        (3, M, B): those that stand before it, those with v_j < v_i + gap, and those with v_j + gap <= v_i.
    """
    models, batch = values.shape
    if not gap:
        down = values.argsort(dim=-1, descending=True, stable=True)
        return _inverse(_by_group(down.flip(-1), group))[None]
    order = _inverse(_by_group(values.argsort(dim=-1, stable=True), group))
    both = torch.cat((values + gap, values), -1)
    double = None if group is None else group.repeat(2)
    merged = _by_group(both.argsort(dim=-1, stable=True), double)
    shifted = (merged < batch).long()
    shifted_before = (shifted.cumsum(-1) - shifted).gather(-1, _inverse(merged))
    all_before = _inverse(merged)
    lower = (all_before - shifted_before)[:, :batch]
    return torch.stack((order, lower, shifted_before[:, batch:]))


def _by_group(order: Tensor, group: Tensor | None) -> Tensor:
    return order if group is None else order.gather(-1, group[order].argsort(dim=-1, stable=True))


def _inverse(order: Tensor) -> Tensor:
    place = torch.arange(order.shape[-1], device=order.device).expand_as(order)
    return order.scatter(-1, order, place)


def _seen(content: Tensor, before: Tensor) -> Tensor:
    """Sums what clips carry, (B,), over those before each, (P, M, B); the first of ``before`` is where they stand."""
    own = before[0]
    if len(before) == 1:
        sums = own.scatter(-1, own, content.expand_as(own)).cumsum(-1)
        return sums.gather(-1, own).sub_(content)[None]
    sums = own.new_zeros(own.shape[0], own.shape[1] + 1)
    sums = sums.scatter(-1, own + 1, content.expand_as(own)).cumsum(-1)
    return sums.expand(len(before), -1, -1).gather(-1, before)
