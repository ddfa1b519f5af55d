"""The single runs that ``benchmarks/encoders.py`` compares; each in a process of its own, so that memory can be told.

    python benchmarks/encoder_runs.py RUN FOLDER        prints one line of JSON

The folder holds ``clips/*.wav``, ``clap.pt``, ``audiobox/``, ``tokenizer/`` and ``setup.json``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import types
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

AXES = ("CE", "CU", "PC", "PQ")


class Clock:
    """Wall time and processor time of all threads since it was made."""

    def __init__(self) -> None:
        self.start = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Seconds so far."""
        return {"wall": time.perf_counter() - self.start[0], "cpu": time.process_time() - self.start[1]}


def decoded(folder: Path, rate: int) -> list:
    from qamro.audio import load

    return [load(path, rate) for path in sorted((folder / "clips").glob("*.wav"))]


def ours_clap(folder: Path, precision: str, device: str) -> dict:
    """Files to CLAP embeddings."""
    from qamro.encoders import Clap

    clap = Clap.from_checkpoint(folder / "clap.pt", precision=precision, device=device)
    clap.embed_audio([(decoded(folder, 48_000)[0].samples, 48_000)])
    clock = Clock()
    found = clap.embed_audio([(wave.samples, wave.sample_rate) for wave in decoded(folder, 48_000)])
    return clock.read() | {"answer": found.tolist()}


def ours_audiobox(folder: Path, precision: str, device: str) -> dict:
    """Files to Audiobox scores."""
    from qamro.encoders import Audiobox

    audiobox = Audiobox.from_checkpoint(folder / "audiobox", precision=precision, device=device)
    audiobox.score([(decoded(folder, 16_000)[0].samples, 16_000)])
    clock = Clock()
    rows = audiobox.score([(wave.samples, wave.sample_rate) for wave in decoded(folder, 16_000)])
    return clock.read() | {"answer": [[row[axis] for axis in AXES] for row in rows]}


def original_audiobox(folder: Path, batch: str, device: str) -> dict:
    """Files to scores with the original's own predictor, ``batch`` clips a call; resampled and decoded by us."""
    import torch

    module = types.ModuleType("torchaudio")  # it needs the resampler only, and the clips are at its rate already
    module.functional = types.SimpleNamespace(resample=lambda wave, orig_freq, new_freq: wave)  # type: ignore[attr-defined]
    sys.modules["torchaudio"] = module
    from audiobox_aesthetics.infer import AesPredictor, Normalize

    from qamro.encoders.audiobox_network import load_original

    model = load_original(folder / "audiobox").to(device)
    predictor = AesPredictor.__new__(AesPredictor)
    predictor.data_col, predictor.sample_rate, predictor.device = "wave", 16_000, torch.device(device)
    predictor.model = model
    predictor.target_transform = {axis: Normalize(**scale) for axis, scale in model.target_transform.items()}

    def forward(waves: list) -> list:
        return predictor.forward([{"wave": torch.from_numpy(w.samples)[None], "sample_rate": 16_000} for w in waves])

    forward(decoded(folder, 16_000)[:1])
    clock, rows = Clock(), []
    waves = decoded(folder, 16_000)
    for i in range(0, len(waves), int(batch)):
        rows += forward(waves[i : i + int(batch)])
    return clock.read() | {"answer": [[row[axis] for axis in AXES] for row in rows]}


def windows(folder: Path, _: str, __: str) -> dict:
    """Files to the windows that CLAP embeds, for the original, and how long decoding took."""
    import numpy as np

    from qamro.encoders.clap import windows_of

    clock = Clock()
    waves = decoded(folder, 48_000)
    times = clock.read()
    cut = [windows_of(wave.samples) for wave in waves]
    np.save(folder / "windows.npy", np.stack([window for clip in cut for window, _ in clip]))
    owners = [i for i, clip in enumerate(cut) for _ in clip]
    return times | {"of": owners, "weights": [weight for clip in cut for _, weight in clip]}


def cold(folder: Path, precision: str, device: str) -> dict:
    """One clip from nothing: imports, weights, decoding, all six axes."""
    clock = Clock()
    for library in ("torch", "pandas", "soundfile", "soxr", "av", "audiobox_aesthetics.model.aes"):
        import_module(library)
    from qamro.encoders.clap_network import import_clap
    from qamro.predictors import load

    import_clap()
    imports = clock.read()
    full = load("full", **files(folder), precision=precision, device=device, cache=False)
    loaded = clock.read()
    full.predict([folder / "one.wav"], ["calm piano with soft strings"])
    return clock.read() | {"imports": imports, "loaded": loaded}


def files(folder: Path) -> dict[str, Path]:
    """Where the full predictor finds its weights."""
    names = {"clap_checkpoint": "clap.pt", "tokenizer": "tokenizer", "audiobox_checkpoint": "audiobox"}
    return {option: folder / name for option, name in names.items()}


def kept(folder: Path, precision: str, device: str) -> dict:
    """All clips on all six axes twice: the second time everything comes from the cache."""
    os.environ["QAMRO_CACHE"] = str(folder / "cache")
    from qamro.predictors import load

    full = load("full", **files(folder), precision=precision, device=device)
    clips = sorted((folder / "clips").glob("*.wav"))
    times = []
    for _ in range(2):
        clock = Clock()
        full.predict(clips, ["calm piano with soft strings"] * len(clips))
        times.append(clock.read())
    clock = Clock()
    decoded(folder, None)  # type: ignore[arg-type]
    return {"first": times[0], "again": times[1], "decode": clock.read()}


def profile(folder: Path, precision: str, device: str) -> dict:
    """Shares of the processor time of one window of 10 s, by operation."""
    import numpy as np
    import torch

    from qamro.encoders import Audiobox, Clap

    clip = (np.random.default_rng(0).normal(0, 0.1, 480_000).astype(np.float32), 48_000)
    options = {"precision": precision, "device": device}
    clap = Clap.from_checkpoint(folder / "clap.pt", **options)
    audiobox = Audiobox.from_checkpoint(folder / "audiobox", **options)
    shares = {}
    for name, call in (("CLAP", clap.embed_audio), ("Audiobox", audiobox.score)):
        call([clip])
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
            call([clip])
        times = {event.key.removeprefix("aten::"): event.self_cpu_time_total for event in seen.key_averages()}
        total = sum(times.values())
        shares[name] = {key: time / total for key, time in sorted(times.items(), key=lambda one: -one[1])[:6]}
    return shares


RUNS = {run.__name__: run for run in (ours_clap, ours_audiobox, original_audiobox, windows, cold, kept, profile)}

if __name__ == "__main__":
    name, where, option = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    setup = json.loads((where / "setup.json").read_text())
    os.environ["OMP_NUM_THREADS"] = str(setup["threads"])
    os.environ.setdefault("QAMRO_CACHE", str(where / "cache"))
    result = RUNS[name](where, option, setup["device"])
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if setup["device"] == "cuda":
        import torch

        result["gpu_peak"] = torch.cuda.max_memory_allocated()
    print(json.dumps(result))
