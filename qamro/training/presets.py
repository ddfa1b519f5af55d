"""What a training is told, and what it does unless told otherwise; the same in the terminal and in the app."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import Any

from qamro.training.objective.objective import Objective, chosen_objective


@dataclass(frozen=True)
class Preset:
    """An objective and how heads are fitted with it.

    Attributes:
        title: For choices in the app.
        note: A sentence on where it comes from.
        objective: A key of ``OBJECTIVES``.
        optimizer: ``"sgd"`` or ``"adamw"``.
        lr: Learning rate.
        batch_size: Clips a step; 0 takes all.
        epochs: At most this many.
        patience: Epochs without a better one until training stops.
    """

    title: str
    note: str
    objective: str
    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    patience: int


PAPER = Preset(
    "The paper's",
    "QAMRO (alpha 0.2, beta 7) with SGD, momentum 0.9, rate 5e-4, batches of 256, patience 20. What reproduce runs.",
    "qamro",
    "sgd",
    5e-4,
    256,
    1000,
    20,
)

MEASURED = Preset(
    "What ranked best here",
    "Huber with AdamW, rate 1e-3, batches of 32. On held-out clips no ranking loss did better than it.",
    "huber",
    "adamw",
    1e-3,
    32,
    300,
    20,
)

PRESETS = {"default": MEASURED, "paper": PAPER}
"""By name. The default was measured: benchmarks/RESULTS.md, Findings and Defaults."""


def preset_of(name: str) -> Preset:
    """Returns a preset by its name.

    Raises:
        ValueError: There is none.
    """
    if name not in PRESETS:
        raise ValueError(f"--preset is one of {', '.join(PRESETS)}, not {name!r}")
    return PRESETS[name]


# One training

FITTED = (
    "optimizer", "lr", "weight_decay", "dropout", "batch_size", "epochs", "patience", "stop_by", "seeds", "hold_out",
    "folds",
)  # fmt: skip
"""Those of the settings that say how heads are fitted; each is a flag of the command line and a column of the CSV."""


@dataclass(frozen=True)
class Settings:
    """What one training is told, on the command line and in the app alike; plain values, for another process to take.

    Attributes:
        axes: Which axes to train; none for all that can be.
        encoder: What embeds the clips; see ``qamro.encoders.load_encoder``.
        objective: A key of ``OBJECTIVES``.
        parameters: Those of ``PARAMETERS`` that replace the objective's own.
        regression: Another regression term; empty for the objective's own.
        ranking: Another ranking term, likewise.
        optimizer: ``"sgd"`` or ``"adamw"``.
        lr: Learning rate.
        batch_size: Clips a step; 0 takes all.
        epochs: At most this many.
        patience: Epochs without a better one until a head is done.
        dropout: Of the heads, in [0, 1).
        weight_decay: Of AdamW.
        seeds: Fits an axis; the best one is kept.
        hold_out: ``"content"``, ``"system"`` or ``"both"``: what no two parts of the study share.
        folds: In how many folds heads are trained, so that every rating trains and every clip tests; 0 or 1 for one
            split, None for what the study allows (``splits.fold_count``).
        stop_by: What the best epoch and the best seed are chosen by, on the validation clips: ``"loss"`` or ``"srcc"``.
        seconds: Time after which training stops and keeps its best; 0 for none.
    """

    axes: tuple[str, ...] = ()
    encoder: str = "logmel"
    objective: str = MEASURED.objective
    parameters: tuple[tuple[str, Any], ...] = ()
    regression: str = ""
    ranking: str = ""
    optimizer: str = MEASURED.optimizer
    lr: float = MEASURED.lr
    batch_size: int = MEASURED.batch_size
    epochs: int = MEASURED.epochs
    patience: int = MEASURED.patience
    dropout: float = 0.1
    weight_decay: float = 1e-2
    seeds: int = 3
    hold_out: str = "content"
    folds: int | None = None
    stop_by: str = "loss"
    seconds: float = 0.0


def objective_of(settings: Settings, axis: str) -> Objective:
    """Returns the objective of an axis with the parameters that were set.

    Raises:
        ValueError: There is no such objective, or a parameter is out of range; the message says which.
    """
    terms = {"regression": settings.regression, "ranking": settings.ranking}
    return chosen_objective(settings.objective, axis, dict(settings.parameters), **terms)


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
    for term in ("regression", "ranking"):
        parts += [f"--{term}", getattr(settings, term)] if getattr(settings, term) else []
    for name, value in settings.parameters:
        parts += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    values = asdict(settings)
    for name in (name for name in FITTED if values[name] is not None):
        parts += [f"--{name.replace('_', '-')}", f"{values[name]:g}" if name in ("lr",) else str(values[name])]
    return shlex.join(parts)
