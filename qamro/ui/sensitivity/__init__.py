"""The Sensitivity tab: does beta matter? Curves over a loss's numbers, with what chance in training does."""

from __future__ import annotations

__all__ = ["build"]


def build() -> None:
    """Builds the tab's components and binds its events, inside the current ``gr.Tab``."""
    from qamro.ui.sensitivity.components import build_components
    from qamro.ui.sensitivity.events import bind

    bind(build_components())
