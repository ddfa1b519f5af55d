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

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from qamro.losses._checks import group_index

DENSE_BATCH = 384
"""Largest batch in which every clip is compared with every other.

On one thread, comparing took .64 ms of a step at 384 clips and sorting .59 to 1.06 (the least with 21 targets that are
the last step's, the most with new targets, all different); at 448, 2.0 ms and .58 to 1.08.
"""

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
    pairs, *counts = (by_comparing if small else by_order)(flat, gap, targets.detach().double(), mass, groups)
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
    at = _standing(targets, groups)
    # What stands before a clip in (group, v): itself; clips with v_j < v_i + gap; and clips with v_j + gap <= v_i.
    before = _places(values.gather(-1, at.order.expand_as(values)), gap, at.group)
    entered, parted = before, torch.zeros_like(before)

    unit = 2.0 ** (62 - len(targets).bit_length())  # B masses stay below 2^62; with a million clips a unit is 2e-13
    fixed = None if mass is None else (mass[at.order] * unit).round_().long()
    mass_before = torch.zeros_like(before[-1]) if fixed is None else _seen(fixed, before)[-1]
    mass_parted = torch.zeros_like(mass_before)
    for one, zero, is_one, shift in at.bits or _bits(at.number):
        seen = _seen(one, before)
        # In its run, a 0 has only the other 0s before it; a 1 has all 0s, and the other 1s.
        after = torch.where(is_one, seen, before - seen).add_(shift)
        parted = parted.addcmul(one, before - after)
        before = after
        if fixed is not None:
            mass_after = _seen(fixed, before)[-1]
            mass_parted = mass_parted.addcmul(zero, mass_before - mass_after)
            mass_before = mass_after

    better = parted[1 if gap else 0] + at.lower
    worse = at.higher - (entered[-1] - before[-1]) + parted[-1]
    if fixed is not None:
        upto = torch.cat((torch.zeros_like(fixed[:1]), fixed.cumsum(0)))
        mass_parted = upto[at.end + at.higher] - upto[at.end] - mass_parted
    counts = torch.stack((better, worse, mass_parted))
    counts = counts.gather(-1, at.back.expand_as(counts)).double()
    return at.pairs.clone(), counts[0], counts[1], counts[2] / unit


class _Standing(NamedTuple):
    """How the targets of a batch stand to each other; clips in ascending order of group and target.

    Attributes:
        order: Which clip comes where, (B,).
        back: Where each clip comes, (B,).
        group: (B,), or None.
        number: Rank of the target among those of its group, equal for equal ones, (B,).
        end: Where the clips of the same target end, (B,).
        lower: How many clips of the group have a lower target, (B,).
        higher: How many have a higher one, (B,).
        pairs: Number of pairs with different targets, float64.
        bits: What ``_bits`` says, where it is kept.
    """

    order: Tensor
    back: Tensor
    group: Tensor | None
    number: Tensor
    end: Tensor
    lower: Tensor
    higher: Tensor
    pairs: Tensor
    bits: tuple[tuple[Tensor, Tensor, Tensor, Tensor], ...] = ()


_KEPT = 1 << 13
"""Largest batch whose standing is kept: who trains on all clips in every step has the same targets again."""

_last: list[tuple[Tensor, _Standing]] = []
"""The last batch; replaced as a whole, so that threads never see half of it."""


def _standing(targets: Tensor, groups: Tensor | None) -> _Standing:
    global _last  # noqa: PLW0603
    keep = groups is None and len(targets) <= _KEPT and torch._C._functorch.maybe_current_level() is None
    for known, found in _last if keep else ():
        if known.device == targets.device and torch.equal(known, targets):
            return found
    order = targets.argsort(stable=True)
    group = None
    if groups is not None:
        group = group_index(groups)
        order = order[group[order].argsort(stable=True)]
        group = group[order]
    first, end, number = _runs(targets[order], group)
    low, high = (torch.zeros_like(end), torch.full_like(end, len(end))) if group is None else _runs(group, None)[:2]
    higher = high - end
    pairs = higher.sum().double()
    made = _Standing(order, _inverse(order), group, number - number[low], end, first - low, higher, pairs)
    if keep:
        made = made._replace(bits=tuple(_bits(made.number)))
        _last = [(targets.clone(), made)]
    return made


def _bits(number: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """From the highest bit of the numbers to the lowest: the bit, 1 less it, whether it is 1, how far a clip moves.

    Under ``torch.vmap`` over targets nobody may look how many bits there are, and it is as many as there could be.
    """
    try:
        bits = int(number.max()).bit_length()
    except RuntimeError:
        bits = (len(number) - 1).bit_length()
    place = torch.arange(len(number), device=number.device)
    for level in reversed(range(bits)):
        one = number.bitwise_right_shift(level).bitwise_and_(1)
        is_one, ones = one.bool(), one.cumsum(0).sub_(one)
        yield one, 1 - one, is_one, torch.where(is_one, place - ones, ones)


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
