"""Example clips that ship with the project."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from qamro.paths import assets


@dataclass(frozen=True)
class Example:
    """A clip to try the app with.

    Attributes:
        title: What it is called in the page.
        path: The file.
        prompt: What it was generated from.
        system: What generated it.
    """

    title: str
    path: Path
    prompt: str
    system: str


def examples(folder: Path | None = None) -> list[Example]:
    """Reads the examples that are there.

    Args:
        folder: Holds ``manifest.csv`` (columns ``path``; optional ``title``, ``prompt``, ``system``)
            and the clips; None takes the project's own.

    Returns:
        The examples whose file exists, in the order of the manifest; none without a manifest.
    """
    folder = folder or assets() / "examples"
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        return []
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in csv.DictReader(file)]
    found = []
    for row in rows:
        path = folder / (row.get("path") or row.get("clip") or "")
        if path.is_file():
            title = row.get("title") or path.stem.replace("_", " ").replace("-", " ")
            found.append(Example(title, path, row.get("prompt", ""), row.get("system", "")))
    return found
