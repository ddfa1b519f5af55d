"""What one visitor has on the Train tab: the training that goes on, and the runs that are done."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.predictors.saved_names import saved_folder
from qamro.ui import choices
from qamro.ui.train.messages import Epoch
from qamro.ui.train.settings import Settings
from qamro.ui.visitor import Visitor

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study
    from qamro.ui.train.jobs import Job

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


class TrainSession(Visitor):
    """Everything that belongs to one visitor of the Train tab.

    Attributes:
        runs: Done, in order.
        job: What goes on; None while nothing does.
        curves: Of the training that goes on, or of the last one.
        owner: Whose heads this visitor's are, where strangers share a machine; empty where nobody else is there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[TrainedRun] = []
        self.job: Job | None = None
        self.curves: Curves = {}
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
