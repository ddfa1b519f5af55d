"""Zips that were opened by path, each unpacked once and kept until this process ends."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from qamro.studies.importers.archive import unpack


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
