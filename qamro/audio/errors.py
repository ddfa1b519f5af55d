"""The one error of sound files, and how it names a file."""

from __future__ import annotations

import os
from pathlib import Path

_LONGEST_NAME = 80


class AudioError(ValueError):
    """A sound file cannot be used; the message names the file, says what is wrong and what to do.

    The message is one printable line. It is plain text: escape it before putting it into HTML, like any other.

    Attributes:
        path: The file.
        problem: What is wrong with it.
        remedy: What to do about it.
    """

    def __init__(self, path: str | os.PathLike[str], problem: str, remedy: str) -> None:
        # All three go to the base class, so that the error survives pickling between processes.
        super().__init__(path, problem, remedy)
        self.path = Path(path)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{safe_name(self.args[0])}: {self.problem}; {self.remedy}"


def safe_name(path: str | os.PathLike[str]) -> str:
    r"""Returns a file's name (without its folder) as one short printable line.

    Control characters, line breaks, bidirectional marks and undecodable bytes are escaped (``\n``, ``\u202e``,
    ``\udcff``), and a name of more than 80 characters loses its middle.

    Example:
        >>> safe_name("takes/one\ntwo.wav")
        'one\\ntwo.wav'
    """
    text = os.fspath(path)
    name = Path(text).name or text or "(no name)"
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 21]}…{name[-20:]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)
