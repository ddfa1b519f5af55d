"""Takes the README's picture from the real app: ``python -m tests.ui.picture`` writes docs/figures/app.png.

The clips are from the simulated study; their prompts and systems stand in the table.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEMS, PROMPTS, SEED = 3, 2, 4
WIDTH, HEIGHT = 1180, 1926


def main() -> None:
    """Serves the app, scores six clips and takes the picture."""
    from playwright.sync_api import sync_playwright

    from qamro.studies.simulated import build
    from qamro.ui import launch

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        study = build(SYSTEMS, PROMPTS, 1, SEED, folder=Path(folder) / "study")
        address = launch(port=int(os.environ.get("PORT", "7869")), quiet=True, block=False)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{address}?__theme=light")
        paths = [str(study.folder / path) for path in study.study.clips["path"]]
        page.set_input_files("[data-testid=files]", paths)
        page.wait_for_selector(f"#clips tbody tr:nth-child({len(paths)})")
        names = page.locator("#clips tbody th").all_text_contents()
        by_name = study.study.clips.assign(name=[Path(path).name for path in study.study.clips["path"]]).set_index(
            "name"
        )
        for i, name in enumerate(names):
            page.locator("#clips input[data-field=prompt]").nth(i).fill(str(by_name.loc[name, "prompt"]))
            page.locator("#clips input[data-field=system]").nth(i).fill(str(by_name.loc[name, "system"]))
        page.click("#score")
        page.wait_for_selector("#timeline .q-plot .main-svg >> nth=0")
        page.wait_for_selector("#radar .q-plot .main-svg >> nth=0")
        page.mouse.move(0, 0)
        page.evaluate("() => document.activeElement.blur()")
        page.wait_for_timeout(800)
        target = ROOT / "docs" / "figures" / "app.png"
        target.parent.mkdir(exist_ok=True)
        page.screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main()
