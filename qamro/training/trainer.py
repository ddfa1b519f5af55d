"""Trains one head on frozen embeddings, with early stopping and a checkpoint after every epoch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from qamro.heads import ScoreHead
from qamro.training.objective import Objective


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
        seed: Of the initial weights, the batches and the dropout.
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


def fit(
    data: Data,
    objective: Objective,
    config: FitConfig | None = None,
    *,
    on_epoch: Callable[[dict[str, float]], bool | None] | None = None,
    checkpoint: Path | None = None,
    device: str | torch.device = "cpu",
) -> Fit:
    """Trains a head until the validation loss stops falling.

    Args:
        data: Embeddings and MOS.
        objective: The loss.
        config: How to fit.
        on_epoch: Called with each row of the history; returning True stops.
        checkpoint: A file written after every epoch; when it is there, training goes on from it.
        device: Where to train.

    Raises:
        ValueError: There are no training or no validation clips.
    """
    config = config or FitConfig()
    if len(data.targets) == 0 or len(data.val_targets) == 0:
        raise ValueError("training needs clips to fit and clips to stop by; one of the two parts is empty")
    data = Data(*(tensor.to(device) for tensor in (data.features, data.targets, data.val_features, data.val_targets)))
    device = torch.device(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        head = ScoreHead(data.features.shape[1], config.hidden, config.dropout).to(device)
        head.calibrate_scales(data.features, data.targets)
        run = _Run(head, _optimizer(head, config), Fit(head))
        if checkpoint is not None and checkpoint.is_file():
            run.restore(checkpoint)
        while run.stale < config.patience and len(run.result.history) < config.max_epochs:
            row = run.epoch(data, objective, config)
            if checkpoint is not None:
                run.save(checkpoint)
            if on_epoch is not None and on_epoch(row):
                break
    head.load_state_dict(run.best)
    head.eval().cpu()
    return run.result


class _Run:
    """The state of a training run: everything that a resumed run needs to be the same run."""

    def __init__(self, head: ScoreHead, optimizer: torch.optim.Optimizer, result: Fit) -> None:
        self.head, self.optimizer, self.result = head, optimizer, result
        self.best = {key: value.clone() for key, value in head.state_dict().items()}
        self.stale = 0

    def epoch(self, data: Data, objective: Objective, config: FitConfig) -> dict[str, float]:
        self.head.train()
        size = config.batch_size or len(data.targets)
        total = 0.0
        order = torch.randperm(len(data.targets)).to(data.targets.device)
        for batch in order.split(size):
            loss = _loss(self.head, data.features[batch], data.targets[batch], objective)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(batch)
        self.head.eval()
        with torch.no_grad():
            val_loss = _loss(self.head, data.val_features, data.val_targets, objective).item()
        number = len(self.result.history) + 1
        row = {"epoch": number, "train_loss": total / len(data.targets), "val_loss": val_loss}
        self.result.history.append(row)
        if val_loss < self.result.val_loss:
            self.result.val_loss, self.result.best_epoch, self.stale = val_loss, number, 0
            self.best = {key: value.clone() for key, value in self.head.state_dict().items()}
        else:
            self.stale += 1
        return row

    def save(self, file: Path) -> None:
        state: dict[str, Any] = {
            "head": self.head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "stale": self.stale,
            "history": self.result.history,
            "best_epoch": self.result.best_epoch,
            "val_loss": self.result.val_loss,
            "rng": torch.get_rng_state(),
        }
        part = file.with_suffix(file.suffix + ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, part)
        os.replace(part, file)  # a kill leaves the last whole epoch, never half of one

    def restore(self, file: Path) -> None:
        state = torch.load(file, weights_only=True)
        self.head.load_state_dict(state["head"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.stale = state["best"], state["stale"]
        self.result.history = state["history"]
        self.result.best_epoch, self.result.val_loss = state["best_epoch"], state["val_loss"]
        torch.set_rng_state(state["rng"])


def _optimizer(head: ScoreHead, config: FitConfig) -> torch.optim.Optimizer:
    if config.optimizer == "sgd":
        return torch.optim.SGD(head.parameters(), lr=config.lr, momentum=config.momentum)
    return torch.optim.AdamW(head.parameters(), lr=config.lr, weight_decay=config.weight_decay)


def _loss(head: ScoreHead, features: torch.Tensor, targets: torch.Tensor, objective: Objective) -> torch.Tensor:
    predictions = head(features)
    if objective.standardise:
        predictions, targets = (predictions - head.out_mean) / head.out_std, (targets - head.out_mean) / head.out_std
    return objective(predictions, targets)


def describe(config: FitConfig) -> dict[str, Any]:
    """Returns the settings for a card, without the seed and what the chosen optimiser does not use."""
    settings = asdict(config) | {"hidden": list(config.hidden)}
    for unused in ("seed", "weight_decay" if config.optimizer == "sgd" else "momentum"):
        settings.pop(unused)
    return settings
