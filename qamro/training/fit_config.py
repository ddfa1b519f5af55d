"""How a head is fitted: optimiser, batches, early stop."""

from __future__ import annotations

import math
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
        stop_by: ``"loss"``: the best epoch is that of the lowest validation loss, each objective by its own.
            ``"srcc"``: that of the highest Spearman correlation on the validation clips, a criterion common to all.
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
        """Refuses an unknown optimiser or criterion."""
        if self.optimizer not in ("sgd", "adamw"):
            raise ValueError(f"optimizer is 'sgd' or 'adamw', not {self.optimizer!r}")
        if self.stop_by not in STOP_BY:
            raise ValueError(f"training stops by 'loss' or 'srcc', not {self.stop_by!r}")

    def is_better(self, row: dict[str, float], best: dict[str, float] | None) -> bool:
        """Whether an epoch is better than the best one before it; one whose criterion is undefined is not.

        Args:
            row: The epoch's row of the history.
            best: The best row; None before there was one.
        """
        key, sign = ("val_loss", -1) if self.stop_by == "loss" else ("val_srcc", 1)
        return not math.isnan(row[key]) and (best is None or sign * row[key] > sign * best[key])

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
