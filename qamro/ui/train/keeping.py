"""Heads that are kept: saved under a name, carried as a zip, brought back, deleted, and chosen on the Predict tab."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.predictors import catalogue
from qamro.predictors.saved import NameTakenError, SavedHeads, remove, save_heads, saved
from qamro.predictors.saved_names import clean_name
from qamro.predictors.saved_zip import NotHeadsError, pack, unpack
from qamro.ui import choices
from qamro.ui.predict.views import option, status
from qamro.ui.train.session import TrainedRun, TrainSession
from qamro.ui.train.texts import TrainTab as T

if TYPE_CHECKING:
    from qamro.heads import HeadBundle

Answer = tuple[Any, ...]
"""Status, Overwrite button, kept heads, the Predict tab's choice of a predictor."""


def offer_newest(session: TrainSession, number: int | None) -> Answer:
    """After a training: offers the newest run; what was typed stays where there is no newer one than that chosen."""
    return offer(session, number if session.runs and session.runs[-1].number == number else None)


def offer(session: TrainSession, number: int | None = None) -> Answer:
    """Offers the runs: run, name, Save, Overwrite, zip, card.

    Args:
        session: With the runs.
        number: The run that is chosen; while it is there, it stays so and the rest is left alone. Else the newest is.
    """
    runs = session.runs
    options = [(entry.title, entry.number) for entry in reversed(runs)]
    if session.find(number) is not None:
        return gr.Dropdown(options, value=number), *[gr.skip()] * 6
    newest = runs[-1].number if runs else None
    return gr.Dropdown(options, value=newest), *describe(session, newest)


def describe(session: TrainSession, number: int | None) -> Answer:
    """Shows what a run would be kept as: name, Save button, zip, the card and its box."""
    run = session.find(number)
    able, no = gr.Button(interactive=run is not None), gr.Button(visible=False)
    if run is None:
        return "", able, no, gr.DownloadButton(value=None, interactive=False), "", gr.Accordion(visible=False)
    name = suggested(run)
    zipped = pack(run.folder / "heads", run.folder / f"{name}.zip")
    card = (run.folder / "heads" / "README.md").read_text("utf-8")
    packed = gr.DownloadButton(value=str(zipped), interactive=True)
    return name, able, no, packed, _plain(card), gr.Accordion(visible=True)


def suggested(run: TrainedRun) -> str:
    """Returns a name for a run's heads: study, objective, number."""
    try:
        return clean_name(f"{run.card['study']['name'].partition('(')[0][:36]}-{run.settings.objective}-{run.number}")
    except ValueError:
        return f"heads-{run.number}"


def save(session: TrainSession, number: int | None, name: str, request: gr.Request) -> Answer:
    """Keeps a run's heads; where the name is taken, it asks."""
    return _save(session, number, name, request, overwrite=False)


def overwrite(session: TrainSession, number: int | None, name: str, request: gr.Request) -> Answer:
    """Keeps a run's heads in the place of others."""
    return _save(session, number, name, request, overwrite=True)


def bring(session: TrainSession, file: str | None, request: gr.Request) -> Answer:
    """Takes heads back in that were downloaded; a name that is taken gets a number."""
    if not file:
        return _said(status(""), request)
    session.owner = choices.owner(request)
    try:
        bundle = unpack(Path(file))
        kept = _keep_under(bundle, _short(bundle.card.name), session.owner)
    except (NotHeadsError, ValueError, OSError) as problem:
        return _said(status(T.NOT_BROUGHT.format(problem=str(problem).rstrip(".")), calm=False), request)
    return _said(status(T.BROUGHT.format(name=kept.name, about=kept.about)), request, chosen=kept.key)


def delete(predictor: str, event: gr.EventData, request: gr.Request) -> Answer:
    """Deletes kept heads; the page has asked. The Predict tab falls back where these were chosen."""
    mine = {heads.key: heads for heads in _mine(request)}
    heads = mine.get(str(event.key))
    if heads is None:
        return _said(status(""), request)
    remove(heads.key)
    choices.forget(heads.key)
    chosen = choices.best_ready() if predictor == heads.key else ""
    return _said(status(T.REMOVED.format(name=heads.name)), request, chosen=chosen)


def use(event: gr.EventData, request: gr.Request) -> Answer:
    """Opens the Predict tab with kept heads chosen: the tabs, the predictor."""
    return gr.Tabs(selected="predict"), gr.Dropdown(_predictors(request), value=str(event.key))


def listing(request: gr.Request) -> dict[str, Any]:
    """Returns what the page shows of the kept heads."""
    return {
        "heads": [
            {
                "key": heads.key,
                "name": heads.name,
                "axes": " ".join(heads.axes),
                "kind": heads.card["kind"],
                "about": heads.about,
            }
            for heads in _mine(request)
        ]
    }


def _save(session: TrainSession, number: int | None, name: str, request: gr.Request, *, overwrite: bool) -> Answer:
    from qamro.heads import HeadBundle

    run = session.find(number)
    if run is None:
        return _said(status(T.NOTHING_TO_SAVE, calm=False), request)
    session.owner = choices.owner(request)
    try:
        kept = save_heads(HeadBundle.load(run.folder / "heads"), name, owner=session.owner, overwrite=overwrite)
    except NameTakenError:
        return _said(status(T.TAKEN.format(name=clean_name(name)), calm=False), request, ask=True)
    except ValueError as problem:
        return _said(status(T.BAD_NAME.format(problem=problem), calm=False), request)
    except OSError as problem:
        return _said(status(T.NO_ROOM.format(problem=problem), calm=False), request)
    run.kept = kept.name
    choices.forget(kept.key)
    return _said(status(T.SAVED.format(name=kept.name)), request, chosen=kept.key)


def _said(said: str, request: gr.Request, *, ask: bool = False, chosen: str = "") -> Answer:
    options = _predictors(request)
    predictor = gr.Dropdown(options, value=chosen) if chosen else gr.Dropdown(options)
    return said, gr.Button(visible=ask), listing(request), predictor


def _keep_under(bundle: HeadBundle, name: str, owner: str) -> SavedHeads:
    for n in range(1, 100):
        try:
            return save_heads(bundle, name if n == 1 else f"{name}-{n}", owner=owner)
        except NameTakenError:
            continue
    raise ValueError(f"there are a hundred heads called {name!r} already")


def _predictors(request: gr.Request) -> list[tuple[str, str]]:
    return [(option(entry), entry.name) for entry in catalogue(choices.owner(request))]


def _short(name: str) -> str:
    """A name that leaves room for a number behind it."""
    try:
        return clean_name(name[:48])
    except ValueError:
        return "heads"


def _mine(request: gr.Request) -> list[SavedHeads]:
    owner = choices.owner(request)
    return saved(owner, shared=not owner)


def _plain(markdown: str) -> str:
    """A card for the page: what a study's name or notes hold is no HTML."""
    return escape(markdown, quote=False)
