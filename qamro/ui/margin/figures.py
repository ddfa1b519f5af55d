"""Writes a slide-sized figure for each step of the lesson in docs/teaching.md: ``python -m qamro.ui.margin.figures``.

Needs playwright and chromium, as the tests do; the app needs neither.
"""

from __future__ import annotations

import argparse
import http.server
import math
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from qamro.paths import assets
from qamro.ui.margin.lesson import SEEDS, STEPS, Step

WIDTH, HEIGHT = 1920, 1080
_LAYOUT = 65  # CSS pixels of a sixteenth of the width: a figure is laid out 1040 wide, and enlarged to the slide


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


_SLIDE = """
([figure, title, shows]) => {
  const root = document.querySelector("#page").shadowRoot;
  const style = document.createElement("style");
  style.textContent = `
    .page { max-width: none; padding: 26px 40px; }
    .page > :not(.on-slide), .on-slide > :not(figure, .slide-title), figure > :not(.figure-body) { display: none; }
    .on-slide { margin: 0; } figure { border: 0; margin: 0; padding: 0; }
    .figure-body > :not(${shows.join(", ")}), .questions button.quiet { display: none; }
    .figure-body .story { margin-inline: 0; max-width: none; min-height: 0; }
    .figure-body > :first-child { margin-top: 0; }
    .questions, .questions p { max-width: none; }
    .slide-title { font-size: 1.7rem; margin-bottom: 18px; }`;
  root.append(style);
  const section = root.querySelector(`[data-figure=${figure}]`).closest("section");
  section.classList.add("on-slide");
  const heading = document.createElement("h3");
  heading.className = "slide-title";
  heading.textContent = title;
  section.prepend(heading);
  window.scrollTo(0, 0);
  const body = section.getBoundingClientRect();
  return body.bottom + 26;
}
"""


def set_up(page: Any, address: str, step: Step, *, theme: str = "light") -> None:
    """Brings the page into the state of a step and waits until it has said its sentence.

    Args:
        page: A playwright page.
        address: Where the page is served.
        step: The step of the lesson.
        theme: "light" or "dark".

    Raises:
        RuntimeError: The page does not say what the lesson plan quotes.
    """
    page.goto(f"{address}{step.link}&__theme={theme}")
    page.wait_for_selector("[data-ready=true]")
    if step.vote:
        page.locator(f"[data-answer={step.vote}]").click()
        page.locator("input[aria-label='Training step']").fill("240")
    if step.figure == "train" and step.shows == SEEDS:
        page.locator(".seeds").scroll_into_view_if_needed()
        page.wait_for_selector(".seeds[data-seeds='100']")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    figure = page.locator(f"[data-figure={step.figure}]")
    voices = figure.evaluate("(e) => [...e.querySelectorAll('[aria-label]')].map((one) => one.ariaLabel)")
    said = " ".join([*figure.locator("p").all_text_contents(), *voices])
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
    """Takes the figure as large as it fits: laid out on 16 x 9 units that are as few pixels as will do."""
    unit, fits = _LAYOUT, False
    while not fits:
        view = {"width": 16 * unit, "height": 9 * unit}
        page = browser.new_page(viewport=view, device_scale_factor=WIDTH / view["width"])
        set_up(page, address, step, theme=theme)
        tall = page.evaluate(_SLIDE, [step.figure, step.title, list(step.shows)])
        page.wait_for_timeout(150)  # figures follow their new width in the frame after
        fits = tall <= view["height"]
        if fits:
            page.screenshot(path=path)
        unit = max(unit + 1, math.ceil(tall / 9))
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
