"""What happens when a study is chosen by name, or taken away."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from qamro.ui.bring.desk import Desk
from qamro.ui.bring.sources import registered, simulated
from qamro.ui.bring.texts import Bring as T
from qamro.ui.bring.view import UPLOAD, view
from qamro.ui.bring.working import Answer, to_study


def choose(desk: Desk, event: gr.EventData) -> Iterator[Answer]:
    """Opens a study by its name; makes or fetches it first where it is not here yet."""
    yield from by_name(desk, str(event.source), fetch=bool(event.fetch))


def wanted(desk: Desk, name: str) -> Iterator[Answer]:
    """Chooses the study that the address asks for, unless it names none or the visitor has chosen one."""
    if name and not desk.turn and not desk.busy:
        yield from by_name(desk, name)
    else:
        yield gr.skip(), gr.skip()  # Gradio wants an answer of every handler


def by_name(desk: Desk, name: str, *, fetch: bool = False) -> Iterator[Answer]:
    """Opens a study of the registry, or the simulated one; one that is not here waits for ``fetch``."""
    from qamro.studies.registry import DATASETS, SIMULATED

    if desk.busy:
        return
    desk.card, desk.error = name, ""
    if name == SIMULATED:
        yield from to_study(desk, T.OPENING.format(name=T.SIMULATED), simulated)
    elif name in DATASETS and (DATASETS[name].is_here or fetch):
        yield from to_study(desk, T.OPENING.format(name=name), lambda tell: registered(name, tell))
    else:
        if name not in DATASETS and name != UPLOAD:
            desk.card, desk.error = "", T.UNKNOWN.format(name=name)
        yield view(desk), gr.skip()


def forget(desk: Desk) -> Answer:
    """Takes the study away."""
    desk.study, desk.summary, desk.source, desk.card, desk.error = None, None, "", "", ""
    return view(desk), None


def stop(desk: Desk) -> None:
    """Asks what goes on to end."""
    desk.cancel()
