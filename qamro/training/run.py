"""The state of a training run: everything that a resumed run needs to be the same run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from qamro.heads import HeadStack, ScoreHead
from qamro.training.objective import Objective, stacked_loss


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


@dataclass
class Data:
    """Embeddings and MOS of training and validation clips.

    Attributes:
        features: (N, dim) training embeddings.
        targets: (N,) their MOS.
        val_features: (M, dim) validation embeddings.
        val_targets: (M,) their MOS.
    """

    features: torch.Tensor
    targets: torch.Tensor
    val_features: torch.Tensor
    val_targets: torch.Tensor


@dataclass
class Fit:
    """A fitted head.

    Attributes:
        head: With the weights of the best epoch.
        history: One row an epoch: ``epoch``, ``train_loss``, ``val_loss``.
        best_epoch: Counted from 1.
        val_loss: Of the best epoch.
    """

    head: ScoreHead
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    val_loss: float = float("inf")


class Run:
    """A stack of heads in training.

    Attributes:
        results: One fit a head; its head's weights are written by ``finish``.
        epochs: Epochs done.
    """

    def __init__(self, stack: HeadStack, objectives: Sequence[Objective], config: FitConfig, data: Data) -> None:
        """Prepares the optimiser and moves the data to the heads' device; features are standardised once."""
        device = stack.in_mean.device
        self.stack, self.objectives, self.config = stack, objectives, config
        self.features = stack.standardise(data.features.to(device))
        self.val_features = stack.standardise(data.val_features.to(device))
        self.targets, self.val_targets = data.targets.to(device), data.val_targets.to(device)
        self.optimizer = _optimizer(stack, config)
        self.order = torch.Generator().manual_seed(config.order)
        self.results = [Fit(head) for head in stack.heads]
        self.best = [stack.state_of(m) for m in range(len(stack))]
        self.stale = [0] * len(stack)
        self.epochs = 0

    @property
    def done(self) -> bool:
        """Whether every head has stopped, or the epochs are used up."""
        return self.epochs >= self.config.max_epochs or all(stale >= self.config.patience for stale in self.stale)

    def epoch(self) -> list[dict[str, float]]:
        """Trains on every batch once and measures the validation loss; returns the newest row of each head."""
        self.stack.train()
        total = torch.zeros(len(self.stack), device=self.targets.device)
        order = torch.randperm(len(self.targets), generator=self.order).to(self.targets.device)
        for batch in order.split(self.config.batch_size or len(self.targets)):
            losses = self._losses(self.features[..., batch, :], self.targets[batch])
            self.optimizer.zero_grad()
            losses.sum().backward()
            self.optimizer.step()
            total += losses.detach() * len(batch)
        self.stack.eval()
        with torch.no_grad():
            val_losses = self._losses(self.val_features, self.val_targets).tolist()
        self.epochs += 1
        rows = [
            {"epoch": self.epochs, "train_loss": train_loss, "val_loss": val_loss}
            for train_loss, val_loss in zip((total / len(self.targets)).tolist(), val_losses, strict=True)
        ]
        for m, row in enumerate(rows):
            self._note(m, row)
        return rows

    def finish(self) -> list[Fit]:
        """Writes the best weights into the heads and returns the fits; the heads are on the CPU, ready to predict."""
        for head in self.stack.unstack(self.best):
            head.cpu()
        return self.results

    def save(self, file: Path) -> None:
        """Writes the run to a file; a kill leaves the last whole epoch, never half of one."""
        state: dict[str, Any] = {
            "stack": self.stack.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "stale": self.stale,
            "epochs": self.epochs,
            "results": [(fit.history, fit.best_epoch, fit.val_loss) for fit in self.results],
            "order": self.order.get_state(),
            "dropout": [generator.get_state() for generator in self.stack.generators],
        }
        part = file.with_suffix(file.suffix + ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, part)
        os.replace(part, file)

    def restore(self, file: Path) -> None:
        """Goes on from a saved run."""
        state = torch.load(file, weights_only=True)
        self.stack.load_state_dict(state["stack"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.stale, self.epochs = state["best"], state["stale"], state["epochs"]
        for fit, (history, best_epoch, val_loss) in zip(self.results, state["results"], strict=True):
            fit.history, fit.best_epoch, fit.val_loss = history, best_epoch, val_loss
        self.order.set_state(state["order"])
        for generator, saved in zip(self.stack.generators, state["dropout"], strict=True):
            generator.set_state(saved)

    def _note(self, m: int, row: dict[str, float]) -> None:
        if self.stale[m] >= self.config.patience:
            return
        fit = self.results[m]
        fit.history.append(row)
        if row["val_loss"] < fit.val_loss:
            fit.val_loss, fit.best_epoch, self.stale[m] = row["val_loss"], self.epochs, 0
            self.best[m] = self.stack.state_of(m)
        else:
            self.stale[m] += 1

    def _losses(self, features: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        predictions = self.stack(features)
        if not any(objective.standardise for objective in self.objectives):
            return stacked_loss(self.objectives, predictions, targets)
        # The heads of a run share their training clips, and with them the scale of the scores.
        mean, deviation = self.stack.out_mean[0], self.stack.out_std[0]
        standard = stacked_loss(self.objectives, (predictions - mean) / deviation, (targets - mean) / deviation)
        if all(objective.standardise for objective in self.objectives):
            return standard
        wanted = torch.tensor([objective.standardise for objective in self.objectives], device=targets.device)
        return torch.where(wanted, standard, stacked_loss(self.objectives, predictions, targets))


def _optimizer(stack: HeadStack, config: FitConfig) -> torch.optim.Optimizer:
    if config.optimizer == "sgd":
        return torch.optim.SGD(stack.parameters(), lr=config.lr, momentum=config.momentum)
    return torch.optim.AdamW(stack.parameters(), lr=config.lr, weight_decay=config.weight_decay)
