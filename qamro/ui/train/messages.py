"""What a training process tells the page; small, and free of anything heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Waiting:
    """Others are training; this run begins when one of them is done."""


@dataclass(frozen=True)
class Loading:
    """The process has begun and loads the encoder."""


@dataclass(frozen=True)
class Embedding:
    """Clips are being embedded.

    Attributes:
        done: Clips done.
        total: Clips in all.
        seconds: Since the first began.
    """

    done: int
    total: int
    seconds: float


@dataclass(frozen=True)
class Epoch:
    """An epoch of all seeds of an axis; NaN where a number is undefined.

    Attributes:
        epoch: From 1.
        train_loss: Mean over seeds.
        val_loss: Mean over seeds.
        val_srcc: Mean over seeds.
        val_loss_ends: The lowest and the highest of the seeds.
        val_srcc_ends: The lowest and the highest of the seeds.
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_srcc: float
    val_loss_ends: tuple[float, float]
    val_srcc_ends: tuple[float, float]


@dataclass(frozen=True)
class Epochs:
    """Epochs of one axis since the last message.

    Attributes:
        axis: Being trained.
        rows: In order.
    """

    axis: str
    rows: list[Epoch]


@dataclass(frozen=True)
class Judging:
    """Training is over; the heads are tested on held-out clips."""


@dataclass(frozen=True)
class Done:
    """The heads are written.

    Attributes:
        folder: Heads and card (``heads``), and predictions for the test part (``predictions.csv``).
        failed: For each clip that could not be read, why.
        out_of_time: Whether the time limit ended the training.
        embedding: Seconds that embedding took.
    """

    folder: Path
    failed: dict[str, str] = field(default_factory=dict)
    out_of_time: bool = False
    embedding: float = 0.0


@dataclass(frozen=True)
class Failed:
    """Nothing came of it.

    Attributes:
        problem: Why, for people.
        expected: Whether the visitor can do something about it; else it is a fault of the program.
    """

    problem: str
    expected: bool


Message = Waiting | Loading | Embedding | Epochs | Judging | Done | Failed
