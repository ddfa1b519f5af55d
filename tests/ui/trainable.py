"""A small study with sound for the tests of training, and runs on it."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path

from qamro.studies import Study
from qamro.studies.simulated import build
from qamro.training.presets import Settings, command_of
from qamro.ui.train.state import Curves, Epochs, TrainedRun
from qamro.ui.train.worker import Task, train

QUICK = Settings(("MI", "TA"), objective="qamro", epochs=12, patience=12, seeds=2, hold_out="content")


@functools.cache
def small_study() -> Study:
    """Four systems, eight prompts, three simulated listeners; made once a run."""
    return build(4, 8, 3).study


def trained(folder: Path, number: int = 1, settings: Settings = QUICK, study: Study | None = None) -> TrainedRun:
    """A run as the tab keeps it, trained in this process."""

    study = study or small_study()
    curves: Curves = {}

    def tell(message):
        if isinstance(message, Epochs):
            curves.setdefault(message.axis, []).extend(message.rows)

    place = Path(tempfile.mkdtemp(dir=folder)) / "run"
    done = train(Task(study, settings, place, "toy", command_of(settings, study.name)), tell, lambda: False)
    card, record = (json.loads((done.folder / "heads" / name).read_text("utf-8")) for name in ("card.json", "run.json"))
    run = TrainedRun(number, study, settings, done.folder, card, record, curves)
    run.study = study.of_clips(list(run.predictions["clip"]))
    return run
