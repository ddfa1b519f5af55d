"""A real server, a real browser, and pages that may not err or call outside."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audio_files import make_good

HERE = Path(__file__).resolve().parent
SCREENSHOTS = HERE.parents[1] / "screenshots"
PATIENCE = 120_000  # milliseconds that a page may take for anything, on a busy machine


@dataclass
class Server:
    """The app as a process of its own."""

    url: str
    log: Path

    def left_the_machine(self) -> list[str]:
        """Lines about every look-up or connection that was not local."""
        return self.log.read_text().splitlines()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "QAMRO_WEIGHTS": str(folder / "weights"),
        "HF_HUB_CACHE": str(folder / "hub"),
        "HF_ENDPOINT": "http://127.0.0.1:9",  # nobody is there: the hub cannot be reached
    }
    with (folder / "output.txt").open("w") as output:
        command = [sys.executable, str(HERE / "served.py"), str(folder / "outside.txt")]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}/"
            _wait(url, process, folder / "output.txt")
            yield Server(url, folder / "outside.txt")
        finally:
            process.terminate()
            process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not come up:\n{output.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield running
        running.close()


OpenPage = Callable[..., Any]


@pytest.fixture
def open_page(server: Server, browser: Any) -> Iterator[OpenPage]:
    """Opens the app as a visitor of its own; at the end nothing may have gone wrong or outside."""
    contexts, talks, troubles = [], [], []

    def open_one(
        query: str = "?__theme=light", width: int = 1280, height: int = 900, ready: str = "#clips .q-drop"
    ) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, permissions=["microphone"])
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: troubles.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("request", lambda r: troubles.append(f"outside: {r.url}") if not _inside(r.url, server) else None)
        talk = Talk(page)
        page.goto(server.url + query)
        page.wait_for_selector(ready)
        talk.settle()
        talks.append(talk)
        return page

    yield open_one
    for talk in talks:
        talk.settle()
    found = list(troubles)  # closing a page breaks off what it may still be told
    for context in contexts:
        context.close()
    assert not found


class Talk:
    """What a page and its server are still telling each other; leaving in the middle of it is an error in Gradio."""

    def __init__(self, page: Any) -> None:
        self.page, self.pending = page, set[Any]()
        page.on("request", lambda r: self.pending.add(r) if "/queue/" in r.url else None)
        for end in ("requestfinished", "requestfailed"):
            page.on(end, lambda r: self.pending.discard(r))  # Playwright takes no built-in function

    def settle(self, quiet: int = 3) -> None:
        """Waits until nothing was under way for a while."""
        still, deadline = 0, time.monotonic() + PATIENCE / 1000
        while still < quiet and time.monotonic() < deadline and not self.page.is_closed():
            self.page.wait_for_timeout(50)
            still = 0 if self.pending else still + 1


def _inside(url: str, server: Server) -> bool:
    return url.startswith((server.url, "data:", "blob:"))


@pytest.fixture(scope="session")
def ten_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Nine short pieces of different pitch, loudness and format, and a text that is called .wav."""
    folder = tmp_path_factory.mktemp("ten")
    kinds = ["wav", "flac", "mp3", "ogg", "m4a", "wav24", "aiff", "oggopus", "webm"]
    paths = [
        make_good(kind, folder, samples=piece(i), name=f"piece-{i}.{_ending(kind)}") for i, kind in enumerate(kinds)
    ]
    broken = folder / "broken.wav"
    broken.write_text("this is no audio")
    return [*paths, broken]


def piece(i: int, seconds: float = 7.0, rate: int = 44_100) -> np.ndarray:
    """A few notes with overtones; every ``i`` is another piece. Shape (frames, 1)."""
    rng = np.random.default_rng(i)
    frames = round(seconds * rate)
    time_axis = np.arange(frames) / rate
    wave = np.zeros(frames)
    for start in np.arange(0, seconds, 0.5):
        note = 220 * 2 ** (rng.integers(0, 24) / 12)
        envelope = np.exp(-3 * np.clip(time_axis - start, 0, None)) * (time_axis >= start)
        for overtone in (1, 2, 3):
            wave += envelope * np.sin(2 * np.pi * note * overtone * time_axis) / overtone
    wave += 0.02 * i * rng.standard_normal(frames)
    return (0.6 * wave / np.abs(wave).max()).astype(np.float32)[:, None]


def _ending(kind: str) -> str:
    return {"wav24": "wav", "oggopus": "opus"}.get(kind, kind)
