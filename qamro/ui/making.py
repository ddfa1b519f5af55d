"""Heads that a server makes by itself, beside its visitors: ``QAMRO_MAKE=RECIPE``, once and for all.

A process of lowest priority runs ``heads make``, which goes on where it was broken off: when the server starts again,
so does that. A lock that the process holds as long as it lives keeps a second one from starting.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from html import escape
from pathlib import Path
from typing import Any

from qamro.ui.space import STORAGE, on_space
from qamro.ui.texts import Making as T

VARIABLE = "QAMRO_MAKE"
"""Environment variable that names the recipe (``python -m qamro heads list``)."""

_log = logging.getLogger(__name__)
_problems: dict[str, str] = {}  # by recipe


def wanted() -> str:
    """The recipe that the environment asks for; empty for none."""
    return os.environ.get(VARIABLE, "").strip()


def start() -> threading.Thread | None:
    """Begins to make the heads, or goes on, unless they are there or somebody is at it; returns who watches."""
    if not wanted() or state()["state"] == "made":
        return None
    try:
        from qamro.training.head_recipes import get_recipe

        get_recipe(wanted())
        if on_space() and not _folder().is_relative_to(STORAGE):
            raise ValueError(T.NO_STORAGE.format(storage=STORAGE))
        import fcntl

        _folder().mkdir(parents=True, exist_ok=True)
        lock = (_folder() / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        with lock, (_folder() / "output.txt").open("ab") as output:
            nice = [found, "-n", "19"] if (found := shutil.which("nice")) else []
            own = {"QAMRO_PROGRESS": str(_folder() / "progress.json"), "OMP_NUM_THREADS": "1"}
            process = subprocess.Popen(
                [*nice, *command(wanted())], env=os.environ | own, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, pass_fds=[lock.fileno()],
            )  # fmt: skip
    except (ValueError, OSError, ImportError) as problem:
        _failed(str(problem))
        return None
    _problems.pop(wanted(), None)
    atexit.register(process.terminate)
    watcher = threading.Thread(target=_watch, args=(process,), name="making heads", daemon=True)
    watcher.start()
    return watcher


def command(recipe: str) -> list[str]:
    """What makes heads by a recipe and keeps them under its name."""
    return [sys.executable, "-m", "qamro", "heads", "make", recipe, "--save", recipe]


def state() -> dict[str, Any]:
    """Returns how far it is: ``recipe``, ``state`` (none, making, made or failed), ``text``, ``done`` and ``of``."""
    recipe, at = wanted(), dict[str, Any]()
    if not recipe:
        return {"recipe": "", "state": "none", "text": ""}
    from qamro.predictors.saved_card import saved_folder

    if (saved_folder() / recipe).is_dir():
        return {"recipe": recipe, "state": "made", "text": ""}
    if recipe in _problems:
        return {"recipe": recipe, "state": "failed", "text": _problems[recipe]}
    with contextlib.suppress(OSError, ValueError):
        at = json.loads((_folder() / "progress.json").read_text("utf-8"))
    return {"recipe": recipe, "state": "making", "text": T.BEGINNING} | at


def told() -> str:
    """Says how far it is, as HTML; empty where nothing is being made."""
    at = state()
    if at["state"] not in ("making", "failed"):
        return ""
    text = (T.MAKING if at["state"] == "making" else T.FAILED).format(**at)
    if at.get("of"):
        text += f" ({at['done']:,.0f} / {at['of']:,.0f})"
    return f'<p class="q-hint">{escape(text)}</p>'


def _folder() -> Path:
    from qamro.paths import cache_path

    return cache_path("making", wanted())


def _watch(process: subprocess.Popen[bytes]) -> None:
    ended = process.wait()
    atexit.unregister(process.terminate)
    if ended:
        lines = (_folder() / "output.txt").read_text("utf-8", "replace").strip().splitlines()
        _failed(lines[-1][:300] if lines else f"{ended}")


def _failed(why: str) -> None:
    _problems[wanted()] = why
    _log.warning("%s=%s: %s", VARIABLE, wanted(), why)
