"""The one error of listening studies."""

from __future__ import annotations


class ListeningError(ValueError):
    """Something about a listening study cannot be done; the message may be shown to whoever asked."""
