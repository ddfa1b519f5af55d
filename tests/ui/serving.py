"""The app as a process of its own: started, looked into, killed, started again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qamro.paths import cache_path

from .trainable import small_study

HERE = Path(__file__).resolve().parent
FETCHED = "lstm_music"
"""A name of the registry under which a small study lies in the server's cache, as if it had been fetched."""
SECRET = "the owner's secret"

TROUBLE = re.compile(
    r"Traceback \(most recent call last\)|\b(ERROR|CRITICAL|Exception|UserWarning)\b|^\w*Error:", re.MULTILINE
)
"""What a server's log says when something went wrong: a handler raised, or its answer did not fit."""


@dataclass
class Server:
    """The app, with folders of its own for everything that it writes.

    Attributes:
        folder: Holds them: ``cache``, ``ratings``, ``uploads``, ``weights``, ``hub``.
    """

    folder: Path
    url: str = ""
    process: Any = None
    _read: int = 0

    def prepare(self) -> None:
        """Fills the cache: a small study that can be trained on, and whatever these tests have rendered already."""
        studies = self.folder / "cache" / "studies"
        shutil.copytree(small_study().root, studies / FETCHED)
        for made in cache_path("studies").glob("simulated-*"):
            (studies / made.name).symlink_to(made)

    def start(self) -> None:
        """Starts the process and waits until it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        own = {
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_TEMP_DIR": str(self.folder / "uploads"),
            "QAMRO_CACHE": str(self.folder / "cache"),
            "QAMRO_DRAIN_SECONDS": "3",
            "QAMRO_WEIGHTS": str(self.folder / "weights"),
            "QAMRO_RATINGS_DIR": str(self.folder / "ratings"),
            "QAMRO_OWNER_TOKEN": SECRET,
            "QAMRO_MCP": "1",
            "HF_HUB_CACHE": str(self.folder / "hub"),
            "HF_ENDPOINT": "http://127.0.0.1:9",  # nobody is there: the hub cannot be reached
        }
        command = [sys.executable, str(HERE / "served.py"), str(self.folder / "outside.txt")]
        with (self.folder / "output.txt").open("a") as output:
            self.process = subprocess.Popen(command, env=os.environ | own, stdout=output, stderr=subprocess.STDOUT)
        self.url = f"http://127.0.0.1:{port}/"
        self._wait()

    def _wait(self) -> None:
        for _ in range(1200):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"the server did not come up:\n{(self.folder / 'output.txt').read_text()}")

    @contextmanager
    def slow_predictors(self) -> Iterator[None]:
        """Lets no predictor be loaded meanwhile."""
        flag = self.folder / "hold"
        flag.touch()
        try:
            yield
        finally:
            flag.unlink()

    def kill(self) -> None:
        """Ends the process as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(10) == -signal.SIGKILL

    def stop(self) -> None:
        """Ends the process."""
        self.process.terminate()
        self.process.wait(30)

    def troubles(self) -> str:
        """What the log has said since it was read last, if anything in it tells of a fault; else nothing."""
        log = (self.folder / "output.txt").read_text("utf-8", errors="replace")
        new, self._read = log[self._read :], len(log)
        return new if TROUBLE.search(new) else ""

    def left_the_machine(self) -> list[str]:
        """Lines about every look-up or connection that was not local."""
        return (self.folder / "outside.txt").read_text().splitlines()
