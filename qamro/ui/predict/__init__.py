"""The Predict tab: drop clips, press Score, read, listen, download."""

from __future__ import annotations

__all__ = ["build"]


def build() -> None:
    """Builds the tab's components and binds its events, inside the current ``gr.Tab``."""
    from qamro.ui.predict.components import build_components
    from qamro.ui.predict.events import bind

    bind(build_components())
