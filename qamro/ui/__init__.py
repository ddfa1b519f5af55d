"""The app in the browser: one file (or folder) a tab, theme, figures and texts beside them.

Gradio is imported only when the app is built, so that ``import qamro.ui`` stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

__all__ = ["build_app", "launch"]


def build_app() -> gr.Blocks:
    """Builds the app with all its tabs, without serving it."""
    from qamro.ui.app import build_app as build

    return build()


def launch(
    host: str | None = None,
    port: int | None = None,
    *,
    quiet: bool = False,
    block: bool = True,
    mcp: bool | None = None,
) -> str:
    """Builds and serves the app; no connection leaves the machine.

    Args:
        host: Address to listen on; None takes ``GRADIO_SERVER_NAME`` (a Space sets it), else 127.0.0.1.
        port: Port to listen on; None takes ``GRADIO_SERVER_PORT``, else 7860.
        quiet: Do not print the address.
        block: Serve until interrupted; False returns at once and serves from a thread.
        mcp: Whether to offer tools to agents over MCP; None does where ``QAMRO_MCP`` is 1.

    Returns:
        The address of the app.

    Raises:
        OSError: The port is taken.
        ImportError: ``mcp`` is wanted and the package is not installed.
    """
    from qamro.ui.app import launch as serve

    return serve(host, port, quiet=quiet, block=block, mcp=mcp)
