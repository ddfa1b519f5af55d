"""The Train tab: heads on a study's ratings, live; runs side by side; heads to keep for the Predict tab."""

from __future__ import annotations

__all__ = ["build"]


def build() -> None:
    """Builds the tab's components and binds its events, inside the current ``gr.Tab``."""
    from qamro.ui.train.components import build_components
    from qamro.ui.train.events import bind

    bind(build_components())
