"""Heads that are kept: saved under a name, carried as a zip, brought back, deleted, and chosen on the Predict tab."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.predictors.saved import NameTakenError, NotHeadsError, SavedHeads, pack, remove, save_heads, saved, unpack
from qamro.predictors.saved_card import clean_name
from qamro.ui import choices
from qamro.ui.events import Answer
from qamro.ui.progress import status
from qamro.ui.space import owner
from qamro.ui.train.state import TrainedRun, TrainState
from qamro.ui.train.texts import TrainTab as T

if TYPE_CHECKING:
    from qamro.heads import HeadBundle
    from qamro.ui.train.tab import KeepParts


def offer_newest(p: KeepParts, state: TrainState, number: int | None) -> Answer:
    """After a training: offers the newest run; what was typed stays where there is no newer one than that chosen."""
    return offer(p, state, number if state.runs and state.runs[-1].number == number else None)


def offer(p: KeepParts, state: TrainState, number: int | None = None) -> Answer:
    """Offers the runs, and what the chosen one would be kept as.

    Args:
        p: The card's components.
        state: With the runs.
        number: The run that is chosen; while it is there, it stays so and the rest is left alone. Else the newest is.
    """
    runs = state.runs
    options = [(entry.title, entry.number) for entry in reversed(runs)]
    if state.find(number) is not None:
        return {p.run: gr.Dropdown(options, value=number)}
    newest = runs[-1].number if runs else None
    return {p.run: gr.Dropdown(options, value=newest)} | describe(p, state, newest)


def describe(p: KeepParts, state: TrainState, number: int | None) -> Answer:
    """Shows what a run would be kept as."""
    run = state.find(number)
    shown: Answer = {
        p.save: gr.Button(interactive=run is not None),
        p.overwrite: gr.Button(visible=False),
        p.card_box: gr.Accordion(visible=run is not None),
    }
    if run is None:
        return shown | {p.name: "", p.zip: gr.DownloadButton(value=None, interactive=False), p.card: ""}
    name = suggested(run)
    zipped = pack(run.folder / "heads", run.folder / f"{name}.zip")
    card = (run.folder / "heads" / "README.md").read_text("utf-8")
    packed = gr.DownloadButton(value=str(zipped), interactive=True)
    return shown | {p.name: name, p.zip: packed, p.card: _plain(card)}


def suggested(run: TrainedRun) -> str:
    """Returns a name for a run's heads: study, objective, number."""
    try:
        return clean_name(f"{run.card['study']['name'].partition('(')[0][:36]}-{run.settings.objective}-{run.number}")
    except ValueError:
        return f"heads-{run.number}"


def save(p: KeepParts, state: TrainState, number: int | None, name: str, request: gr.Request) -> Answer:
    """Keeps a run's heads; where the name is taken, it asks."""
    return _save(p, state, number, name, request, overwrite=False)


def overwrite(p: KeepParts, state: TrainState, number: int | None, name: str, request: gr.Request) -> Answer:
    """Keeps a run's heads in the place of others."""
    return _save(p, state, number, name, request, overwrite=True)


def bring(p: KeepParts, state: TrainState, file: str | None, request: gr.Request) -> Answer:
    """Takes heads back in that were downloaded; a name that is taken gets a number."""
    if not file:
        return _said(p, status(""), request)
    state.owner = owner(request)
    try:
        bundle = unpack(Path(file))
        kept = _keep_under(bundle, _short(bundle.card.name), state.owner)
    except (NotHeadsError, ValueError, OSError) as problem:
        return _said(p, status(T.NOT_BROUGHT.format(problem=str(problem).rstrip(".")), calm=False), request)
    return _said(p, status(T.BROUGHT.format(name=kept.name, about=kept.about)), request, chosen=kept.key)


def delete(p: KeepParts, event: gr.EventData, request: gr.Request, predictor: str = "") -> Answer:
    """Deletes kept heads; the page has asked. The Predict tab falls back where these were chosen."""
    mine = {heads.key: heads for heads in _mine(request)}
    heads = mine.get(str(event.key))
    if heads is None:
        return _said(p, status(""), request)
    remove(heads.key)
    choices.forget(heads.key)
    chosen = choices.best_ready() if predictor == heads.key else ""
    return _said(p, status(T.REMOVED.format(name=heads.name)), request, chosen=chosen)


def use(p: KeepParts, event: gr.EventData, request: gr.Request) -> Answer:
    """Opens the Predict tab with kept heads chosen."""
    if p.predictor is None:
        return {}
    options = choices.predictor_options(request)
    return {p.tabs: gr.Tabs(selected="predict"), p.predictor: gr.Dropdown(options, value=str(event.key))}


def describe_predictor(p: KeepParts, name: str) -> Answer:
    """Says on the Predict tab what the predictor that is chosen there gives."""
    about, button = choices.described(name)
    return {p.badges: about, p.download: gr.Button(button, visible=True) if button else gr.Button(visible=False)}


def show(p: KeepParts, request: gr.Request) -> Answer:
    """Shows the kept heads."""
    return {p.kept: listing(request)}


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


def _save(
    p: KeepParts, state: TrainState, number: int | None, name: str, request: gr.Request, *, overwrite: bool
) -> Answer:
    from qamro.heads import HeadBundle

    run = state.find(number)
    if run is None:
        return _said(p, status(T.NOTHING_TO_SAVE, calm=False), request)
    state.owner = owner(request)
    try:
        kept = save_heads(HeadBundle.load(run.folder / "heads"), name, owner=state.owner, overwrite=overwrite)
    except NameTakenError:
        return _said(p, status(T.TAKEN.format(name=clean_name(name)), calm=False), request, ask=True)
    except ValueError as problem:
        return _said(p, status(T.BAD_NAME.format(problem=problem), calm=False), request)
    except OSError as problem:
        return _said(p, status(T.NO_ROOM.format(problem=problem), calm=False), request)
    run.kept = kept.name
    choices.forget(kept.key)
    return _said(p, status(T.SAVED.format(name=kept.name)), request, chosen=kept.key)


def _said(p: KeepParts, said: str, request: gr.Request, *, ask: bool = False, chosen: str = "") -> Answer:
    answer = {p.status: said, p.overwrite: gr.Button(visible=ask), p.kept: listing(request)}
    if p.predictor is None:
        return answer
    options = choices.predictor_options(request)
    return answer | {p.predictor: gr.Dropdown(options, value=chosen) if chosen else gr.Dropdown(options)}


def _keep_under(bundle: HeadBundle, name: str, whose: str) -> SavedHeads:
    for n in range(1, 100):
        try:
            return save_heads(bundle, name if n == 1 else f"{name}-{n}", owner=whose)
        except NameTakenError:
            continue
    raise ValueError(f"there are a hundred heads called {name!r} already")


def _short(name: str) -> str:
    """A name that leaves space for a number behind it."""
    try:
        return clean_name(name[:48])
    except ValueError:
        return "heads"


def _mine(request: gr.Request) -> list[SavedHeads]:
    whose = owner(request)
    return saved(whose, shared=not whose)


def _plain(markdown: str) -> str:
    """A card for the page: what a study's name or notes hold is no HTML."""
    return escape(markdown, quote=False)
