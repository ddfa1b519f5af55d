"""What one visitor has on one tab's desk: the study in force, the files brought along, and what goes on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.studies.importers.layout import Layout
from qamro.ui.visitor import Visitor

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.studies.importers.reading import Found


@dataclass
class Brought:
    """Files that a visitor brought along, before they are imported.

    Attributes:
        folder: Where they lie, under the visitor's names.
        name: What the study will be called.
        layout: How they are read; None while nothing that looks like ratings was found.
        found: What that finds; None where it fails.
        examples: The first cells of each column.
        by_rater: Whether scales are told for each rater.
        sounds: Number of sound files among them.
        notes: What was left out, and why.
        problem: What is wrong; empty when nothing is.
    """

    folder: Path
    name: str
    layout: Layout | None = None
    found: Found | None = None
    examples: dict[str, list[str]] = field(default_factory=dict)
    by_rater: bool = False
    sounds: int = 0
    notes: list[str] = field(default_factory=list)
    problem: str = ""


class Desk(Visitor):
    """A tab's choice of a study, for one visitor.

    Attributes:
        audio: Whether the tab needs the clips' sound.
        card: Which source is open on the page: a study's name, ``"upload"``, or empty.
        study: The study in force; None while there is none.
        source: Where that came from: its name, ``"upload"``, or empty while there is none.
        turn: How often a study was chosen.
        summary: What the page says about it.
        error: What went wrong last; empty when nothing did.
        going: What goes on: ``text``, and if known ``done`` and ``of``; None while nothing does.
        brought: Files that wait for their import.
        ours: Whether the study in force was brought along, so that it can be taken home.
        packed: How often it was.
    """

    def __init__(self, audio: bool = False) -> None:
        super().__init__()
        self.audio = audio
        self.card = ""
        self.study: Study | None = None
        self.source = ""
        self.turn = 0
        self.summary: dict[str, Any] | None = None
        self.error = ""
        self.going: dict[str, Any] | None = None
        self.brought: Brought | None = None
        self.ours = False
        self.packed = 0
        self._visits = 0

    def fresh_folder(self, parent: Path) -> Path:
        """Returns a new folder for files; imported ones stay until the visitor goes, as runs may still read them."""
        self._visits += 1
        return self.folder(parent) / f"brought-{self._visits}"

    def drop(self) -> None:
        """Puts away the files that wait for their import."""
        if self.brought is not None:
            shutil.rmtree(self.brought.folder, ignore_errors=True)
            self.brought = None
