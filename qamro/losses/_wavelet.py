"""Active pairs by order statistics: O(B log B) time and O(B) memory, exact.

Sort all clips by v. The active pairs of a better clip i are the clips of a lower target among those that come first;
those of a worse clip j are the clips of a higher target among those that come last. How many numbers below c are among
the first k of a sequence is what a *wavelet matrix* answers (Claude, Navarro and Ordóñez, 2015, Information Systems
47). Write the rank of each target in binary and take the bits from the highest down; at each bit, all clips with a 0
move before all clips with a 1 and keep their order otherwise. Two clips part at exactly one bit, the highest in which
their ranks differ: there both are in one *node* (a run of clips whose higher bits agree), the worse one has a 0 and the
better one a 1. Equal targets share a rank and never part, so ties cost nothing and are exact. MOS in steps of 0.2 have
21 ranks, hence 5 bits, however large the batch.

All that a level needs is one prefix sum over the bits and one over masses in fixed point. Sums of integers are exact
and do not depend on their order: the answer is the same on every device and with any number of threads.
"""

from __future__ import annotations

import torch
from torch import Tensor

from qamro.losses._ranks import rank_targets


class _Prefixes:
    """Pointers into the sequence of clips, and what they have seen before them on the way down to their codes.

    What is seen counts from the start of the sequence, hence in earlier nodes too. Two pointers of one code share their
    nodes, so the difference of what they have seen is what lies between them. All work is in place: at a million
    clips, fresh memory costs more than arithmetic.

    Attributes:
        pointer: How many clips come before, (M, n), int64.
        lesser: How many clips parted as lesser before the pointer, summed over levels.
        greater: How many clips parted as greater before the pointer, summed over levels.
        greater_mass: The sum of the masses of the latter.
    """

    def __init__(self, pointer: Tensor, code: Tensor):
        self.pointer, self._code = pointer.clone(), code
        self._has_zero, self._seen = torch.empty_like(code), torch.empty_like(self.pointer)
        self.lesser, self.greater, self.greater_mass = (torch.zeros_like(self.pointer) for _ in range(3))

    def descend(self, level: int, ones: Tensor, masses: Tensor | None, zeros: Tensor, count: bool) -> None:
        """Goes down by one bit.

        Args:
            level: The bit that parts the clips.
            ones: How many of the first 0, 1, …, B clips have a 1, (M, B + 1).
            masses: The sum of the masses of those, (M, B + 1); or None.
            zeros: How many clips have a 0, an integer scalar; they go before all that have a 1.
            count: Whether what parts here counts.
        """
        has_zero = torch.bitwise_right_shift(self._code, level, out=self._has_zero).bitwise_and_(1).bitwise_xor_(1)
        if count and masses is not None:
            seen = torch.gather(masses, -1, self.pointer, out=self._seen)
            self.greater_mass.addcmul_(has_zero, seen)
        seen = torch.gather(ones, -1, self.pointer, out=self._seen)
        zeros_seen = self.pointer.sub_(seen)
        if count:
            self.greater.addcmul_(has_zero, seen)
            self.lesser.add_(zeros_seen).addcmul_(has_zero, zeros_seen, value=-1)
        after_ones = seen.add_(zeros)
        self.pointer = zeros_seen.sub_(after_ones).mul_(has_zero).add_(after_ones)


def _sum_up(sums: Tensor, place: Tensor, content: Tensor) -> None:
    """Sums up what the clips carry, (B,), in the order of their places, (M, B), before 0, 1, …, B of them."""
    sums[:, 0] = 0
    sums[:, 1:].scatter_(-1, place, content.expand_as(place))
    torch.cumsum(sums, -1, out=sums)


def _places(values: Tensor, gap: float) -> tuple[Tensor, Tensor, Tensor]:
    """Where each clip stands in ascending order of v, how many v_j < v_i + gap, and how many v_i + gap <= v_j.

    At gap 0 the three may be one: among clips of equal v the better one comes first, so that neither finds the other.
    """
    by_value = values.argsort(dim=-1, descending=True, stable=True)
    ascending = torch.arange(values.shape[-1], device=values.device).expand_as(values)
    place = torch.empty_like(by_value).scatter_(-1, by_value, ascending.flip(-1))
    if gap == 0:
        return place, place, place
    in_order = values.gather(-1, by_value.flip(-1))
    lower = torch.searchsorted(in_order, values + gap)
    upper = torch.searchsorted(in_order + gap, values, right=True)
    return place, lower, upper


def count_pairs(
    values: Tensor, gap: float, targets: Tensor, mass: Tensor | None, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Counts active pairs; see ``_pairs.active_pairs`` for the arguments and the answer.

    Args:
        values: (M, B).
        gap: A number.
        targets: (B,).
        mass: (B,) or None.
        groups: (B,) or None.
    """
    models, batch = values.shape
    ranks = rank_targets(targets, groups)
    place, lower, upper = _places(values[:, ranks.order], gap)
    below = _Prefixes(lower, ranks.code)
    above = below if upper is lower else _Prefixes(upper, ranks.code)
    own = below if place is lower else _Prefixes(place, ranks.code)
    # Between these two pointers lies the node of each code; it is the same in every model.
    ends = torch.tensor([[0], [batch]], device=values.device).expand(2, len(ranks.distinct))
    node = _Prefixes(ends, ranks.distinct)

    # The sum of B masses, over all levels, stays below 2^62; with a million clips a unit is still 7e-12.
    unit = 2.0 ** (62 - batch.bit_length() - ranks.levels.bit_length())
    fixed = None if mass is None else (mass[ranks.order] * unit).round().long()
    ones = ranks.code.new_empty(models, batch + 1)
    masses = None if mass is None else torch.empty_like(ones)
    node_masses = None if masses is None else masses[:1].expand(2, -1)
    bit = torch.empty_like(ranks.code)
    for level in reversed(range(ranks.bits)):
        count = level < ranks.levels  # above, whole groups part
        torch.bitwise_right_shift(ranks.code, level, out=bit).bitwise_and_(1)
        zeros = batch - bit.sum()
        _sum_up(ones, own.pointer, bit)
        if count and masses is not None and fixed is not None:
            _sum_up(masses, own.pointer, bit.mul_(fixed))
        node.descend(level, ones[:1].expand(2, -1), node_masses, zeros, count)
        if own is not below:
            own.descend(level, ones, None, zeros, count=False)
        if above is not below:
            above.descend(level, ones, masses, zeros, count)
        below.descend(level, ones, masses, zeros, count)

    better = below.lesser - node.lesser[0, ranks.rank]
    worse = node.greater[1, ranks.rank] - above.greater
    better_mass = node.greater_mass[1, ranks.rank] - above.greater_mass
    back = torch.empty_like(ranks.order).scatter_(0, ranks.order, torch.arange(batch, device=values.device))
    better, worse, better_mass = (count.index_select(-1, back).double() for count in (better, worse, better_mass))
    return ranks.pairs, better, worse, better_mass / unit
