"""Long work in a thread, and how far it is for the page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any

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

    worker = threading.Thread(target=run, name="bring a study", daemon=True)
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
