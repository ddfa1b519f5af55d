"""Work that ends in a study, told to the page as it goes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.ui.bring.desk import Desk
from qamro.ui.bring.following import follow
from qamro.ui.bring.texts import Bring as T
from qamro.ui.bring.view import summary, view

if TYPE_CHECKING:
    from qamro.studies import Study

Answer = tuple[Any, Any]
"""Of every handler: the view, and the study."""

_log = logging.getLogger(__name__)


def to_study(
    desk: Desk, text: str, work: Callable[[Callable[..., None]], Study], *, ours: bool = False
) -> Iterator[Answer]:
    """Does work in a thread; its study is in force in the end, unless the tab cannot use it.

    Args:
        desk: The visitor's desk.
        text: What the page says until the work tells more.
        work: Gets ``tell(text, done, of)`` and returns the study.
        ours: Whether the visitor brought it along.
    """
    study = yield from watched(desk, text, work)
    if study is not None and desk.audio and len(study.missing_audio()) == len(study.clips):
        desk.error = (T.NO_SOUND if ours else T.NO_AUDIO).format(name=study.name, n=len(study.clips))
        study = None
    if study is not None:
        desk.study, desk.source, desk.summary = study, desk.card, summary(study)
        desk.ours, desk.brought, desk.turn = ours, None, desk.turn + 1
    yield view(desk), gr.skip() if study is None else study


def watched(desk: Desk, text: str, work: Callable[[Callable[..., None]], Any]) -> Generator[Answer, None, Any]:
    """Does work in a thread and tells how far it is; returns what came of it, None where it failed or was stopped."""
    desk.busy, desk.stopping, desk.error, desk.going = True, False, "", {"text": text}
    yield view(desk), gr.skip()
    try:
        with contextlib.closing(follow(work, lambda: desk.stopping)) as progress:
            for told in progress:
                if "result" in told:
                    return told["result"]
                desk.going = told
                yield view(desk), gr.skip()
    except InterruptedError:
        desk.error = T.STOPPED
    except (ValueError, OSError, RuntimeError) as problem:
        desk.error = str(problem)
    except Exception as problem:
        _log.exception("opening a study")
        desk.error = T.BROKE.format(problem=problem)
    finally:
        desk.busy, desk.going = False, None
    return None
