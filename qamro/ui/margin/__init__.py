"""The Margin tab: an explorable explanation of the loss, which runs in the page itself (``assets/margin``)."""

from __future__ import annotations

__all__ = ["build"]


def build() -> None:
    """Builds the tab. It has no events: only the scores of fetched studies come from the server, once."""
    from qamro.ui.margin.distributions import fetched_distributions
    from qamro.ui.widgets import widget

    widget("margin", elem_id="margin", server_functions=[fetched_distributions])
