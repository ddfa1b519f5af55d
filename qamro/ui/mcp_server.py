"""Tools for agents over MCP: score, compare, plan and rank of ``qamro.ui.api``, and nothing else of the app.

Gradio's own MCP server takes every public endpoint and needs mcp below 2; this one lists its tools itself. An agent has
no way to upload but by its own means: it sends a file's content as a data URL, or the path that POST
/gradio_api/upload answered.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import hashlib
import inspect
import os
from collections.abc import AsyncIterator, Callable
from mimetypes import guess_extension
from typing import TYPE_CHECKING, Any

import anyio
import gradio as gr

from qamro import __version__
from qamro.ui import api
from qamro.ui.endpoint import Refused
from qamro.ui.static import own_folder
from qamro.ui.texts import Api as T
from qamro.ui.texts import Mcp

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

PATH = "/gradio_api/mcp"
"""Where Gradio apps have it; Gradio compresses nothing below, so that progress comes at once."""

VARIABLE = "QAMRO_MCP"
"""Environment variable that switches it on, on a Space in place of ``serve --mcp``."""

TOOLS = (api.score, api.compare, api.plan, api.rank)
"""What agents that tune a generator ask for."""

MOST_BYTES = 64 * 2**20
"""Of one request, files within it included."""

_LEFT_OUT = {"report"}
"""Parameters that make a file, which an agent's answer has no place for."""

_AT_ONCE = 4
"""Tools that compute at the same time, as many as visitors who press Score."""


def wanted() -> bool:
    """Whether the environment asks for it."""
    return os.environ.get(VARIABLE, "").strip().lower() in ("1", "true", "yes", "on")


def mcp_kwargs(host: str) -> dict[str, Any]:
    """Makes the server; returns what Gradio passes on to FastAPI so that it is served at ``PATH``.

    Args:
        host: The address that is listened on; on this machine's own, requests that name another host are refused, so
            that no web page reaches the tools through a visitor's browser.

    Raises:
        ImportError: The package mcp is not installed; says how to install it.
    """
    try:
        from mcp.server.mcpserver import MCPServer
    except ImportError as problem:
        raise ImportError(Mcp.NOT_INSTALLED) from problem
    server: Any = MCPServer("QAMRO", instructions=Mcp.INSTRUCTIONS, version=__version__, log_level="WARNING")
    limiter = anyio.CapacityLimiter(_AT_ONCE)
    for function in TOOLS:
        server.add_tool(tool(function, limiter), name=function.__name__, description=described(function))
    inner = server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, max_request_body_size=MOST_BYTES, host=host
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    routes: list[BaseRoute] = list(inner.routes)
    return {"routes": routes, "lifespan": lifespan}


def tool(function: Callable[..., Any], limiter: anyio.CapacityLimiter) -> Callable[..., Any]:
    """Makes a tool of an endpoint: files are strings, progress goes to the agent, complaints are the tool's error."""
    from mcp.server.mcpserver import Context
    from mcp.server.mcpserver.exceptions import ToolError

    signature = inspect.signature(function)
    files = {name for name, each in signature.parameters.items() if _holds_files(each.annotation)}
    reports = getattr(function, "reports", False)

    async def call(ctx: Any, **given: Any) -> dict[str, Any]:
        def progress(at: tuple[int, int | None], desc: str = "", unit: str = "") -> None:
            anyio.from_thread.run(functools.partial(ctx.report_progress, *at, message=desc))

        def work() -> dict[str, Any]:
            made = {name: _as_files(value, name) if name in files else value for name, value in given.items()}
            off = {"report": ""} if "report" in signature.parameters else {}
            return function(**made, **off, **({"progress": progress} if reports else {}))

        try:
            return await anyio.to_thread.run_sync(work, limiter=limiter)
        except gr.Error as problem:
            raise ToolError(str(problem.message)) from None

    parameters = [
        each.replace(annotation=_told(each.annotation), kind=inspect.Parameter.KEYWORD_ONLY)
        for name, each in signature.parameters.items()
        if name not in _LEFT_OUT
    ]
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=Context)
    call.__signature__ = inspect.Signature([context, *parameters], return_annotation=dict[str, Any])  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in [context, *parameters]} | {"return": dict[str, Any]}
    call.__name__ = function.__name__
    return call


def described(function: Callable[..., Any]) -> str:
    """What an agent reads of a tool: the endpoint's docstring without what is not there, and how files are given."""
    lines = (inspect.getdoc(function) or "").splitlines()
    gone = tuple(f"    {name}:" for name in _LEFT_OUT)
    return "\n".join([line for line in lines if not line.startswith(gone)] + ["", Mcp.FILES])


def _holds_files(annotation: Any) -> bool:
    return "File" in str(annotation)


def _told(annotation: Any) -> Any:
    if not _holds_files(annotation):
        return annotation
    if "list" not in str(annotation):
        return str
    return list[str] | None if "None" in str(annotation) else list[str]


def _as_files(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_as_file(each, f"{name}-{number}") for number, each in enumerate(value, 1)]
    return None if value is None else _as_file(value, name)


def _as_file(text: str, name: str) -> dict[str, str]:
    """Keeps a data URL's content as an upload would be kept; a path is looked at by the endpoint.

    Raises:
        Refused: It is an address, or no base64.
    """
    if not text.startswith("data:"):
        if "://" in text:
            raise Refused(T.NOT_UPLOADED.format(path=text[:200]))
        return {"path": text}
    head, comma, body = text[5:].partition(",")
    kind, *rest = head.split(";")
    try:
        if not comma or "base64" not in rest:
            raise ValueError(head[:80])
        content = base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error) as problem:
        raise Refused(Mcp.NO_DATA.format(name=name)) from problem
    called = next((part.removeprefix("name=") for part in rest if part.startswith("name=")), "")
    called = called or f"{name}{guess_extension(kind.strip()) or ''}"
    folder = own_folder() / hashlib.sha256(content).hexdigest()
    folder.mkdir(exist_ok=True)
    path = folder / "content"
    path.write_bytes(content)
    return {"path": str(path), "orig_name": called}
