"""Looks for inputs that end in a traceback, a crash or a long wait: ``make fuzz``, or ``benchmarks/fuzz.py MINUTES``.

Every input is one of the corpus of the tests (``tests/bad_inputs.py``), bent further: bits flipped, stretches cut,
doubled, swapped with another file's, numbers put in their place. What is found is written to ``fuzz-found/`` with the
seed that makes it again (``python benchmarks/fuzz.py 0 SEED``). Ends with 1 where anything was found.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import bad_inputs  # noqa: E402

from qamro.audio import AudioError, Limits, guarded  # noqa: E402
from qamro.studies import StudyError  # noqa: E402
from qamro.studies.importers import read_predictions  # noqa: E402
from qamro.studies.manifest import ManifestError, read_entries  # noqa: E402
from qamro.studies.registry import open_study  # noqa: E402

LIMITS = replace(Limits(), work=3.0)
SLOWEST = 10.0
FOUND = Path("fuzz-found")
NUMBERS = [b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\1", b"\x80\0\0\0"]


def bent(data: bytes, other: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        data = bent_once(data, other, rng)
    return data[:5_000_000]


def bent_once(data: bytes, other: bytes, rng: random.Random) -> bytes:
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    at = rng.randrange(min(len(data), 200) + 1)
    ways = {
        "flip": lambda: bad_inputs.flipped(data, rng.randint(1, 50), rng),
        "cut out": lambda: data[:a] + data[b:],
        "repeat": lambda: data[:b] + data[a:b] * rng.randint(1, 3) + data[b:],
        "swap": lambda: data[:a] + other[: b - a] + data[b:],
        "number": lambda: data[:at] + rng.choice(NUMBERS) + data[at + 4 :],
        "cut off": lambda: data[:b],
        "noise": lambda: data[:a] + rng.randbytes(min(b - a, 4000)) + data[b:],
    }
    return ways[rng.choice(list(ways))]()


def tried(read: Callable[[str], object], path: Path, foreseen: tuple[type[Exception], ...]) -> str:
    start = time.perf_counter()
    try:
        read(str(path))
        said = ""
    except foreseen as problem:
        said = str(problem)
        if "decoder down" in said or "cannot be decoded (" in said:
            return said
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    seconds = time.perf_counter() - start
    return f"took {seconds:.1f} s: {said}" if seconds > SLOWEST else ""


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    seeds = [int(sys.argv[2])] if len(sys.argv) > 2 else itertools.count(int(time.time()))
    tables = list(bad_inputs.tables())
    sounds = [(name, data) for name, data in bad_inputs.sounds() if len(name) < 100 and "/" not in name]
    sounds += list(bad_inputs.good_files().items()) * 5
    until, counts = time.monotonic() + 60 * minutes, Counter[str]()

    def sound(path: str) -> object:
        return guarded.load(path, 16_000, limits=LIMITS)

    def manifest(path: str) -> object:
        return list(read_entries(Path(path)))

    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            rng = random.Random(seed)
            kind = sounds if rng.random() < 0.6 else tables
            name, data = rng.choice(kind)
            data = bent(data, rng.choice(kind)[1], rng)
            path = Path(folder) / f"input{Path(name).suffix}"
            path.write_bytes(data)
            readers = [sound] if kind is sounds else [open_study, read_predictions, manifest]
            for read in readers:
                counts["inputs"] += 1
                if wrong := tried(read, path, (AudioError, StudyError, ManifestError, OSError, ImportError)):
                    counts["found"] += 1
                    FOUND.mkdir(exist_ok=True)
                    (FOUND / f"{seed}{path.suffix}").write_bytes(data)
                    print(f"seed {seed}, {name}, {getattr(read, '__name__', read)}: {wrong[:300]}", flush=True)
            if time.monotonic() > until:
                break
    print(f"{counts['inputs']} inputs, {counts['found']} found")
    return int(counts["found"] > 0)


if __name__ == "__main__":
    raise SystemExit(main())
