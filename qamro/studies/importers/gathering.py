"""Puts files that came one by one into one folder: ratings, clips, and zips of either."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from qamro.studies.importers.archive import Limits, is_safe, parts_of, unpack
from qamro.studies.importers.guess import is_zip


def gather(
    files: Sequence[tuple[Path, str]],
    folder: Path,
    limits: Limits | None = None,
    *,
    on_bytes: Callable[[int, int], object] | None = None,
) -> list[str]:
    """Puts files into a folder under the names that their owner gives them; zips are unpacked.

    Args:
        files: Each file with its name, which may come from a stranger and hold folders.
        folder: An empty folder, or one to be made.
        limits: What a zip may hold.
        on_bytes: Told how far each zip is (see ``unpack``); may raise to end the work.

    Returns:
        Notes about what was left out, and why.

    Raises:
        StudyError: A zip cannot be unpacked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    notes: list[str] = []
    for number, (path, name) in enumerate(files, 1):
        parts = parts_of(name)
        if not is_safe(parts):
            parts = (f"file-{number}{path.suffix.lower()}",)
        if is_zip(path):
            home = folder if len(files) == 1 else folder.joinpath(*parts[:-1], f"{number}-{Path(parts[-1]).stem}")
            notes += unpack(path, home, limits, name=parts[-1], on_bytes=on_bytes).notes
            continue
        target = folder.joinpath(*parts)
        if target.exists():
            notes.append(f"{name} was given twice; the first is used")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, target)
        except OSError:  # another file system, or one without links
            shutil.copyfile(path, target)
    return notes
