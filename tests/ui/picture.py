"""Takes the README's picture from the real app: ``python -m tests.ui.picture`` writes docs/figures/app.png."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH, MARGIN = 1180, 14


def main() -> None:
    """Serves the app, scores the examples and takes the picture down to the figures of the first clip."""
    from playwright.sync_api import sync_playwright

    from qamro.ui import launch

    address = launch(port=int(os.environ.get("PORT", "7869")), quiet=True, block=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.goto(f"{address}?__theme=light")
        page.locator("#examples button").last.click()
        page.wait_for_selector("#clips tbody tr:nth-child(6)")
        for chart in ("#timeline", "#radar", "#bars"):
            page.wait_for_selector(f"{chart} .q-plot .main-svg >> nth=0")
        page.mouse.move(0, 0)
        page.evaluate("() => document.activeElement.blur()")
        page.wait_for_timeout(800)
        end = page.evaluate("() => scrollY + document.querySelector('#detail').getBoundingClientRect().bottom")
        target = ROOT / "docs" / "figures" / "app.png"
        target.parent.mkdir(exist_ok=True)
        page.screenshot(path=target, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": end + MARGIN})
        browser.close()


if __name__ == "__main__":
    main()
