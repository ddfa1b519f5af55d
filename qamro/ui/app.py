"""Puts the tabs together and serves them."""

from __future__ import annotations

import importlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr

from qamro.paths import assets
from qamro.report.terms import LINKED, PATTERN
from qamro.ui import middleware, monitoring, operate, share, texts
from qamro.ui.api import add_endpoints
from qamro.ui.bounds import DAY, bound
from qamro.ui.endpoint import Blocks
from qamro.ui.events import AT_ONCE
from qamro.ui.session import Session, Visitor
from qamro.ui.static import PREFIX, Preloads, routes
from qamro.ui.theme import theme
from qamro.ui.widgets import widget

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 7860
MAX_UPLOAD = "500mb"


@dataclass(frozen=True)
class Tab:
    """A tab of the app.

    Attributes:
        id: Name in the page's address: ``?tab=predict`` opens it.
        label: What it says on the tab.
        module: Module whose ``build`` makes the tab's components and binds its events.
    """

    id: str
    label: str
    module: str

    def build(self) -> None:
        """Builds the tab inside the current ``gr.Tab``."""
        importlib.import_module(self.module).build()


TABS: tuple[Tab, ...] = (
    Tab("predict", texts.Tabs.PREDICT, "qamro.ui.predict.tab"),
    Tab("compare", "Compare", "qamro.ui.compare.tab"),
    Tab("train", "Train", "qamro.ui.train.tab"),
    Tab("sensitivity", "Sensitivity", "qamro.ui.sensitivity.tab"),
    Tab("annotate", "Annotate", "qamro.ui.annotate.tab"),
    Tab("margin", texts.Tabs.MARGIN, "qamro.ui.margin"),
    Tab("about", texts.Tabs.ABOUT, "qamro.ui.about"),
)
"""The tabs, from left to right. A new one joins here and touches no other; one that is taken out takes none along."""


def _terms() -> str:
    """Which words lead to the page of terms, for the page's script."""
    return json.dumps({"pattern": PATTERN, "words": {word: term.id for word, term in LINKED.items()}}).replace(
        "<", "\\u003c"
    )


_HEAD = f"""
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{texts.TAGLINE}">
<link rel="icon" type="image/svg+xml" href="{PREFIX}/logo.svg">
<link rel="stylesheet" href="{PREFIX}/css/app.css">
<script type="module" src="{PREFIX}/js/page.js"></script>
<script type="application/json" id="q-terms">{_terms()}</script>
<script type="module" src="{PREFIX}/js/terms.js"></script>
"""


def build_app(tabs: Sequence[Tab] = TABS) -> gr.Blocks:
    """Builds the app without serving it.

    Args:
        tabs: Those of ``TABS`` that it has.
    """
    with Blocks(title=f"{texts.TITLE}: {texts.TAGLINE}", analytics_enabled=False, delete_cache=(DAY, DAY)) as app:
        add_endpoints()  # first: Gradio numbers names that are taken, and handlers of tabs have some of these
        words = {"title": texts.TITLE, "tagline": texts.TAGLINE, "theme": texts.THEME_BUTTON}
        header = widget("header", words=words, elem_id="header")
        with gr.Tabs(elem_id="tabs") as strip:
            for tab in tabs:
                with gr.Tab(tab.label, id=tab.id, elem_id=f"tab-{tab.id}"):
                    tab.build()
        _steps(app, header, strip, tabs)
        states = [block for block in app.blocks.values() if isinstance(block, gr.State)]
        kept = [s for s in states if isinstance(s.value, Visitor) and not isinstance(s.value, Session)]
        app.load(_keep, kept, kept, **AT_ONCE)
    return app


def launch(
    host: str | None = None,
    port: int | None = None,
    *,
    quiet: bool = False,
    block: bool = True,
    mcp: bool | None = None,
) -> str:
    """Builds and serves the app; see ``qamro.ui.launch``."""
    from starlette.middleware import Middleware

    from qamro.ui import making, mcp_server
    from qamro.ui.choices import warm
    from qamro.ui.space import is_zerogpu, keep_on_storage

    keep_on_storage()
    if is_zerogpu():
        warm()  # ZeroGPU wants to know what will borrow the GPU before the app is up
    operate.set_up_logs()
    operate.sweep(DAY)
    host = host or os.environ.get("GRADIO_SERVER_NAME", DEFAULT_HOST)
    tools = mcp_server.mcp_kwargs(host) if mcp or (mcp is None and mcp_server.wanted()) else {"routes": []}
    # For a monitoring page that is off here, Gradio sums up its last 10,000 events again after every one.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1000")
    app = build_app().queue(default_concurrency_limit=4, max_size=bound("QAMRO_QUEUE"))
    port = port or int(os.environ.get("GRADIO_SERVER_PORT", DEFAULT_PORT))
    try:
        _, address, _ = app.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            ssr_mode=False,
            pwa=False,
            run_history=False,
            enable_monitoring=False,
            footer_links=["api", "gradio"],
            max_file_size=MAX_UPLOAD,
            max_threads=40 + bound("QAMRO_LINE"),  # who waits for a turn does so in a thread
            favicon_path=assets() / "logo.svg",
            app_kwargs=tools
            | {
                "routes": [*monitoring.routes(app), share.route(), *routes(), *tools["routes"]],
                "middleware": [Middleware(middleware.Around, blocks=app), Middleware(Preloads)],
                "openapi_url": None,  # lists private routes, too
            },
            mcp_server=False,  # Gradio's own would make a tool of every endpoint
            theme=theme(),
            head=_HEAD,
        )
    except OSError as problem:
        raise OSError(f"port {port} cannot be opened: {problem}") from problem
    if not quiet:
        print(f"{texts.TITLE} is at {address} (Ctrl+C stops it)", flush=True)
        if tools["routes"]:
            print(f"Tools for agents (MCP) are at {address.rstrip('/')}{mcp_server.PATH}", flush=True)
    threading.Thread(target=warm, name="warm-up", daemon=True).start()
    threading.Thread(target=operate.tidy, args=(app,), name="tidy", daemon=True).start()
    making.start()
    if block:
        operate.serve_until_told(app)
    return address


def _steps(app: gr.Blocks, header: gr.HTML, strip: gr.Tabs, tabs: Sequence[Tab]) -> None:
    """Makes tabs steps of the browser's history: all of this happens in the page (see ``assets/js/page.js``)."""
    quiet: dict[str, Any] = {"api_visibility": "private"}
    of_address = f"""() => {{
      const wanted = new URLSearchParams(location.search).get("tab");
      const selected = {json.dumps([tab.id for tab in tabs])}.find((id, i) => id === wanted || (!wanted && i === 0));
      return selected ? {{ __type__: "update", selected }} : {{ __type__: "update" }};
    }}"""
    gr.on([app.load, header.select], None, None, strip, js=of_address, **quiet)
    parts: list[Any] = list(strip.children)
    for tab in parts:
        tab.select(None, None, None, js=f"() => window.qamroTab?.({json.dumps(tab.id)})", **quiet)


def _keep(*visitors: Visitor) -> list[Visitor]:
    """Hands every tab's state of a visitor back; Gradio closes only those that an event has returned."""
    return list(visitors)
