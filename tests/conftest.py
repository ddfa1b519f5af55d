"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
import signal
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import INSTALL, find_chromium

_SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def _has(item: pytest.Item, marker: str) -> bool:
    return item.get_closest_marker(marker) is not None


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def pytest_configure() -> None:
    """Lets processes that tests start hear Ctrl-C: in the background of a shell these tests, and so they, would not."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first: those that start a process later, those that drive a browser last. A GPU's wait for one."""
    items.sort(key=lambda item: (_has(item, "browser"), _has(item, "server")))
    on_gpu = [item for item in items if _has(item, "cuda")]
    if on_gpu and not _has_gpu():
        for item in on_gpu:
            item.add_marker(pytest.mark.skip(reason="needs a GPU"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The published files and the originals' answers, to hold numbers against theirs; few machines have them.

    A test takes it only for such a comparison: what is read, said or refused is tested on files that tests make.
    """
    if not (_SHARED / "data").is_dir():
        pytest.skip("a comparison with published files or the originals' answers, which are not on this machine")
    return _SHARED


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps tests away from the user's cache and lets what is slow to make be made once a run."""
    os.environ.setdefault("QAMRO_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _ample_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terabyte free on every disk: what a study published at 58 GB does must not hang on the machine of the tests.

    What a full disk does is tested by tests that set this again.
    """
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2 * 10**12, 10**12, 10**12))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One chromium for all tests; each opens a context of its own."""
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = find_chromium()
    if chromium is None:
        pytest.skip(f"chromium is not installed; {INSTALL}")
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield running
        running.close()
