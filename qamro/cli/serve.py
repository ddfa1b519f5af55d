"""``serve``: the app in the browser."""

from __future__ import annotations

import errno
import socket
from typing import Annotated

import typer

from qamro.cli.console import FAILED, fail

_LOCAL = "127.0.0.1"


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless set.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 7860 unless set.", min=1, max=65535)] = None,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Also offer score, compare, plan and rank as tools to agents (MCP over HTTP).")
    ] = False,
) -> None:
    """Serve the app on this machine, with endpoints for programs (docs/api.md). No connection leaves it."""
    if port is not None and not _is_free(host or _LOCAL, port):
        fail(f"port {port} is taken; choose another with --port", FAILED)
    from qamro.ui import launch

    try:
        launch(host=host, port=port, mcp=mcp or None)
    except ImportError as problem:
        fail(str(problem), FAILED)
    except OSError as problem:
        fail(f"{problem}; choose another with --port", FAILED)


def _is_free(host: str, port: int) -> bool:
    """Looks before the app is built, which takes seconds; any other trouble with the address shows at launch."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            return problem.errno != errno.EADDRINUSE
    return True
