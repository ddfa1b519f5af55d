"""Predictions come in: from CSVs, from the Predict tab; and go, and their axes are paired."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.ui.compare.listing import listing
from qamro.ui.compare.texts import Bring as T
from qamro.ui.compare.workbench import Workbench
from qamro.ui.predict.views import status
from qamro.ui.session import Session
from qamro.ui.static import own_folder

if TYPE_CHECKING:
    from qamro.studies import Study

Answer = tuple[Any, Any]
"""Of every handler: the list of predictors, and the line about what happened."""

_log = logging.getLogger(__name__)


def choose(study: Study | None, bench: Workbench) -> Answer:
    """Takes the study that was chosen; predictions are matched with it again."""
    bench.cancel()
    bench.choose(study)
    return listing(bench), ""


def upload(bench: Workbench, event: gr.EventData) -> Answer:
    """Takes CSVs of predictions in; a bad one is named and does not keep the others out."""
    folder, notes, calm = own_folder(), [], True
    for file in event.files:
        path, name = Path(str(file["path"])).resolve(), str(file["name"])
        if not path.is_relative_to(folder) or not path.is_file():
            continue  # nothing that did not come in through the page
        try:
            from qamro.studies.importers.predictions import read_predictions

            scores = read_predictions(path)
            entry = bench.add(Path(name).stem, scores, T.FROM_FILE.format(file=name))
            notes.append(T.TAKEN.format(name=entry.name, n=len(scores)))
        except (ValueError, OSError) as problem:
            calm = False
            text = str(problem).replace(str(path), name).removeprefix(f"{name}: ")
            notes.append(T.READ_BAD.format(file=name, problem=text))
    return listing(bench), status(" ".join(notes), calm=calm)


def take(bench: Workbench, session: Session) -> Answer:
    """Takes the scores that stand on the Predict tab."""
    import pandas as pd

    run = session.run
    if run is None or not run.good:
        return gr.skip(), status(T.NOTHING_TAKEN)
    scores = pd.DataFrame([run.rows[key] for key in run.good], columns=run.columns)
    entry = bench.add(run.predictor, scores, T.FROM_PREDICT.format(n=len(scores)), run.predictor)
    return listing(bench), status(T.TAKEN.format(name=entry.name, n=len(scores)))


def remove(bench: Workbench, event: gr.EventData) -> Answer:
    """Takes a predictor away."""
    bench.remove(str(event.name))
    return listing(bench), ""


def pair(bench: Workbench, event: gr.EventData) -> Answer:
    """Pairs two axes of different names, of one predictor or of all, or takes a pair away."""
    bench.pair(str(event.predicted), str(event.rated or ""), str(event.name or ""))
    return listing(bench), ""
