"""What one visitor has on the Train tab: what was chosen, what the training tells, and the runs that are done."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.predictors.saved_card import saved_folder
from qamro.training.presets import Settings
from qamro.ui import choices
from qamro.ui.bounds import Place
from qamro.ui.session import Visitor
from qamro.ui.space import on_space

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study
    from qamro.ui.train.worker import Job


# What a training process tells the page; small, and free of anything heavy


@dataclass(frozen=True)
class Waiting:
    """Others are training; this run begins when one of them is done.

    Attributes:
        place: Where it stands in line.
    """

    place: Place


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


# What was chosen

MOST_EPOCHS, MOST_SEEDS, MOST_SECONDS, MOST_CLIPS = 300, 3, 180.0, 1500
"""On a Space: at most this many epochs, seeds, seconds of training, and clips."""


def limited(settings: Settings) -> tuple[Settings, list[str]]:
    """Returns the settings as far as this machine allows, and which of them were cut."""
    if not on_space():
        return settings, []
    allowed = replace(
        settings, seconds=MOST_SECONDS, epochs=min(settings.epochs, MOST_EPOCHS), seeds=min(settings.seeds, MOST_SEEDS)
    )
    return allowed, [name for name in ("epochs", "seeds") if getattr(allowed, name) < getattr(settings, name)]


# Runs

Curves = dict[str, list[Epoch]]
"""For each axis, its epochs."""


@dataclass
class TrainedRun:
    """A run that is done.

    Attributes:
        number: From 1; names the run in this session.
        study: The clips of the test part, with their ratings.
        settings: What was chosen.
        folder: Holds ``heads`` (with card and record) and ``predictions.csv``.
        card: The heads' card, as in ``card.json``.
        record: How the run went, as in ``run.json``.
        curves: Every epoch.
        note: What a reader should know: stopped early, clips left out.
        shown: Whether it is drawn and compared.
    """

    number: int
    study: Study
    settings: Settings
    folder: Path
    card: dict[str, Any]
    record: dict[str, Any]
    curves: Curves
    note: str = ""
    shown: bool = True
    kept: str = field(default="")

    @property
    def title(self) -> str:
        """Names the run in tables and figures."""
        return f"Run {self.number}: {self.card['study']['name']}, {self.settings.objective}"

    @property
    def short(self) -> str:
        """Names the run in sentences."""
        return f"run {self.number}"

    @property
    def axes(self) -> list[str]:
        """The axes that have a head."""
        return list(self.card["objective"])

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """The heads' predictions for the test part: ``clip`` and a column for each axis."""
        import pandas as pd

        return pd.read_csv(self.folder / "predictions.csv", dtype={"clip": str}, keep_default_na=False)


class TrainState(Visitor):
    """Everything that belongs to one visitor of the Train tab.

    Attributes:
        runs: Done, in order.
        job: What goes on; None while nothing does.
        curves: Of the training that goes on, or of the last one.
        began: When the training that goes on began to load its encoder (``time.monotonic``).
        owner: Whose heads this visitor's are, where strangers share a machine; empty where nobody else is there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[TrainedRun] = []
        self.job: Job | None = None
        self.curves: Curves = {}
        self.began = 0.0
        self.owner = ""
        self._begun = 0

    def next_number(self) -> int:
        """Counts runs; a number is never used twice."""
        self._begun += 1
        return self._begun

    def fresh_folder(self, parent: Path) -> Path:
        """Returns the name of a folder for a run, which nobody can guess; it goes when the session goes."""
        return self.folder(parent) / secrets.token_hex(16)

    def find(self, number: int | None) -> TrainedRun | None:
        """Returns a run by its number, or None."""
        return next((run for run in self.runs if run.number == number), None)

    def remove(self, number: int) -> None:
        """Forgets a run and removes its files; heads that were kept stay."""
        run = self.find(number)
        if run is not None:
            self.runs.remove(run)
            shutil.rmtree(run.folder, ignore_errors=True)

    def stop(self) -> None:
        """Ends the training; the best so far is tested and kept."""
        self.stopping = True
        if self.job is not None:
            self.job.stop()

    def close(self) -> None:
        """Ends the session; on a shared machine the visitor's heads go with it."""
        super().close()
        if self.owner:
            choices.forget_owner(self.owner)
            shutil.rmtree(saved_folder(self.owner), ignore_errors=True)

    def cancel(self) -> None:
        """Ends whatever goes on; nothing of it is kept."""
        super().cancel()
        if self.job is not None:
            self.job.cancel()
