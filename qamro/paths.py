"""Where files live: the cache, the weights that ship with the project, and the static assets."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def cache_path(*parts: str) -> Path:
    """Returns where something lies below the cache, whether it is there or not.

    ``QAMRO_CACHE`` moves the cache; without it, it is the user's cache folder of the platform.
    """
    import platformdirs

    base = os.environ.get("QAMRO_CACHE") or platformdirs.user_cache_dir("qamro", appauthor=False)
    return Path(base).expanduser().joinpath(*parts)


def cache_dir(*parts: str) -> Path:
    """Returns a folder below the cache and makes it (see ``cache_path``)."""
    folder = cache_path(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def bundled_weights() -> Path:
    """Returns the folder of the small heads that ship with the project."""
    return _shipped("weights")


def assets() -> Path:
    """Returns the folder of static files (style sheets, scripts, example clips)."""
    return _shipped("assets")


def _shipped(name: str) -> Path:
    """A folder that lies in the package where a wheel was installed, and beside it in a checkout."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
