"""The files that the page itself needs: style sheet, scripts, logo, examples and plotly.js."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.paths import assets

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

PREFIX = "qamro"
"""Path below which these files are served; relative to the app's root, so that proxies do not matter."""


def routes() -> list[BaseRoute]:
    """Returns the routes that serve them. Browsers ask again after an update instead of trusting their cache."""
    from starlette.responses import FileResponse, Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    fresh = {"Cache-Control": "no-cache"}
    script = assets() / "plotly" / "plotly.min.js"  # the traces that are drawn; build.sh beside it makes it

    class Assets(StaticFiles):
        def file_response(self, *args: Any, **kwargs: Any) -> Response:
            response = super().file_response(*args, **kwargs)
            response.headers.update(fresh)
            return response

    def plotly_script(request: Any) -> Response:
        headers = {"Cache-Control": "max-age=86400", "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return FileResponse(script, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(_compressed(script), media_type="text/javascript", headers=headers)

    served = Mount(f"/{PREFIX}", Assets(directory=assets()))
    return [Route(f"/{PREFIX}/plotly.min.js", plotly_script), _listen(), served]


_PLAIN = """<script>{
  class Plain extends Array {}
  for (const list of ["components", "dependencies"]) Object.setPrototypeOf(gradio_config[list], Plain.prototype);
}</script>"""
"""Gradio's page observes its whole configuration, which never changes, and reads each event once for each component.

The library that observes (Svelte) takes lists of exactly the class Array; reading these two unobserved takes a quarter
of the page's start away (``benchmarks/page.py``). What is filtered out of them keeps their class.
"""


class Preloads:
    """Says at the head of the page what the first tab is drawn by; else browsers hear of it when Gradio has started."""

    _NAMES = (
        "header",
        "clips",
        "dom",
        "files",
        "kept",
        "rows",
        "scores",
        "uploads",
        "examples",
        "player",
        "chart",
        "playhead",
    )
    _LINKS = "".join(f'<link rel="modulepreload" href="{PREFIX}/js/{name}.js">' for name in ("page", *_NAMES))
    _HEAD = f'{_PLAIN}<link rel="preload" as="style" href="{PREFIX}/css/app.css">{_LINKS}</head>'.encode()

    def __init__(self, app: Any) -> None:
        """Takes the application that answers."""
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers a request; puts the links into the page."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: dict[str, Any] = {}
        parts: list[bytes] = []

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts).replace(b"</head>", self._HEAD, 1)
            headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
            await send(start | {"headers": [*headers, (b"content-length", str(len(body)).encode())]})
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, answer)


@cache
def _compressed(script: Path) -> bytes:
    """A file of megabytes, compressed once and not for each visitor."""
    return gzip.compress(script.read_bytes(), 6)


def _listen() -> BaseRoute:
    """Returns the route of a listening task's sound under its random name, with ranges, so that browsers can seek."""
    from starlette.responses import FileResponse, Response
    from starlette.routing import Route

    def listen(request: Any) -> Response:
        from qamro.studies.listening.hub_backup import open_store
        from qamro.studies.listening.session import sound_file

        path = sound_file(open_store(), request.path_params["name"])
        if path is None:
            return Response(status_code=404)
        return FileResponse(path, media_type="audio/flac", headers={"Cache-Control": "private, max-age=3600"})

    return Route(f"/{PREFIX}/listen/{{name}}", listen)


def own_folder() -> Path:
    """Returns the folder of uploads and of files made for visitors, the only one that is served besides ours."""
    import gradio as gr

    folder = Path(gr.utils.get_upload_folder()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def url(path: Path | str) -> str:
    """Returns the address, relative to the page, at which a browser gets a file of a session.

    Files of the project come from its static files; everything else lies in Gradio's own folder.
    """
    from urllib.parse import quote

    path = Path(path).resolve()
    if path.is_relative_to(assets()):
        return f"{PREFIX}/{quote(path.relative_to(assets()).as_posix())}"
    return f"gradio_api/file={quote(path.as_posix())}"
