"""Serves the sound of a task under its random name, with ranges, so that browsers can seek."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

FOLDER = "listen"


def route(prefix: str) -> BaseRoute:
    """Returns the route ``/<prefix>/listen/<name>``."""
    from starlette.responses import FileResponse, Response
    from starlette.routing import Route

    def listen(request: Any) -> Response:
        from qamro.studies.listening.places import open_store
        from qamro.studies.listening.session import sound_file

        path = sound_file(open_store(), request.path_params["name"])
        if path is None:
            return Response(status_code=404)
        return FileResponse(path, media_type="audio/flac", headers={"Cache-Control": "private, max-age=3600"})

    return Route(f"/{prefix}/{FOLDER}/{{name}}", listen)
