"""How soon the page is there, whether it jumps, and how smoothly a table of 10,000 rows scrolls, in a real browser.

``python -m benchmarks.page [--times 7]`` starts the app on this machine and drives chromium. Cold is a browser that has
nothing of the page; warm is the same browser's fourth visit. Usable: the first page's examples can be pressed.
Server and browser share the processors, so that times are upper bounds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.api import serve
from benchmarks.report import write_section

ROWS = 10_000
EXAMPLE = "#examples button:visible"
SHIFTS = """() => new Promise((done) => {
  let moved = 0;
  const add = (one) => { moved += one.hadRecentInput ? 0 : one.value; };
  new PerformanceObserver((list) => list.getEntries().forEach(add))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(moved), 500);
})"""
SCROLL = """async (n) => {
  const { manyRows } = await import(new URL("qamro/js/rows.js", document.baseURI));
  const { el } = await import(new URL("qamro/js/dom.js", document.baseURI));
  const table = el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "name"), el("th", {}, "value"))));
  const place = el("div", { class: "q-scroll", style: { height: "600px" } }, table);
  document.body.prepend(place);
  const rows = manyRows(place, table, (i) => el("tr", {}, el("th", {}, el("button", {}, `row ${i}`)),
    ...Array.from({ length: 8 }, (_, k) => el("td", {}, String(i * k)))));
  rows.show(Array.from({ length: n }, (_, i) => i));
  const frames = [];
  let last = await new Promise(requestAnimationFrame);
  for (let k = 0; k < 240; k += 1) {
    place.scrollTop += k % 60 < 30 ? 120 : 2400;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  place.remove();
  return frames;
}"""


def visit(page: Any, address: str) -> float:
    """Returns the seconds from asking for the page until its examples can be pressed."""
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(EXAMPLE).first.wait_for()
    page.locator(EXAMPLE).first.click(trial=True)
    return time.perf_counter() - start


def example(page: Any) -> float:
    """Returns the seconds from pressing an example until its row stands in the table."""
    start = time.perf_counter()
    page.locator(EXAMPLE).first.click()
    page.wait_for_selector("#clips tbody tr")
    return time.perf_counter() - start


def measure(launch: Callable[[str], Any], address: str, times: int) -> str:
    """Returns the table; each time is a browser with a profile of its own, which comes four times."""
    cold, warm, shown, moved, frames = (list[float]() for _ in range(5))
    for k in range(times):
        with tempfile.TemporaryDirectory() as profile:
            context = launch(profile)
            for visits in (cold, [], [], warm):  # chromium keeps compiled scripts from the third visit on
                page = context.new_page()
                visits.append(visit(page, address))
                moved.append(page.evaluate(SHIFTS))
                page.close()
            page = context.new_page()
            visit(page, address)
            shown.append(example(page))
            if k < 3:
                frames += page.evaluate(SCROLL, ROWS)
            context.close()
    slow = sorted(frames)
    rows = [
        ("first page usable, cold", cold[1:], 2.5),
        ("first page usable, warm", warm, 1.2),
        ("an example on the table", shown, 0.3),
    ]
    text = [
        "| what | median | slowest | goal |",
        "|---|--:|--:|--:|",
        f"| the server's first visitor | {cold[0]:.2f} s | | |",
    ]
    text += [f"| {name} | {statistics.median(t):.2f} s | {max(t):.2f} s | {goal} s |" for name, t, goal in rows]
    text.append(
        f"| layout shift of a visit (0 is none, .1 is good) | {statistics.median(moved):.3f} | {max(moved):.3f} | 0 |"
    )
    text.append(
        f"| frame while {ROWS:,} rows scroll | {statistics.median(slow):.0f} ms | {slow[-1]:.0f} ms "
        f"(95 % under {slow[int(0.95 * len(slow))]:.0f} ms) | |"
    )
    return "\n".join(text)


def main() -> None:
    """Measures, prints, and writes on request."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        process, address = serve(Path(home))
        try:
            launch = partial(
                playwright.chromium.launch_persistent_context,
                executable_path=shutil.which("chromium"),
                viewport={"width": 1440, "height": 900},
            )
            table = measure(launch, address, options.times)
        finally:
            process.terminate()
            process.wait()
    text = (
        f"`python -m benchmarks.page --times {options.times}`, {os.cpu_count()} cores that server and browser share, "
        f"load of others before the start {load:.1f}.\n\n{table}"
    )
    print(text)
    if options.write:
        write_section("The page", text)


if __name__ == "__main__":
    main()
