"""The Annotate tab: set up a listening study, rate blind in the browser, take the ratings home."""

from __future__ import annotations

__all__ = ["build"]


def build() -> None:
    """Builds the tab's components and binds its events, inside the current ``gr.Tab``."""
    from qamro.ui.annotate.components import build_components

    build_components()
