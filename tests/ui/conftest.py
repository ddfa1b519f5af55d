"""A real server, a real browser, and pages that may not err or call outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audio_files import make_good

from .serving import Server
from .visits import Visits


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, started once for all tests; whatever they did with it, it asked nobody outside."""
    running = Server(tmp_path_factory.mktemp("server"))
    running.prepare()
    running.start()
    try:
        yield running
    finally:
        running.stop()
    assert running.left_the_machine() == []
    assert running.troubles() == ""


@pytest.fixture
def open_page(server: Server, browser: Any) -> Iterator[Visits]:
    """Opens the app as a visitor of its own; at the end nothing may have gone wrong, here or in the log."""
    visits = Visits(browser, lambda: server.url, "#clips .q-drop", permissions=["microphone"])
    yield visits
    visits.leave()
    assert server.troubles() == ""


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
