"""What a visitor chose to train, and the recipe that follows from it."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from qamro.training.presets import MEASURED

if TYPE_CHECKING:
    from qamro.training.objective import Objective
    from qamro.training.recipe import Recipe


FITTED = (
    "optimizer", "lr", "weight_decay", "dropout", "batch_size", "epochs", "patience", "stop_by", "seeds", "hold_out",
)  # fmt: skip
"""Those of the settings that say how heads are fitted; each is a flag of the command line and a column of the CSV."""


@dataclass(frozen=True)
class Settings:
    """One press of the Train button; plain values, so that it can go to another process.

    Attributes:
        axes: Which axes to train.
        encoder: What embeds the clips; see ``qamro.encoders.load_encoder``.
        objective: A key of ``OBJECTIVES``.
        parameters: Those of ``texts.PARAMETERS`` that replace the objective's own.
        optimizer: ``"sgd"`` or ``"adamw"``.
        lr: Learning rate.
        batch_size: Clips a step; 0 takes all.
        epochs: At most this many.
        patience: Epochs without a better one until a head is done.
        dropout: Of the heads, in [0, 1).
        weight_decay: Of AdamW.
        seeds: Fits an axis; the best one is kept.
        hold_out: ``"content"``, ``"system"`` or ``"both"``: what no two parts of the study share.
        stop_by: What the best epoch and the best seed are chosen by, on the validation clips: ``"loss"`` or ``"srcc"``.
        seconds: Time after which training stops and keeps its best; 0 for none.
    """

    axes: tuple[str, ...]
    encoder: str = "logmel"
    objective: str = MEASURED.objective
    parameters: tuple[tuple[str, Any], ...] = ()
    optimizer: str = MEASURED.optimizer
    lr: float = MEASURED.lr
    batch_size: int = MEASURED.batch_size
    epochs: int = MEASURED.epochs
    patience: int = MEASURED.patience
    dropout: float = 0.1
    weight_decay: float = 1e-2
    seeds: int = 3
    hold_out: str = "content"
    stop_by: str = "loss"
    seconds: float = 0.0


def objective_of(settings: Settings, axis: str) -> Objective:
    """Returns the objective of an axis with the visitor's parameters.

    Raises:
        ValueError: There is no such objective, or a parameter is out of range; the message says which.
    """
    from qamro.training.objective.choice import chosen_objective

    return chosen_objective(settings.objective, axis, dict(settings.parameters))


def recipe_of(settings: Settings, name: str, command: str) -> Recipe:
    """Returns how to train.

    Args:
        settings: What was chosen.
        name: For the card.
        command: What makes these heads again, for the card.

    Raises:
        ValueError: A value is out of range; the message says which.
    """
    from functools import partial

    from qamro.training.fit_config import FitConfig
    from qamro.training.recipe import Recipe

    for axis in settings.axes:
        objective_of(settings, axis)
    config = FitConfig(
        optimizer=settings.optimizer,
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        batch_size=settings.batch_size,
        max_epochs=settings.epochs,
        patience=settings.patience,
        dropout=settings.dropout,
        stop_by=settings.stop_by,
    )
    return Recipe(name, settings.axes, partial(objective_of, settings), config, range(settings.seeds), command)


def command_of(settings: Settings, study: str) -> str:
    """Returns the settings as a line of the command line, for the card.

    Args:
        settings: What was chosen.
        study: Name of the study; whoever brought it along puts its file or folder there.
    """
    parts = ["python", "-m", "qamro", "train", "--study", study, "--encoder", settings.encoder]
    for axis in settings.axes:
        parts += ["--axis", axis]
    parts += ["--objective", settings.objective]
    for name, value in settings.parameters:
        parts += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    values = asdict(settings)
    for name in FITTED:
        parts += [f"--{name.replace('_', '-')}", f"{values[name]:g}" if name in ("lr",) else str(values[name])]
    return shlex.join(parts)
