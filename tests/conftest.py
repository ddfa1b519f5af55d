"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def _has(item: pytest.Item, marker: str) -> bool:
    return item.get_closest_marker(marker) is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first: those that start a process later, those that drive a browser last."""
    items.sort(key=lambda item: (_has(item, "browser"), _has(item, "server")))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference answers and real rated audio that developers have; a user's machine has none."""
    if not (_SHARED / "data").is_dir():
        pytest.skip("reference data (../shared) is not on this machine")
    return _SHARED


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps tests away from the user's cache and lets what is slow to make be made once a run."""
    import os

    os.environ.setdefault("QAMRO_CACHE", str(tmp_path_factory.mktemp("cache")))
