"""Puts the tabs together and serves them."""

from __future__ import annotations

import importlib
import os
import threading
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr

from qamro.paths import assets
from qamro.ui import texts
from qamro.ui.static import PREFIX, routes
from qamro.ui.theme import theme
from qamro.ui.visitor import Visitor
from qamro.ui.widgets import widget

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 7860
MAX_UPLOAD = "500mb"
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Tab:
    """A tab of the app.

    Attributes:
        id: Name in the page's address: ``?tab=predict`` opens it.
        label: What it says on the tab.
        module: Module whose ``build()`` makes the tab's components and binds its events.
    """

    id: str
    label: str
    module: str


TABS: tuple[Tab, ...] = (
    Tab("predict", texts.Tabs.PREDICT, "qamro.ui.predict"),
    Tab("compare", "Compare", "qamro.ui.compare"),
    Tab("train", "Train", "qamro.ui.train"),
    Tab("sensitivity", "Sensitivity", "qamro.ui.sensitivity"),
    Tab("annotate", "Annotate", "qamro.ui.annotate"),
    Tab("margin", texts.Tabs.MARGIN, "qamro.ui.margin"),
    Tab("about", texts.Tabs.ABOUT, "qamro.ui.about"),
)
"""The tabs, from left to right. A new one joins here and touches no other."""

_HEAD = f"""
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{texts.TAGLINE}">
<link rel="icon" type="image/svg+xml" href="{PREFIX}/logo.svg">
<link rel="stylesheet" href="{PREFIX}/css/app.css">
<script type="module" src="{PREFIX}/js/page.js"></script>
"""


def build_app() -> gr.Blocks:
    """Builds the app with all its tabs, without serving it."""
    with gr.Blocks(title=f"{texts.TITLE}: {texts.TAGLINE}", analytics_enabled=False, delete_cache=(DAY, DAY)) as app:
        words = {"title": texts.TITLE, "tagline": texts.TAGLINE, "theme": texts.THEME_BUTTON}
        widget("header", words=words, elem_id="header")
        with gr.Tabs(elem_id="tabs") as tabs:
            for tab in TABS:
                with gr.Tab(tab.label, id=tab.id, elem_id=f"tab-{tab.id}"):
                    importlib.import_module(tab.module).build()
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        app.load(_wanted_tab, None, tabs, **quick)
        states = [block for block in app.blocks.values() if isinstance(block, gr.State)]
        kept = [state for state in states if isinstance(state.value, Visitor)]
        app.load(_keep, kept, kept, **quick)
    return app


def launch(host: str | None = None, port: int | None = None, *, quiet: bool = False, block: bool = True) -> str:
    """Builds and serves the app; see ``qamro.ui.launch``."""
    from qamro.ui.choices import warm
    from qamro.ui.zerogpu import is_zerogpu

    if is_zerogpu():
        warm()  # ZeroGPU wants to know what will borrow the GPU before the app is up
    app = build_app().queue(default_concurrency_limit=4)
    port = port or int(os.environ.get("GRADIO_SERVER_PORT", DEFAULT_PORT))
    try:
        _, address, _ = app.launch(
            server_name=host or os.environ.get("GRADIO_SERVER_NAME", DEFAULT_HOST),
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            ssr_mode=False,
            pwa=False,
            run_history=False,
            enable_monitoring=False,
            footer_links=["gradio"],
            max_file_size=MAX_UPLOAD,
            favicon_path=assets() / "logo.svg",
            app_kwargs={"routes": routes()},
            theme=theme(),
            head=_HEAD,
        )
    except OSError as problem:
        raise OSError(f"port {port} cannot be opened: {problem}") from problem
    if not quiet:
        print(f"{texts.TITLE} is at {address} (Ctrl+C stops it)", flush=True)
    threading.Thread(target=warm, name="warm-up", daemon=True).start()
    if block:
        app.block_thread()
    return address


def _wanted_tab(request: gr.Request) -> gr.Tabs:
    wanted = request.query_params.get("tab", "")
    return gr.Tabs(selected=wanted) if wanted in {tab.id for tab in TABS} else gr.Tabs()


def _keep(*visitors: Visitor) -> list[Visitor]:
    """Hands every tab's state of a visitor back; Gradio closes only those that an event has returned."""
    return list(visitors)
