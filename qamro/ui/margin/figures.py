"""Writes a slide-sized figure for each step of the lesson in docs/teaching.md: ``python -m qamro.ui.margin.figures``.

Needs playwright and chromium, as the tests do; the app needs neither.
"""

from __future__ import annotations

import argparse
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from qamro.paths import assets
from qamro.ui.margin.lesson import STEPS, Step

WIDTH, HEIGHT = 1920, 1080
SEEDS = (".seeds",)
"""What a step shows that waits for the hundred seeds."""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing about each request."""


@contextmanager
def serve_page() -> Iterator[str]:
    """Serves the page on its own, as any static server would, and gives its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(assets())))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/margin/index.html"
    finally:
        server.shutdown()
        server.server_close()


_SAID = """
(figure) => [...figure.querySelectorAll("p, td")].filter((e) => e.checkVisibility({ visibilityProperty: true }))
  .map((e) => e.textContent).join(" ")
"""
"""What a figure says to everybody who looks at it."""


def set_up(page: Any, address: str, step: Step, *, theme: str = "light", slide: bool = False) -> None:
    """Brings the page into the state of a step, reveals its answer, and waits until it has said its sentence.

    Args:
        page: A playwright page.
        address: Where the page is served.
        step: The step of the lesson.
        theme: "light" or "dark".
        slide: Whether it is shown in the presentation.

    Raises:
        RuntimeError: The page does not show what the lesson plan quotes, or shows it before it is revealed.
    """
    page.goto(f"{address}{step.slide if slide else step.link}&__theme={theme}")
    page.wait_for_selector("[data-ready=true]")
    if slide:
        page.wait_for_selector("[data-fits=true]")
    figure = page.locator(f"[data-figure={step.figure}]")
    if step.asks:
        if step.sees in figure.evaluate(_SAID):
            raise RuntimeError(f"step {step.name} asks, but its answer is not covered")
        page.keyboard.press("r")
        if step.figure == "train":
            page.locator("input[aria-label='Training step']").evaluate(
                "(e) => { e.value = 240; e.dispatchEvent(new Event('input')); }"  # its film is not waited for
            )
    if step.shows == SEEDS:
        page.wait_for_selector(".seeds[data-seeds='100']")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    said = figure.evaluate(_SAID)
    if step.sees not in said:
        raise RuntimeError(f"step {step.name}: the page should say {step.sees!r}, but it says {said!r}")


def write(folder: Path, *, names: tuple[str, ...] = (), theme: str = "light") -> list[Path]:
    """Writes the figures as PNG files of 1920 x 1080 pixels.

    Args:
        folder: Where to; it is made when missing.
        names: Which steps; all when empty.
        theme: "light" or "dark".

    Raises:
        RuntimeError: There is no chromium, or the page does not say what the lesson plan quotes.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("chromium is not installed; on Debian: apt-get install chromium")
    flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    folder.mkdir(parents=True, exist_ok=True)
    with serve_page() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        paths = [
            _write_one(browser, address, step, folder / f"{step.name}.png", theme)
            for step in STEPS
            if not names or step.name in names
        ]
        browser.close()
    return paths


def _write_one(browser: Any, address: str, step: Step, path: Path, theme: str) -> Path:
    """Takes a picture of the step's slide."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    set_up(page, address, step, theme=theme, slide=True)
    page.locator(".slide-bar").evaluate("(bar) => bar.remove()")
    page.evaluate("dispatchEvent(new Event('resize'))")  # with the bar's place to spare, and the answer
    page.wait_for_selector("[data-fits=true]")
    page.screenshot(path=path)
    page.close()
    return path


def main() -> None:
    """Reads the command line and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/slides"), help="folder (default: runs/slides)")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    names = [step.name for step in STEPS]
    parser.add_argument("--only", nargs="+", default=(), choices=names, metavar="STEP", help="names of steps")
    arguments = parser.parse_args()
    for path in write(arguments.out, names=tuple(arguments.only), theme=arguments.theme):
        print(path)


if __name__ == "__main__":
    main()
