"""Prompts and systems from a CSV file that lies beside the clips."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from qamro.ui.session import Clip

NAME_COLUMNS = ("clip", "path", "file", "filename", "name")
"""Columns that may hold a clip's name; the first that is there counts."""


def read_manifest(path: Path | str) -> dict[str, tuple[str, str]]:
    """Reads a CSV with a column of clip names and columns ``prompt`` and ``system``.

    Returns:
        For each file name (without folders), its prompt and its system.

    Raises:
        ValueError: The file is not such a CSV; the message names the column that is missing.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = {str(column).strip().lower(): column for column in reader.fieldnames or []}
            key = next((columns[name] for name in NAME_COLUMNS if name in columns), None)
            if key is None:
                raise ValueError(f"it has no column of clip names; call one {' or '.join(NAME_COLUMNS[:3])}")
            if not {"prompt", "system"} & columns.keys():
                raise ValueError("it has neither a column prompt nor a column system")
            prompt, system = columns.get("prompt"), columns.get("system")
            return {
                _file_name(row[key] or ""): ((row.get(prompt) or "").strip(), (row.get(system) or "").strip())
                for row in reader
            }
    except (UnicodeDecodeError, csv.Error) as problem:
        raise ValueError(f"it cannot be read as CSV: {problem}") from problem


def apply_manifest(clips: Iterable[Clip], entries: dict[str, tuple[str, str]]) -> tuple[int, list[str]]:
    """Gives clips the prompts and systems of a manifest.

    Returns:
        How many clips it named, and the names in it that belong to none of them.
    """
    found, left = 0, dict(entries)
    for clip in clips:
        name = _file_name(clip.name)
        if name in entries:
            prompt, system = entries[name]
            clip.prompt, clip.system = prompt or clip.prompt, system or clip.system
            left.pop(name, None)
            found += 1
    return found, list(left)


def _file_name(path: str) -> str:
    return PurePosixPath(path.strip().replace("\\", "/")).name
