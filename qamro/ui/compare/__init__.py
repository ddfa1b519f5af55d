"""The Compare tab: predicted scores against what people said, with the doubt shown."""

from __future__ import annotations

__all__ = ["build"]


def build() -> None:
    """Builds the tab's components and binds its events, inside the current ``gr.Tab``."""
    from qamro.ui.compare.components import build_components
    from qamro.ui.compare.events import bind

    bind(build_components())
