"""What calling the app costs: /score of one clip, 100 clips against the command line, imports of qamro.metrics.

Clips are new to every part, and each part has a cache of its own, so that nothing is answered from an earlier one.
``python -m benchmarks.api [--clips 100]`` starts the app itself, on this machine.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
SECONDS, RATE = 10, 44_100


def make_clips(folder: Path, n: int, seed: int) -> list[Path]:
    """Writes n different pieces of notes, 10 s each."""
    folder.mkdir(parents=True)
    rng, paths = np.random.default_rng(seed), []
    at = np.arange(SECONDS * RATE) / RATE
    for k in range(n):
        wave = sum(np.sin(2 * np.pi * rng.uniform(100, 2000) * at + k) * np.exp(-((at - t) % 1)) for t in range(3))
        wave = wave + 0.02 * rng.standard_normal(at.size)
        paths.append(folder / f"{k}.wav")
        soundfile.write(paths[-1], 0.5 * wave / np.abs(wave).max(), RATE)
    return paths


def serve(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"QAMRO_CACHE": str(home / "served"), "GRADIO_TEMP_DIR": str(home / "uploads")}
    command = [sys.executable, "-m", "qamro", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/"
    while process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            break
        except OSError:
            time.sleep(0.2)
    return process, address


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=100)
    n = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        single = make_clips(home / "single", 23, 0)
        many = make_clips(home / "many", n, 1)
        process, address = serve(home)
        try:
            from gradio_client import Client, handle_file

            client = Client(address, verbose=False)

            def score(paths: list[Path]) -> None:
                found = client.predict([handle_file(path) for path in paths], predictor="offline", api_name="/score")
                assert len(found["clips"]) == len(paths)
                assert not any(clip["error"] for clip in found["clips"])

            for path in single[:3]:
                score([path])
            times = [timed(partial(score, [path])) for path in single[3:]]
            print(f"/score, one clip of 10 s: median {statistics.median(times):.3f} s, slowest {max(times):.3f} s")
            by_api = timed(partial(score, many))
        finally:
            process.terminate()
            process.wait(10)
        command = [sys.executable, "-m", "qamro", "predict", str(home / "many"), "--out", str(home / "scores.csv")]
        own = os.environ | {"QAMRO_CACHE": str(home / "command")}
        by_command = timed(partial(subprocess.run, command, cwd=ROOT, env=own, check=True, capture_output=True))
        print(f"{n} clips: /score {by_api:.2f} s, command line {by_command:.2f} s, ratio {by_api / by_command:.2f}")
    for what, code in (
        ("import qamro.metrics", "import qamro.metrics"),
        ("its names without torchmetrics", "import sys; sys.modules['torchmetrics'] = None; " + NAMES),
        ("its names with torchmetrics", NAMES),
        ("torch alone", "import torch"),
    ):
        started = partial(subprocess.run, [sys.executable, "-c", code], cwd=ROOT, check=True)
        found = [timed(started) for _ in range(5)]
        print(f"{what}: median {statistics.median(found):.2f} s of {len(found)}")


NAMES = "from qamro.metrics import PairwiseAccuracy, PredictedMOS, SystemSRCC"


if __name__ == "__main__":
    main()
