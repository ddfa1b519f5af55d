"""What a fit takes, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from qamro.heads.kinds import Head


@dataclass
class Data:
    """Embeddings and MOS of training and validation clips.

    Attributes:
        features: (N, dim) training embeddings.
        targets: (N,) their MOS.
        val_features: (M, dim) validation embeddings.
        val_targets: (M,) their MOS.
        contents: (N,) numbers of the training clips' contents (sentence, song, prompt), for what is cross-validated
            within them; None where every clip is its own.
    """

    features: torch.Tensor
    targets: torch.Tensor
    val_features: torch.Tensor
    val_targets: torch.Tensor
    contents: torch.Tensor | None = None


@dataclass
class Fit:
    """A fitted head.

    Attributes:
        head: With the weights of the best epoch.
        history: One row an epoch: ``epoch``, ``train_loss``, ``val_loss``, and ``val_srcc``, Spearman's correlation
            over the validation clips (NaN where it is undefined: one side is constant, or fewer than two clips).
        best_epoch: Counted from 1.
        val_loss: Of the best epoch.
        seconds: Spent on epochs by the whole stack that it was trained in, over all resumptions.
    """

    head: Head
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    val_loss: float = float("inf")
    seconds: float = 0.0

    @property
    def best_row(self) -> dict[str, float] | None:
        """The history's row of the best epoch; None where no epoch was any good."""
        return next((row for row in self.history if row["epoch"] == self.best_epoch), None)
