"""How fast a corpus is scored: one and two local processes, Ray with 1, 2 and 4 workers; the memory of 100,000 rows.

Run ``python benchmarks/scale.py [CLIPS]``, or ``--memory`` for the memory alone; 200 clips of 10 s of noise by default,
of 40 files. Every run starts with an
empty cache, scores by the predictor "offline" into a new folder, and is timed from the start of its process, so that
starting is counted; ``clips/s`` leaves the start out (the time of a run of one clip). The engine's share is what a run
in one process takes beyond ``Predictor.rows`` on the same clips. The memory is of a predictor that costs nothing, on
clips of 0.15 s: the peak of the process, by the number of rows.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from audio_files import tone, write_wav  # noqa: E402

FILES, SECONDS = 40, 10


def corpus(folder: Path, clips: int) -> Path:
    rng = np.random.default_rng(0)
    for i in range(FILES):
        noise = 0.1 * rng.standard_normal((44_100 * SECONDS, 2)).astype(np.float32)
        write_wav(folder / f"{i}.wav", noise + tone(SECONDS, channels=2, hz=200 + 20 * i))
    manifest = folder / f"{clips}.jsonl"
    manifest.write_text("".join(json.dumps({"clip": f"c{i}", "path": f"{i % FILES}.wav"}) + "\n" for i in range(clips)))
    return manifest


def seconds_of(manifest: Path, processes: int, *options: str) -> float:
    with tempfile.TemporaryDirectory() as own:
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        env = os.environ | single | {"QAMRO_CACHE_LIMIT": "0", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "qamro", "predict", str(manifest), "--out", f"{own}/out", "--shard", "25"]
        start, running = time.perf_counter(), []
        for i in range(processes):  # an embedding is not found again: repeated files are computed each time
            cache = env | {"QAMRO_CACHE": f"{own}/cache{i}"}
            running.append(subprocess.Popen([*command, *options], env=cache, stdout=subprocess.DEVNULL))
        if any(process.wait() for process in running):
            raise RuntimeError("a run failed")
        return time.perf_counter() - start


def plain(manifest: Path) -> float:
    """Clips/s of the predictor alone, in this process."""
    from qamro.corpora.sound import Sounds
    from qamro.predictors import load
    from qamro.studies.manifest import read_entries

    predictor, sounds = load("offline", cache=False), Sounds()
    items = [sounds.item(entry) for entry in read_entries(manifest)]
    list(predictor.rows(items[:8]))
    start = time.perf_counter()
    list(predictor.rows(items))
    return len(items) / (time.perf_counter() - start)


def peak(rows: int) -> float:
    """Megabytes of a process that scores so many rows with a predictor that costs nothing."""
    code = (
        "import sys, resource, pathlib; from corpora.counting import Counting;"
        "from corpora.test_corpus import repeated;"
        "from qamro.corpora import open_corpus, score_here; folder = pathlib.Path(sys.argv[1]);"
        "p = Counting(); c = open_corpus(repeated(folder, int(sys.argv[2])), folder / 'out', p); score_here(c, p);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, c.progress().rows)"
    )
    with tempfile.TemporaryDirectory() as own:
        env = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
        done = subprocess.run(
            [sys.executable, "-c", code, own, str(rows)], env=env, capture_output=True, text=True, check=True
        )
    kilobytes, scored = map(int, done.stdout.split())
    if scored != rows:
        raise RuntimeError(f"{scored} of {rows} rows")
    return kilobytes / 1024


def memory() -> None:
    sizes = (1_000, 10_000, 100_000)
    print("peak memory: " + ", ".join(f"{rows:,} rows {peak(rows):.0f} MB" for rows in sizes))


def main() -> None:
    if "--memory" in sys.argv:
        memory()
        return
    clips = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"{os.cpu_count()} processors; {clips} clips of {SECONDS} s, cold, one thread a computation")
    with tempfile.TemporaryDirectory() as folder:
        manifest, one = corpus(Path(folder), clips), corpus(Path(folder), 1)
        runs: list[tuple[str, int, tuple[str, ...]]] = [("local, 1 process", 1, ()), ("local, 2 processes", 2, ())]
        ray = ("--engine", "ray", "--workers")
        runs += [(f"Ray, {n} worker{'s' if n > 1 else ''}", 1, (*ray, str(n))) for n in (1, 2, 4)]
        print("| engine | clips/s | start | whole run |\n|---|--:|--:|--:|")
        rates = {}
        for name, processes, options in runs:
            start, whole = seconds_of(one, 1, *options), seconds_of(manifest, processes, *options)
            rates[name] = clips / (whole - start)
            print(f"| {name} | {rates[name]:.1f} | {start:.1f} s | {whole:.1f} s |", flush=True)
        alone = plain(manifest)
        print(
            f"predictor alone: {alone:.1f} clips/s; the engine's share is {1 - rates['local, 1 process'] / alone:.1%}"
        )
    memory()
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
