"""What the verbs print: messages whose text cannot do anything to the terminal, and errors with an exit code."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def safe(text: object) -> str:
    r"""Returns text that is printable: control characters, bidirectional marks and undecodable bytes are escaped.

    Example:
        >>> safe("a\x1b[31mb")
        'a\\x1b[31mb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))


def say(text: object, style: str = "") -> None:
    """Prints one line as it is: nothing in it is markup."""
    out.print(Text(safe(text), style=style), soft_wrap=True)


def warn(text: object) -> None:
    """Prints one line to standard error."""
    err.print(Text("Warning: ", style="bold yellow") + Text(safe(text)), soft_wrap=True)


def remark(text: object) -> None:
    """Prints one line that need not trouble anybody to standard error."""
    err.print(Text(safe(text), style="dim"), soft_wrap=True)


def fail(text: object, code: int = WRONG_USE) -> NoReturn:
    """Prints an error to standard error and ends the verb.

    Raises:
        typer.Exit: Always, with ``code``.
    """
    err.print(Text("Error: ", style="bold red") + Text(safe(text)), soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def wrong_use(*problems: type[Exception], kept: str = "nothing was written") -> Iterator[None]:
    """Turns exceptions that the user can put right into an error message and exit code 2, and Ctrl-C into a word.

    Args:
        *problems: The exceptions.
        kept: What is left when Ctrl-C is pressed within, and how to go on; Typer by itself ends without a word.
    """
    try:
        yield
    except problems as problem:
        fail(str(problem) or type(problem).__name__)
    except KeyboardInterrupt:
        fail(f"interrupted; {kept}", INTERRUPTED)


def progress(unit: str = "", *, show: bool = True) -> Progress:
    """Returns a progress bar on standard error; it shows only in a terminal.

    Args:
        unit: What is counted, to show how many a second; empty for no such column.
        show: Whether to show it at all.
    """
    columns = [TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()]
    if unit:
        columns.append(_Rate(unit))
    return _Told(*columns, TimeRemainingColumn(), console=err, transient=True, disable=not (show and err.is_terminal))


def tell(text: str, done: float | None = None, of: float | None = None) -> None:
    """Writes how far a verb is to the file that ``QAMRO_PROGRESS`` names, for whoever started it."""
    if file := os.environ.get("QAMRO_PROGRESS"):
        part = Path(f"{file}.part")
        with contextlib.suppress(OSError):
            part.write_text(json.dumps({"text": text, "done": done, "of": of}), encoding="utf-8")
            part.replace(file)


class _Told(Progress):
    """A bar that is told to a file, too, a few times a second."""

    _last = 0.0

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Moves a bar on."""
        super().advance(task_id, advance)
        self._tell(task_id)

    def update(self, task_id: TaskID, **fields: Any) -> None:
        """Changes a bar."""
        super().update(task_id, **fields)
        self._tell(task_id)

    def _tell(self, task_id: TaskID) -> None:
        now = time.monotonic()
        if now - self._last > 0.3:
            self._last, task = now, self._tasks[task_id]
            tell(task.description, task.completed, task.total)


class _Rate(ProgressColumn):
    """How many a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """Returns the rate, once it is known."""
        return Text(f"{task.speed:.1f} {self._unit}/s" if task.speed else "")
