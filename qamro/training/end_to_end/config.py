"""How encoder and heads are fitted together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from qamro.training.end_to_end.network import Network
from qamro.training.fit_config import FitConfig


@dataclass(frozen=True)
class EndToEndConfig(FitConfig):
    """How to fit; ``lr`` is that of the heads. Batch, optimiser, rate and patience are the paper's.

    Attributes:
        encoder_lr: Learning rate of the encoder.
        micro_batch: Clips that are computed at once; memory grows with it, the result does not depend on it but for
            rounding and the draws of dropout.
        last: How many of the encoder's last stages are trained; None for all.
        precision: ``"float32"``, or ``"bfloat16"`` for the encoder's matrix products.
        checkpoint_activations: Compute activations again on the way back instead of keeping them.
        encoder_dropout: Whether the encoder's own dropout is on in training.
    """

    max_epochs: int = 100
    encoder_lr: float = 5e-4
    micro_batch: int = 8
    last: int | None = None
    precision: str = "float32"
    checkpoint_activations: bool = False
    encoder_dropout: bool = True

    def __post_init__(self) -> None:
        """Refuses settings that cannot be meant."""
        super().__post_init__()
        if not 0 < self.encoder_lr < math.inf:
            raise ValueError(f"the encoder's rate (encoder_lr) is a number above zero, not {self.encoder_lr}")
        if self.micro_batch < 1:
            raise ValueError(f"micro_batch is at least 1, not {self.micro_batch}")
        if self.checkpoint_activations and not self.encoder_dropout:
            raise ValueError("checkpoint_activations works in training mode only, hence with encoder_dropout")
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision is 'float32' or 'bfloat16', not {self.precision!r}")

    @property
    def dtype(self) -> torch.dtype:
        """What matrix products of the encoder are computed in."""
        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32

    def make_optimizer(self, model: torch.nn.Module) -> torch.optim.Optimizer:
        """Makes the optimiser, with a rate for the encoder and one for the heads; what is frozen is left out."""
        if not isinstance(model, Network):
            return super().make_optimizer(model)
        groups = [
            {"params": [p for p in part.parameters() if p.requires_grad], "lr": rate}
            for part, rate in ((model.tower, self.encoder_lr), (model._heads, self.lr))
        ]
        groups = [group for group in groups if group["params"]]
        if self.optimizer == "sgd":
            return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum)
        return torch.optim.AdamW(groups, lr=self.lr, weight_decay=self.weight_decay)
