"""Hands and eyes for the Margin page: they move what is on it and read what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

OpenMargin = Callable[..., Any]


def wait_ready(page: Any) -> None:
    page.wait_for_selector("[data-ready=true]")
    page.wait_for_selector("[data-figure=train] [data-value='qamro srcc']", state="attached")


def settle(page: Any) -> None:
    """Waits until what was changed has been drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def value(page: Any, figure: str, name: str) -> str:
    text: str = page.locator(f"[data-figure={figure}] [data-value='{name}']").text_content()
    return text


def number(page: Any, figure: str, name: str) -> float:
    return float(value(page, figure, name).replace("−", "-").replace("%", "").replace(",", ""))


def handle(page: Any, name: str) -> Any:
    return page.locator(f"[data-handle={name}]")


def now(page: Any, name: str) -> float:
    return float(handle(page, name).get_attribute("aria-valuenow"))


def drag(page: Any, name: str, dx: float, dy: float) -> None:
    """Drags a handle by mouse, in several moves."""
    knob = handle(page, name)
    knob.scroll_into_view_if_needed()
    box = knob.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=6)
    page.mouse.up()
    settle(page)


def slide(page: Any, figure: str, field: str, to: float) -> None:
    page.locator(f"[data-figure={figure}] input[data-field={field}]").fill(str(to))
    settle(page)


def query(page: Any) -> dict[str, str]:
    """The page's own keys in the address, once the hand has come to rest."""
    page.wait_for_timeout(350)
    entries = page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
    return {key[2:]: text for key, text in entries.items() if key.startswith("m.")}
