"""Where a verb writes: found out before anything is computed, and named when the disk refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_writable(out: Path) -> None:
    """Finds out before an hour of computing whether a file or folder can be written.

    Raises:
        PermissionError: It cannot.
    """
    there = out.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not os.access(there, os.W_OK) or (there != out.absolute() and not there.is_dir()):
        raise PermissionError(f"--out {out} cannot be written; choose another place")


@contextmanager
def written_to(out: Path) -> Iterator[None]:
    """Names what is written when the disk refuses; the system's own message names no file when the disk is full.

    Raises:
        OSError: The disk refuses.
    """
    try:
        yield
    except OSError as problem:
        why = problem.strerror or problem
        raise OSError(f"{out} cannot be written ({why}); make room there, or choose another --out") from problem
