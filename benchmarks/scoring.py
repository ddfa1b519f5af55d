"""How many clips a second the ordinary path scores: cold, warm, and what decoding in other processes costs.

Run ``OMP_NUM_THREADS=1 benchmarks/scoring.py [CLIPS]``: clips of 10 s (44.1 kHz, stereo, 16 bit) by the predictor
"offline", cold (an empty store) and warm (the same files again), decoded in this process and in guarded ones, in turns,
with the fastest of three rounds each, and the largest difference between all scores. Then the same two ways of decoding
alone, by format, wall time with two threads.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from audio_files import make_good, tone, write_wav  # noqa: E402

from qamro.audio import guarded  # noqa: E402
from qamro.audio import load as load_here  # noqa: E402
from qamro.predictors import load  # noqa: E402

ROUNDS, SECONDS = 3, 10
WAYS = {"this process": "0", "guarded": "4"}


def made(folder: Path, clips: int) -> list[Path]:
    rng, paths = np.random.default_rng(0), []
    for i in range(clips):
        noise = 0.05 * rng.standard_normal((44_100 * SECONDS, 2)).astype(np.float32)
        paths.append(write_wav(folder / f"{i}.wav", noise + tone(SECONDS, channels=2, hz=150 + 5 * i)))
    return paths


def scoring(paths: list[Path]) -> None:
    best: dict[tuple[str, str], float] = {}
    scores: dict[tuple[str, str, int], np.ndarray] = {}
    for turn in range(ROUNDS):
        for way, decoders in WAYS.items():
            os.environ["QAMRO_DECODERS"] = decoders
            with tempfile.TemporaryDirectory() as cache:
                os.environ["QAMRO_CACHE"] = cache
                predictor = load("offline")
                predictor.predict(paths[:2])  # imports, processes, threads
                for state in ("cold", "warm"):
                    start = time.perf_counter()
                    rows = list(predictor.stream(paths[2:]))
                    rate = len(rows) / (time.perf_counter() - start)
                    best[way, state] = max(rate, best.get((way, state), 0.0))
                    axes = [axis for axis in predictor.axes if axis in rows[0] and np.isfinite(rows[0][axis])]
                    scores[way, state, turn] = np.array([[row[axis] for axis in axes] for row in rows])
    first = next(iter(scores.values()))
    print("| decoded in | cold, clips/s | warm |\n|---|--:|--:|")
    for way in WAYS:
        print(f"| {way} | {best[way, 'cold']:.1f} | {best[way, 'warm']:.0f} |")
    print(f"largest difference between scores of all runs: {max(np.abs(s - first).max() for s in scores.values()):.1e}")


def decoding(folder: Path) -> None:
    print("| format | this process, ms | guarded, ms | |\n|---|--:|--:|--:|")
    os.environ["QAMRO_DECODERS"] = "4"
    rng = np.random.default_rng(0)
    for kind in ("wav", "flac", "mp3", "ogg", "m4a"):
        noise = 0.1 * rng.standard_normal((44_100 * SECONDS, 2)).astype(np.float32)
        paths = [make_good(kind, folder, samples=noise, name=f"x.{kind}")] * 12
        best = dict.fromkeys(WAYS, 1e9)
        with ThreadPoolExecutor(2) as threads:
            for _ in range(2 * ROUNDS):
                for way, call in zip(WAYS, (load_here, guarded.load), strict=True):
                    start = time.perf_counter()
                    list(threads.map(lambda path, call=call: call(path, 32_000), paths))
                    best[way] = min(best[way], 1000 * (time.perf_counter() - start) / len(paths))
        here, there = best.values()
        print(f"| {kind} | {here:.1f} | {there:.1f} | {there / here - 1:+.0%} |", flush=True)


def main() -> None:
    clips = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        decoding(Path(folder))
        scoring(made(Path(folder), clips))


if __name__ == "__main__":
    main()
