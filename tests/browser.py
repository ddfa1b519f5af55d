"""Which chromium the browser tests drive; as a script it ends with 1 where there is none."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

INSTALL = "python -m playwright install --with-deps chromium"


def find_chromium() -> str | None:
    """The chromium on the path, else the one that playwright has fetched for itself; None where there is neither."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


if __name__ == "__main__":
    sys.exit(find_chromium() is None)
