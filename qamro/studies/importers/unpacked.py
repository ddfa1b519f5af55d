"""Zips that were opened by path, each unpacked once and kept until this process ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qamro.studies.importers.archive import unpack
from qamro.studies.validation import StudyError


@dataclass(frozen=True)
class Opened:
    """A zip that was unpacked.

    Attributes:
        folder: Where its files are.
        notes: What was left behind, and why.
    """

    folder: Path
    notes: tuple[str, ...]


_kept: dict[tuple[Path, int, int], tuple[tempfile.TemporaryDirectory[str], Opened]] = {}


def unpacked(path: Path) -> Opened:
    """Returns where the files of a zip are, unpacked when asked for first, until this process ends.

    Raises:
        StudyError: It cannot be unpacked.
    """
    about = path.stat()
    key = (path.resolve(), about.st_mtime_ns, about.st_size)
    if key not in _kept:
        home = tempfile.TemporaryDirectory(prefix="qamro-zip-", ignore_cleanup_errors=True)
        folder = Path(home.name).resolve() / "content"
        found = unpack(path, folder)
        folder.mkdir(exist_ok=True)
        _kept[key] = home, Opened(folder, found.notes)
    return _kept[key][1]


@contextmanager
def naming(folder: Path | None, name: str) -> Iterator[None]:
    """Has complaints call files in a folder by another name than this machine's, which tells a visitor nothing.

    Args:
        folder: Where the files are; None changes nothing.
        name: What stands for the folder; empty leaves the names within it alone.
    """
    try:
        yield
    except (StudyError, FileNotFoundError) as problem:
        text = str(problem)
        if folder is None or str(folder) not in text:
            raise
        kind = StudyError if isinstance(problem, StudyError) else FileNotFoundError
        raise kind(text.replace(f"{folder}/", f"{name}/" if name else "").replace(str(folder), name)) from problem
