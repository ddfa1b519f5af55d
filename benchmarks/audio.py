"""How long it takes to decode a clip, by format, and to bring it to an encoder's sample rate.

Run ``python benchmarks/audio.py`` for ten seconds of pink stereo noise in every format, or name files of your own:
``python benchmarks/audio.py clips/*.mp3``. Processor time of one thread, so that other work does not disturb it; wall
time of two threads shows whether they run side by side.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from audio_files import GOOD, make_good  # noqa: E402

from qamro.audio import content_key, load, probe  # noqa: E402

SECONDS, REPEATS = 10.0, 10


def music_like(rate: int) -> np.ndarray:
    """Pink-ish stereo noise: encoders find more to do in it than in a tone."""
    n = int(SECONDS * rate)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal((2, n)), axis=1)
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 20))
    samples = np.fft.irfft(spectrum, n, axis=1).T
    return (0.25 * samples / samples.std()).clip(-0.99, 0.99).astype(np.float32)


def cpu_ms(call, paths: list[Path]) -> float:
    start = time.process_time()
    for path in paths:
        call(path)
    return 1000 * (time.process_time() - start) / len(paths)


def wall_ms(threads: int, paths: list[Path]) -> float:
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(lambda path: load(path, 16_000), paths))
        return 1000 * (time.perf_counter() - start) / len(paths)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        groups: dict[str, list[Path]] = defaultdict(list)
        for name in sys.argv[1:]:
            groups[Path(name).suffix].append(Path(name))
        if not groups:
            for kind in GOOD:
                rate = 48_000 if "opus" in kind or kind == "webm" else 44_100
                groups[kind] = [make_good(kind, Path(folder), samples=music_like(rate), rate=rate)] * REPEATS
        print("milliseconds a clip; real time = seconds of sound per second of work, decoded and brought to 16 kHz")
        columns = ("", "clips", "seconds", "probe", "decode", "to 16 kHz", "to 48 kHz", "key", "real time")
        print(("{:9}" + "{:>11}" * 8).format(*columns))
        for kind, paths in groups.items():
            waves = {path: load(path, 16_000) for path in paths}  # also imports what is imported on first use
            length = float(np.mean([waves[path].seconds for path in paths]))
            decode = cpu_ms(load, paths)
            low, high = (cpu_ms(lambda path, rate=rate: load(path, rate), paths) for rate in (16_000, 48_000))
            key = cpu_ms(lambda path, waves=waves: content_key(waves[path]), paths)
            print(
                f"{kind:9}{len(paths):11}{length:11.2f}{cpu_ms(probe, paths):11.2f}{decode:11.2f}{low - decode:11.2f}"
                f"{high - decode:11.2f}{key:11.2f}{1000 * length / low:10.0f}x"
            )
        every = [path for paths in groups.values() for path in paths]
        print(f"wall time of all, to 16 kHz: one thread {wall_ms(1, every):.2f}, two threads {wall_ms(2, every):.2f}")


if __name__ == "__main__":
    main()
