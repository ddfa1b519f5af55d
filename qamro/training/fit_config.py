"""How a head is fitted: optimiser, batches, early stop."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn


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
        patience: Stops after this many epochs without a better validation loss.
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

    def __post_init__(self) -> None:
        """Refuses an unknown optimiser."""
        if self.optimizer not in ("sgd", "adamw"):
            raise ValueError(f"optimizer is 'sgd' or 'adamw', not {self.optimizer!r}")

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
