"""What the page is told while something goes on: a status line, work in a thread, a download."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from qamro.checkpoints import FetchCancelledError, WeightsError, readable_size
from qamro.ui import choices
from qamro.ui.texts import Download as T

if TYPE_CHECKING:
    from qamro.predictors import PredictorState
    from qamro.ui.session import Visitor

EVERY = 0.2
"""Seconds between two reports."""


def follow(work: Callable[[Callable[..., None]], Any], stop: Callable[[], bool]) -> Generator[dict[str, Any]]:
    """Does work in a thread and yields how far it is; the last yield holds its result.

    Args:
        work: Gets a function ``tell(text, done, of)`` to call while it works. That raises InterruptedError when the
            work is to end.
        stop: Asked at every report; True ends the work at its next ``tell``.

    Yields:
        ``{"text", "done", "of"}`` now and then, in the end ``{"result"}``.

    Raises:
        InterruptedError: ``stop`` said so.
        Exception: Whatever the work raised.
    """
    news: dict[str, Any] = {}
    left = threading.Event()

    def tell(text: str, done: float | None = None, of: float | None = None) -> None:
        if left.is_set() or stop():
            raise InterruptedError(text)
        news["at"] = {"text": text, "done": done, "of": of}

    def run() -> None:
        try:
            news["result"] = work(tell)
        except BaseException as problem:
            news["problem"] = problem

    worker = threading.Thread(target=run, name="work", daemon=True)
    worker.start()
    try:
        told = None
        while worker.is_alive():
            worker.join(EVERY)
            if worker.is_alive() and news.get("at") is not told:
                told = news["at"]
                yield told
    finally:
        left.set()  # whoever watched has gone
    if "problem" in news:
        raise news["problem"]
    yield {"result": news["result"]}


def status(text: str, done: int | None = None, of: int | None = None, *, calm: bool = True) -> str:
    """One line about what is going on, read aloud by screen readers, with a bar while clips are scored."""
    bar = ""
    if done is not None and of:
        bar = f'<progress value="{done}" max="{of}" aria-label="{escape(text)}"></progress>'
    tone = "" if calm else " q-failed"
    return f'<div class="q-status{tone}"><span role="status" aria-live="polite">{escape(text)}</span>{bar}</div>'


def downloading(visitor: Visitor, entry: PredictorState) -> Iterator[str]:
    """Downloads what a predictor or an encoder needs; yields how far it is, and at last how it ended.

    Args:
        visitor: Is busy until the end; ``stopping`` ends it, and the next download goes on from there.
        entry: What needs the weights.
    """
    visitor.busy, visitor.stopping = True, False
    try:
        with contextlib.closing(choices.fetching(entry.name, lambda: visitor.stopping)) as progress:
            for done, total in progress:
                sizes = {"done": readable_size(done), "all": readable_size(total or entry.bytes)}
                yield status(T.FETCHING.format(title=entry.title, **sizes), done, total or entry.bytes)
        said = status(T.FETCHED.format(title=entry.title))
    except FetchCancelledError:
        said = status(T.STOPPED)
    except (WeightsError, OSError) as problem:
        said = status(T.FAILED.format(problem=problem), calm=False)
    finally:
        visitor.busy = False
    yield said
