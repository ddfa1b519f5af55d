"""How a head is fitted: optimiser, batches, early stop."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

STOP_BY = ("loss", "srcc")
"""What the best epoch may be chosen by."""


@dataclass(frozen=True)
class FitConfig:
    """How to fit; the defaults are the paper's.

    Attributes:
        optimizer: ``"sgd"`` or ``"adamw"``.
        lr: Learning rate.
        momentum: Of SGD.
        weight_decay: Of AdamW.
        batch_size: Clips a step; 0 ranks all training clips in every step, which the linearithmic loss affords.
        max_epochs: Stops here at the latest.
        patience: Stops after this many epochs without a better validation loss (or correlation, see ``stop_by``).
        stop_by: What the best epoch, and of several seeds the best one, is chosen by. ``"loss"``: the lowest validation
            loss, each objective by its own. ``"srcc"``: the highest Spearman correlation on the validation clips, a
            criterion common to all objectives.
        hidden: Widths of the head's hidden layers.
        dropout: Of the head.
        seed: Of the initial weights and the dropout.
        order: Seed of the order of the batches.
    """

    optimizer: str = "sgd"
    lr: float = 5e-4
    momentum: float = 0.9
    weight_decay: float = 1e-2
    batch_size: int = 256
    max_epochs: int = 1000
    patience: int = 20
    hidden: tuple[int, int] = (128, 64)
    dropout: float = 0.1
    seed: int = 0
    order: int = 0
    stop_by: str = "loss"

    def __post_init__(self) -> None:
        """Refuses an unknown optimiser or criterion, and a learning rate that cannot teach."""
        if self.optimizer not in ("sgd", "adamw"):
            raise ValueError(f"optimizer is 'sgd' or 'adamw', not {self.optimizer!r}")
        if self.stop_by not in STOP_BY:
            raise ValueError(f"training stops by 'loss' or 'srcc', not {self.stop_by!r}")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"the learning rate (lr) is a number above zero, for example 1e-3, not {self.lr}")

    def is_better(self, row: Mapping[str, float], best: Mapping[str, float] | None) -> bool:
        """Whether an epoch is better than the best one before it; one whose criterion is undefined is not.

        Args:
            row: The epoch's row of the history.
            best: The best row; None before there was one.
        """
        return not math.isnan(self._badness(row)) and (best is None or self._badness(row) < self._badness(best))

    def choose(self, best: Sequence[Mapping[str, float] | None]) -> int:
        """Returns which of several fits to keep, by the same criterion; the first of those that are as good.

        Args:
            best: For each fit the row of its best epoch; None where no epoch was any good.
        """
        return min(range(len(best)), key=lambda m: math.inf if (row := best[m]) is None else self._badness(row))

    def check_criterion(self, val_targets: torch.Tensor, axis: str = "") -> None:
        """Refuses a correlation with clips that are all rated alike: no epoch would ever be better than another.

        Args:
            val_targets: (M,) MOS of the validation clips.
            axis: For the message.

        Raises:
            ValueError: The criterion is a correlation, and undefined.
        """
        if self.stop_by == "srcc" and len(val_targets.unique()) < 2:
            where = f" on {axis}" if axis else ""
            raise ValueError(
                f"the {len(val_targets)} validation clips are all rated alike{where}, so their SRCC is undefined; "
                "stop by the loss, or hold out other clips"
            )

    def _badness(self, row: Mapping[str, float]) -> float:
        """What the best epoch has least of."""
        return row["val_loss"] if self.stop_by == "loss" else -row["val_srcc"]

    def make_optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Makes the optimiser of a model's parameters."""
        if self.optimizer == "sgd":
            return torch.optim.SGD(model.parameters(), lr=self.lr, momentum=self.momentum)
        return torch.optim.AdamW(model.parameters(), lr=self.lr, weight_decay=self.weight_decay)


def describe(config: FitConfig) -> dict[str, Any]:
    """Returns the settings for a card, without the seed and what the chosen optimiser does not use."""
    settings = asdict(config) | {"hidden": list(config.hidden)}
    for unused in ("seed", "weight_decay" if config.optimizer == "sgd" else "momentum"):
        settings.pop(unused)
    return settings
