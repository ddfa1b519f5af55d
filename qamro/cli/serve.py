"""``serve``: the app in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from qamro.cli.console import FAILED, fail


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless set.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 7860 unless set.", min=1, max=65535)] = None,
) -> None:
    """Serve the app on this machine. No connection leaves it."""
    from qamro.ui import launch

    try:
        launch(host=host, port=port)
    except OSError as problem:
        fail(f"{problem}; if the port is taken, choose another with --port", FAILED)
