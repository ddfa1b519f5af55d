"""What the targets of a batch decide, and what both ways of counting in NumPy share."""

from __future__ import annotations

import abc
import functools
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from qamro.losses._scaling import centred, normalised

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

Way = tuple[str, tuple[float, float] | None]
"""How targets are normalised: ``normalize`` and ``scale`` of ``qamro_loss``."""

SUM_BITS = 51
"""Weights are integers in a unit of which all of a batch are less than 2 to this power: sums are exact in float64."""

TOGETHER = 1 << 13
"""Clips of all models that are worked on at a time, so that all stays in the processor's cache."""


class Ranked(NamedTuple):
    """The different targets of a batch in ascending order, (K,), which of them each clip has, (B,), and how often."""

    levels: Array
    code: Array
    counts: Array


def rank(targets: Tensor) -> Ranked:
    """Ranks targets, (B,); in mini-batches they are others at every step, so this has to be quick."""
    import numpy as np

    return Ranked(*np.unique(targets.double().numpy(), return_inverse=True, return_counts=True))


class KnownTargets(abc.ABC):
    """A batch of targets.

    Attributes:
        targets: y, (B,), to recognise them by.
        centred: y with its median moved to zero, (B,).
        code: Rank of each clip's target, equal for equal targets, (B,).
        counts: Clips of each target, in ascending order, (K,).
        pairs: Number of pairs with different targets, at least 1.
    """

    def __init__(self, targets: Tensor, ranked: Ranked | None = None):
        """Takes the ranks that are known, or ranks."""
        self.targets, batch = targets, len(targets)
        self._levels, self.code, self.counts = ranked or rank(targets)
        self.pairs = max((batch * batch - int(self.counts @ self.counts)) / 2, 1.0)
        self.centred = centred(targets).numpy()
        self.quality = functools.lru_cache(self._quality)

    def _quality(self, way: Way) -> Array:
        """ỹ of each target, in ascending order, (K,)."""
        return normalised(torch.from_numpy(self._levels), *way).numpy()

    @abc.abstractmethod
    def slope(self, v: Array, beta: Array, way: Way) -> Array:
        """The derivative of QAMRO by ŷ.

        Args:
            v: αy - ŷ, (m, B).
            beta: (m, 1).
            way: How the targets are normalised.

        Returns:
            (m, B).
        """

    def ascending(self, v: Array) -> tuple[Array, Array]:
        """Which clip comes where in ascending order of v, of equal v the one with the higher target first.

        Returns:
            (m, B), within the row of its model; and within all rows, one after the other.
        """
        import numpy as np

        order = v.argsort(1)
        among_all = self._among_all(order)
        in_order = v.take(among_all)
        if (in_order[:, 1:] == in_order[:, :-1]).any():
            for model, values in enumerate(v):
                order[model] = np.lexsort((-self.code, values))
            among_all = self._among_all(order)
        return order, among_all

    def _among_all(self, order: Array) -> Array:
        return order if len(order) == 1 else order + begin(*order.shape)


@functools.lru_cache
def begin(rows: int, length: int) -> Array:
    """Where each row begins when they are put one after the other, (rows, 1)."""
    import numpy as np

    return np.arange(0, rows * length, length)[:, None]


def unit_of(beta: Array, batch: int) -> Array:
    """The power of 2 by which to multiply the weights q of Eq. 3, at most max(|β|, 1), to round them to integers."""
    import numpy as np

    return np.exp2(SUM_BITS - np.ceil(np.log2(batch * np.maximum(np.abs(beta), 1))))


@functools.cache
def two_of(size: int) -> tuple[Array, Array]:
    """Each two of so many places: the later and the earlier."""
    import numpy as np

    return np.tril_indices(size, -1)
