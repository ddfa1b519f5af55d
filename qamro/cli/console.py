"""What the verbs print: messages whose text cannot do anything to the terminal, and errors with an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

FAILED = 1
WRONG_USE = 2

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
def wrong_use(*problems: type[Exception]) -> Iterator[None]:
    """Turns exceptions that the user can put right into an error message and exit code 2."""
    try:
        yield
    except problems as problem:
        fail(str(problem) or type(problem).__name__)


def progress() -> Progress:
    """Returns a progress bar on standard error; it shows only in a terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
