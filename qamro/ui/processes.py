"""Long work in processes of their own, behind what visitors wait for: how they are made, and one that is followed.

Trainings and sweeps hold Python's lock for as long as they go on. In the server's process each clip that is scored and
each rating that is saved would wait for them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Result = TypeVar("Result")

BEHIND = 10
"""By how much such a process is nicer than the server: clips and ratings of others come first."""

EVERY = 0.25
"""Seconds between two looks for news."""


def context() -> Any:
    """How processes are made: from one that has only imported what trains, where the platform can; never by a fork of
    this one, which would copy threads' locks in whatever state they are.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(
        ["torch", "qamro.training.recipe", "qamro.training.sweeps.store", "qamro.predictors.saved"]
    )
    return made


def get_ready() -> None:
    """Starts the process from which others come, so that the first one need not wait for its imports."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing import forkserver

        context()
        forkserver.ensure_running()


def settle(environment: dict[str, str]) -> None:
    """What such a process does first: takes the server's environment over, and steps behind it."""
    os.environ.clear()  # that of the process from which this one comes may be older
    os.environ.update(environment)
    with contextlib.suppress(AttributeError, OSError):  # Windows has no nice
        os.nice(BEHIND)


def apart(work: Callable[..., Result], *given: Any, hear: Callable[..., None]) -> Result:
    """Does work in a process of its own and waits for it.

    Args:
        work: A function of a module, called with ``given`` and a function ``say``. What it says is told here.
        *given: Can be pickled.
        hear: Called here with what the work says, and with nothing every quarter of a second while it is silent; what
            it raises ends the process at once.

    Returns:
        What the work returned.

    Raises:
        RuntimeError: The process ended by itself, as where memory ran out.
        Exception: Whatever the work or ``hear`` raised.
    """
    ours = context()
    receive, send = ours.Pipe(duplex=False)
    process = ours.Process(target=_entry, args=(work, given, send, dict(os.environ)), daemon=True)
    process.start()
    send.close()
    try:
        while True:
            if not receive.poll(EVERY):
                hear()
                continue
            try:
                kind, told = receive.recv()
            except (EOFError, ConnectionError):
                process.join(5)
                raise RuntimeError(f"its process ended by itself (exit code {process.exitcode})") from None
            if kind == "result":
                return told
            if kind == "problem":
                raise told
            hear(*told)
    finally:
        receive.close()
        process.join(0)
        if process.is_alive():
            process.kill()
            process.join()


def _entry(work: Callable[..., Any], given: tuple[Any, ...], link: Connection, environment: dict[str, str]) -> None:
    settle(environment)
    try:
        link.send(("result", work(*given, lambda *told: link.send(("told", told)))))
    except (BrokenPipeError, KeyboardInterrupt):
        return
    except Exception as problem:
        try:
            link.send(("problem", problem))
        except Exception:  # it cannot be pickled
            link.send(("problem", RuntimeError(f"{type(problem).__name__}: {problem}")))
