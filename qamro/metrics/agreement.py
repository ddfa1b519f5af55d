"""Whether scores order systems and clips as people do, over all batches of an epoch: SystemSRCC, PairwiseAccuracy."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from qamro.metrics.metric import Metric, scores_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class SystemSRCC(Metric):
    """Spearman's correlation of systems: of each system's mean score with its mean rating.

    It has no interval; ``qamro.evaluate`` gives one. Of fewer than three systems there is no order (NaN with a
    warning), and of fewer than eight ``note`` says that it is a hint.

    Example:
        >>> metric = SystemSRCC()
        >>> metric.update([1.0, 2.0, 3.0, 3.5], [1.5, 2.5, 4.0, 4.5], ["a", "b", "c", "c"])
        >>> float(metric.compute())
        1.0
    """

    higher_is_better = True
    preds: list[torch.Tensor]
    target: list[torch.Tensor]
    systems: list[torch.Tensor]

    def __init__(self, **kwargs: Any) -> None:
        """Makes an empty metric.

        Args:
            **kwargs: What ``torchmetrics.Metric`` takes, such as ``sync_on_compute``.
        """
        super().__init__(**kwargs)
        for name in ("preds", "target", "systems"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, preds: ArrayLike | torch.Tensor, target: ArrayLike | torch.Tensor, systems: Sequence[Any]) -> None:
        """Takes a batch.

        Args:
            preds: N predicted scores ŷ.
            target: N mean ratings y.
            systems: N systems, by name or number; the same name is the same system on every rank.

        Raises:
            ValueError: The lengths differ, or a score is NaN or infinite.
        """
        scores, rated = scores_of(preds, "predictions"), scores_of(target, "ratings")
        if not len(scores) == len(rated) == len(systems):
            raise ValueError(
                f"{len(scores)} predictions, {len(rated)} ratings and {len(systems)} systems; give N of each"
            )
        named = torch.tensor([_number(system) for system in systems], dtype=torch.long, device=scores.device)
        self.preds.append(scores)
        self.target.append(rated.to(scores.device))
        self.systems.append(named)

    def compute(self) -> torch.Tensor:
        """Returns the correlation, from -1 to 1; NaN where there is none."""
        from qamro.evaluation.bootstrap import settle
        from qamro.evaluation.levels import hint, too_few
        from qamro.evaluation.metrics import srcc

        preds, target, systems = (_joined(each) for each in (self.preds, self.target, self.systems))
        _, place = np.unique(systems, return_inverse=True)
        n = int(place.max()) + 1 if len(place) else 0
        self.note = too_few(n, "system") or hint(n, "system")
        if too_few(n, "system"):
            return _undefined(self.note)
        counts = np.bincount(place)
        means = [settle(np.bincount(place, weights=values) / counts) for values in (preds, target)]
        return torch.tensor(float(srcc(*means)), dtype=torch.float64)


class PairwiseAccuracy(Metric):
    """Share of pairs of clips with different ratings that the scores put in the right order; ties count half.

    Time and memory grow with the clips of an epoch: every pair of all batches counts, not those of a batch alone.

    Example:
        >>> metric = PairwiseAccuracy()
        >>> metric.update([1.0, 3.0, 2.0], [2.0, 5.0, 5.0])
        >>> float(metric.compute())
        1.0
    """

    higher_is_better = True
    preds: list[torch.Tensor]
    target: list[torch.Tensor]

    def __init__(self, **kwargs: Any) -> None:
        """Makes an empty metric.

        Args:
            **kwargs: What ``torchmetrics.Metric`` takes, such as ``sync_on_compute``.
        """
        super().__init__(**kwargs)
        for name in ("preds", "target"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, preds: ArrayLike | torch.Tensor, target: ArrayLike | torch.Tensor) -> None:
        """Takes a batch.

        Args:
            preds: N predicted scores ŷ.
            target: N mean ratings y.

        Raises:
            ValueError: The lengths differ, or a score is NaN or infinite.
        """
        scores, rated = scores_of(preds, "predictions"), scores_of(target, "ratings")
        if len(scores) != len(rated):
            raise ValueError(f"{len(scores)} predictions and {len(rated)} ratings; give N of each")
        self.preds.append(scores)
        self.target.append(rated.to(scores.device))

    def compute(self) -> torch.Tensor:
        """Returns the share, from 0 to 1; NaN where one side is constant."""
        from qamro.evaluation.levels import hint, too_few
        from qamro.evaluation.metrics import pairwise_accuracy

        preds, target = _joined(self.preds), _joined(self.target)
        self.note = too_few(len(preds), "clip") or hint(len(preds), "clip")
        if len(preds) < 2:
            return _undefined(self.note)
        return torch.tensor(float(pairwise_accuracy(preds, target)), dtype=torch.float64)


def _joined(state: list[torch.Tensor] | torch.Tensor) -> np.ndarray:
    """A state as one array: torchmetrics hands over a list, or one tensor where ranks were put together."""
    if isinstance(state, torch.Tensor):
        return state.cpu().numpy()
    return torch.cat(state).cpu().numpy() if state else np.zeros(0)


def _number(system: Any) -> int:
    """A system's number, the same in every process: a number stays, a name is hashed to 63 bits."""
    if isinstance(system, int | np.integer | torch.Tensor):
        return int(system)
    return int.from_bytes(hashlib.blake2b(str(system).encode(), digest_size=8).digest(), "big") >> 1


def _undefined(why: str) -> torch.Tensor:
    from qamro.evaluation.metrics import UndefinedMetricWarning

    warnings.warn(f"undefined, NaN: {why}", UndefinedMetricWarning, stacklevel=3)
    return torch.tensor(float("nan"), dtype=torch.float64)
