"""Runs a training in a process of its own, so that the page stays alive and no visitor waits for another's epochs."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from qamro.ui.train.messages import Done, Failed, Message, Waiting
from qamro.ui.train.worker import Task, work

AT_ONCE = max(2, min(4, (os.cpu_count() or 2) // 2))
"""How many trainings this server runs at once; the next one waits."""

EVERY = 0.25
"""Seconds between two looks for news."""

_slots = threading.BoundedSemaphore(AT_ONCE)


class Job:
    """One training.

    Attributes:
        task: What it does.
        cancelled: Whether it is to end and leave nothing.
    """

    def __init__(self, task: Task) -> None:
        self.task = replace(task, threads=max(1, (os.cpu_count() or 2) // AT_ONCE))
        self.cancelled = False
        self._stop: Any = None
        self._process: Any = None

    def messages(self) -> Generator[Message | None]:
        """Runs it and yields its messages; None where there is nothing new.

        The last message is ``Done`` or ``Failed``; after ``cancel`` there is none. Whoever stops iterating ends the
        process.
        """
        while not _slots.acquire(timeout=EVERY):
            if self.cancelled:
                return
            yield Waiting()
        try:
            yield from self._run()
        finally:
            _slots.release()

    def stop(self) -> None:
        """Ends the training after the epoch at hand; the best so far is tested and kept."""
        if self._stop is not None:
            self._stop.set()

    def cancel(self) -> None:
        """Ends everything at once; nothing is kept."""
        self.cancelled = True
        if self._process is not None:
            self._process.kill()

    def _run(self) -> Generator[Message | None]:
        context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks in whatever state they are
        receive, send = context.Pipe(duplex=False)
        self._stop = context.Event()
        process = context.Process(target=_entry, args=(self.task, send, self._stop), daemon=True)
        process.start()
        self._process = process
        send.close()
        try:
            while not self.cancelled:
                if not receive.poll(EVERY):
                    yield None
                    continue
                try:
                    message = receive.recv()
                except (EOFError, ConnectionError):
                    process.join(5)
                    if self.cancelled:
                        return
                    yield Failed(f"the training process ended by itself (exit code {process.exitcode})", expected=False)
                    return
                yield message
                if isinstance(message, Done | Failed):
                    return
        finally:
            receive.close()
            process.join(0.5 if not self.cancelled else 0)
            if process.is_alive():
                process.kill()
                process.join()


def _entry(task: Task, link: Any, stop: Any) -> None:
    work(task, link, stop.is_set)
