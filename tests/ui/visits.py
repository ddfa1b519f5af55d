"""Pages that a test opens, each as a visitor of its own: nothing may go wrong on them, or leave the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
PATIENCE = 120_000  # milliseconds that a page may take for anything, on a busy machine
SILENCE = 5  # seconds after which a page that hears nothing new is taken to be done


class Visits:
    """Opens pages of one site, and closes them all.

    Args:
        browser: Playwright's.
        address: Tells where the site is now.
        ready: Selector of what stands there once a page has come up.
        **options: Of every browser context.
    """

    def __init__(self, browser: Any, address: Callable[[], str], ready: str, **options: Any) -> None:
        self._browser, self._address, self._ready, self._options = browser, address, ready, options
        self._talks: dict[Any, Talk] = {}
        self._troubles: list[str] = []

    def __call__(
        self, query: str = "", *, width: int = 1280, height: int = 900, ready: str = "", **options: Any
    ) -> Any:
        """Opens a page: of a query such as ``?tab=train``, or of a whole address."""
        context = self._browser.new_context(viewport={"width": width, "height": height}, **(self._options | options))
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        self._watch(page, self._address())
        self._talks[page] = Talk(page)
        page.goto(query if query.startswith("http") else self._address() + query)
        page.wait_for_selector(ready or self._ready)
        self.settle(page)
        return page

    def _watch(self, page: Any, address: str) -> None:
        troubles, site = self._troubles, urlsplit(address)
        ours = (f"{site.scheme}://{site.netloc}/", "data:", "blob:")
        page.on("console", lambda said: troubles.append(f"console: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("request", lambda asked: None if asked.url.startswith(ours) else troubles.append(f"out: {asked.url}"))

    def settle(self, page: Any, quiet: int = 3) -> None:
        """Waits until a page and its server have been silent for a while."""
        self._talks[page].settle(quiet)

    def asked(self, page: Any) -> list[str]:
        """What a page has asked its server to do so far: ``run/predict``, or ``queue/join`` where it waits in line."""
        return [path for path in self._talks[page].asked if path != "queue/data"]

    def leave(self) -> None:
        """Closes every page; by then nothing has gone wrong on them."""
        talks, self._talks = self._talks, {}
        for talk in talks.values():
            talk.settle()
        found = list(self._troubles)  # closing a page breaks off what it may still be told
        for page in talks:
            page.context.close()
        self._troubles.clear()
        assert not found, found


class Talk:
    """What a page and its server are still telling each other; leaving in the middle of it is an error in Gradio.

    Gradio's page may listen to a stream on which nothing will come (two answers that came at once): after a while of
    silence that counts as the end.
    """

    def __init__(self, page: Any) -> None:
        self.page, self.asked, self.pending, self.last = page, list[str](), set[Any](), time.monotonic()
        page.on("request", self._asked)
        for end in ("requestfinished", "requestfailed"):
            page.on(end, self._answered)

    def _asked(self, request: Any) -> None:
        if "/queue/" in request.url or "/run/" in request.url:
            self.pending.add(request)
            self.asked.append(request.url.partition("?")[0].rpartition("gradio_api/")[2])
            self.last = time.monotonic()

    def _answered(self, request: Any) -> None:
        if request in self.pending:
            self.pending.discard(request)
            self.last = time.monotonic()

    def settle(self, quiet: int = 3) -> None:
        """Waits until nothing was under way for a while."""
        still = 0
        while still < quiet and time.monotonic() - self.last < SILENCE and not self.page.is_closed():
            self.page.wait_for_timeout(50)
            still = 0 if self.pending else still + 1


def says(page: Any, where: str, text: str) -> None:
    """Waits until a part of the page says something."""
    page.wait_for_function(
        "([where, text]) => document.querySelector(where)?.innerText.includes(text)", arg=[where, text]
    )


def shot(page: Any, name: str) -> None:
    """Keeps a picture of the whole page for whoever wants to look at it."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def fits(page: Any) -> bool:
    """Whether the page need not be moved sideways to be read."""
    answer: bool = page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    return answer


def cut(page: Any) -> list[str]:
    """Labels of the choices whose text runs under their arrow."""
    answer: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("input[role=combobox]")].filter((input) => input.offsetParent)
          .filter((input) => input.getBoundingClientRect().right >
            input.parentElement.querySelector("svg").getBoundingClientRect().left + 1)
          .map((input) => input.ariaLabel)"""
    )
    return answer


def download(page: Any, selector: str, folder: Path) -> Path:
    """Presses what brings a file, and keeps that under its name in a folder."""
    with page.expect_download() as got:
        page.click(selector)
    path = folder / got.value.suggested_filename
    got.value.save_as(path)
    return path
