"""The versions that decide numbers, for cards, records and reports."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qamro import __version__


def versions(*more: str) -> dict[str, str]:
    """Returns the versions that decide the numbers: Python, the libraries, qamro, and its commit when there is one.

    A commit with ``-dirty`` behind it had changes on top.

    Args:
        *more: Further libraries to name.
    """
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in ("torch", "numpy", "transformers")},
        "qamro": __version__,
        "commit": _commit(),
        **{name: _version(name) for name in more},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """The commit of this file's repository; "unknown" where git keeps none of it, as in an installed package."""
    try:
        _git(
            "ls-files", "--error-unmatch", Path(__file__).name
        )  # an installation may lie in somebody else's repository
        return _git("describe", "--always", "--dirty", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*arguments: str) -> str:
    folder = Path(__file__).resolve().parent
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=5, check=True)
    return done.stdout.strip()
