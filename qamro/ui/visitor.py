"""What every tab keeps for a visitor: whether something is going on, and a folder that goes when the visitor goes."""

from __future__ import annotations

import tempfile
from pathlib import Path


class Visitor:
    """State of one visitor on one tab; nothing in it is shared between visitors.

    Attributes:
        busy: Whether a run or a download is going on.
        stopping: Whether the visitor asked for its end.
    """

    def __init__(self) -> None:
        self.busy = False
        self.stopping = False
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def folder(self, parent: Path | str | None = None) -> Path:
        """Returns a folder for files that are made for this visitor; it goes when the session goes.

        Args:
            parent: Where to make it the first time; None takes the system's folder for such things.
        """
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="session-", dir=parent, ignore_cleanup_errors=True)
        return Path(self._folder.name).resolve()

    def close(self) -> None:
        """Ends the session: stops a run and deletes the session's folder."""
        self.cancel()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def cancel(self) -> None:
        """Asks the run or the download that is going on to end; what is done stays."""
        self.stopping = True
