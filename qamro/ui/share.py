"""Shares what is on the page: as a file that opens anywhere, and by a link to it that ends with the visitor's session.

The link's name is drawn at random and says nothing; the page behind it lies in the session's folder and goes with it.
"""

from __future__ import annotations

import logging
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.ui.events import Answer
from qamro.ui.static import PREFIX, own_folder
from qamro.ui.texts import Share as T
from qamro.ui.widgets import widget

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from qamro.ui.session import Visitor

FOLDER = "shared"
"""Part of a link's path, and of a session's folder."""

MOST = 20
"""Links of one session; the oldest ends where one more is made."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_log = logging.getLogger(__name__)


def share_button(elem_id: str, *, ready: bool = False) -> gr.HTML:
    """Makes a small Share button; its ``download`` asks for the page.

    Args:
        elem_id: Its id.
        ready: Whether it stands there from the start, and not only from when a handler answers ``READY``.
    """
    return widget("share", READY if ready else None, words=T.WORDS, elem_id=elem_id, elem_classes="q-share")


READY: dict[str, Any] = {"ready": True}
"""Value of a button that may be pressed; None hides it."""


def shared(button: gr.HTML, visitor: Visitor, stem: str, write: Callable[[Path], Any]) -> Iterator[Answer]:
    """Writes a page and answers with its link.

    Args:
        button: What was pressed.
        visitor: Whose page it is.
        stem: What its file is called, without the ending.
        write: Writes it to a path; a ValueError tells the visitor why there is none.
    """
    yield {button: READY | {"busy": True}}
    try:
        folder = visitor.folder(own_folder()) / FOLDER
        folder.mkdir(exist_ok=True)
        old = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime_ns)
        for one in old[: max(0, len(old) - MOST + 1)]:
            shutil.rmtree(one, ignore_errors=True)
        token, name = secrets.token_urlsafe(32), f"{stem}.html"
        write(folder / token / name)
        yield {button: READY | {"url": f"{PREFIX}/{FOLDER}/{token}", "name": name}}
    except ValueError as problem:
        yield {button: READY | {"said": str(problem)}}
    except Exception as problem:
        _log.exception("sharing %s", stem)
        yield {button: READY | {"said": T.FAILED.format(problem=problem)}}


def route() -> BaseRoute:
    """Returns the route of shared pages; whoever has the link may read one, and nobody can list them."""
    from starlette.responses import FileResponse, PlainTextResponse, Response
    from starlette.routing import Route

    private = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}

    def page(request: Any) -> Response:
        token = request.path_params["token"]
        known = _TOKEN.fullmatch(token) and next(own_folder().glob(f"session-*/{FOLDER}/{token}/*.html"), None)
        if not known:
            return PlainTextResponse(T.ENDED, status_code=404, headers=private)
        return FileResponse(known, media_type="text/html", headers=private)

    return Route(f"/{PREFIX}/{FOLDER}/{{token}}", page)
