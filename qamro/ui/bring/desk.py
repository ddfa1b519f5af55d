"""What one visitor has on one tab's desk: the study in force, the files brought along, and what goes on."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Desk:
    """Nothing in here is shared between visitors.

    Attributes:
        audio: Whether the tab needs the clips' sound.
        source: Which source is open: a study's name, ``"upload"``, or empty.
        summary: What the page says about the study in force; None while there is none.
        error: What went wrong last; empty when nothing did.
        busy: What goes on: ``text``, and if known ``done`` and ``of``; None while nothing does.
        stopping: Whether the visitor asked for its end.
    """

    audio: bool = False
    source: str = ""
    summary: dict[str, Any] | None = None
    error: str = ""
    busy: dict[str, Any] | None = None
    stopping: bool = False
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def fresh_folder(self, parent: Path | str) -> Path:
        """Returns a new folder for files of this visitor; the one before is removed with what was in it."""
        self.clear_folder()
        self._folder = tempfile.TemporaryDirectory(prefix="study-", dir=parent, ignore_cleanup_errors=True)
        return Path(self._folder.name).resolve()

    def clear_folder(self) -> None:
        """Removes the files that were brought along."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def close(self) -> None:
        """Ends the visit: stops what goes on and removes what was brought along."""
        self.stopping = True
        self.clear_folder()
