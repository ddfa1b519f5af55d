"""CLAP and Audiobox-Aesthetics against the originals: file to scores, on the same windows, in one run.

    make reference                                       once, for laion-clap's environment
    python benchmarks/encoders.py [--write]              speed, memory, differences
    python benchmarks/encoders.py --start [--write]      a cold start, the cache, a profile

Full-size random checkpoints do as well as the published ones to tell speed, memory and differences. Every run is a
process of its own. On a busy machine read the processor times: they are of all threads and hardly depend on what else
runs; with ``--threads 1`` they hold no waiting of threads for each other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
RUNS = ROOT / "benchmarks" / "encoder_runs.py"
ORIGINAL = ROOT / "benchmarks" / "reference" / "original.py"
LAION = ROOT / ".venv-reference" / "bin" / "python"


def prepare(folder: Path, options: argparse.Namespace) -> None:
    """Writes checkpoints, clips of 3 to 30 s (or of one length), and the set-up."""
    from tests.encoders.small import save_audiobox, save_tokenizer

    rng = np.random.default_rng(0)
    (folder / "clips").mkdir()
    lengths = np.linspace(3, 30, options.clips) if options.seconds is None else [options.seconds] * options.clips
    for i, seconds in enumerate(lengths):
        noise = rng.standard_normal((round(seconds * 44_100), 2)).cumsum(axis=0)
        soundfile.write(folder / "clips" / f"{i:04}.wav", 0.5 * noise / np.abs(noise).max(), 44_100)
    (folder / "one.wav").write_bytes((folder / "clips" / f"{options.clips // 4:04}.wav").read_bytes())
    save_tokenizer(folder / "tokenizer")
    scales = {axis: {"mean": 5.0, "std": 1.5} for axis in ("CE", "CU", "PC", "PQ")}
    save_audiobox(
        folder / "audiobox", {"proj_num_layer": 5, "proj_ln": True, "nth_layer": 13, "target_transform": scales}
    )
    (folder / "setup.json").write_text(json.dumps({"threads": options.threads, "device": options.device}))
    (folder / "threads.json").write_text(json.dumps(options.threads))
    subprocess.run([LAION, "-W", "ignore", ORIGINAL, folder], check=True, stdout=subprocess.DEVNULL)


def run(folder: Path, name: str, option: object = "float32", repeats: int = 1) -> dict[str, Any]:
    """Runs one of ``encoder_runs`` and returns its quickest result."""
    command = [sys.executable, "-W", "ignore", str(RUNS), name, str(folder), str(option)]
    results = []
    for _ in range(repeats):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return min(results, key=lambda result: result.get("cpu", 0))


def run_laion(folder: Path, count: int) -> dict[str, Any]:
    """Runs laion-clap's batch call on the windows."""
    command = [LAION, "-W", "ignore", ORIGINAL, folder, "--time", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1]) | {"answer": np.load(folder / "embedded.npy")}


def clap(folder: Path, repeats: int, batches: list[int]) -> list[str]:
    """Rows on CLAP."""
    cut = run(folder, "windows")
    originals = {}
    for batch in batches:
        found = run_laion(folder, batch)
        originals[batch] = found | {unit: found[unit] + cut[unit] for unit in ("wall", "cpu")}
    base = min(originals.values(), key=lambda result: result["cpu"])
    summed = np.zeros((max(cut["of"]) + 1, 512))
    np.add.at(summed, cut["of"], base["answer"] * np.array(cut["weights"])[:, None])
    expected = summed / np.linalg.norm(summed, axis=1, keepdims=True)
    rows = [row(f"laion-clap, {batch} windows a call", result, base) for batch, result in originals.items()]
    for precision in ("float32", "bfloat16"):
        ours = run(folder, "ours_clap", precision, repeats)
        rows.append(row(f"CLAP, ours, {precision}", ours, base, np.abs(np.array(ours["answer"]) - expected)))
    return rows


def audiobox(folder: Path, repeats: int, batches: list[int]) -> list[str]:
    """Rows on Audiobox-Aesthetics."""
    originals = {batch: run(folder, "original_audiobox", batch, repeats) for batch in batches}
    base = min(originals.values(), key=lambda result: result["cpu"])
    expected = np.array(base["answer"])
    rows = [row(f"Audiobox-Aesthetics, {batch} clips a call", result, base) for batch, result in originals.items()]
    for precision in ("float32", "bfloat16"):
        ours = run(folder, "ours_audiobox", precision, repeats)
        rows.append(row(f"Audiobox, ours, {precision}", ours, base, np.abs(np.array(ours["answer"]) - expected)))
    return rows


def row(name: str, result: dict[str, Any], base: dict[str, Any], off: np.ndarray | None = None) -> str:
    """One line of the table; ratios are of the original's best time to this one."""
    largest, mean = ("", "") if off is None else (f"{off.max():.1e}", f"{off.mean():.1e}")
    times = " | ".join(f"{result[key]:.1f} s | {base[key] / result[key]:.2f}x" for key in ("cpu", "wall"))
    return f"| {name} | {times} | {result['peak'] / 1e9:.1f} GB | {largest} | {mean} |"


def phases(folder: Path, repeats: int) -> list[str]:
    """Lines on a cold start, on scoring a folder twice, and on the operations that take the time."""
    start, again = run(folder, "cold", repeats=repeats), run(folder, "kept")
    lines = ["`python benchmarks/encoders.py --start --write` makes this section; random full-size checkpoints.", ""]
    for unit, name in (("cpu", "processor time"), ("wall", "wall")):
        done, loaded, imports = start[unit], start["loaded"][unit], start["imports"][unit]
        lines.append(
            f"- A cold `predict` of one clip on all six axes, {name}: {done:.1f} s, of which imports {imports:.1f} s, "
            f"weights {loaded - imports:.1f} s, decoding and scoring {done - loaded:.1f} s."
        )
    first, second, decode = (again[key]["cpu"] for key in ("first", "again", "decode"))
    lines.append(
        f"- All clips on all six axes, processor time: {first:.1f} s; again, from the cache: {second:.2f} s, of which "
        f"decoding alone is {decode:.2f} s."
    )
    for precision in ("float32", "bfloat16"):
        found = run(folder, "profile", precision)
        for name in ("CLAP", "Audiobox"):
            shares = ", ".join(f"{operation} {share:.0%}" for operation, share in found[name].items())
            lines.append(f"- Where the time of one window goes, {name}, {precision}: {shares}.")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--seconds", type=float, help="Length of every clip; 3 to 30 s without it.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8], help="What the originals get at once.")
    parser.add_argument("--start", action="store_true", help="Measure a cold start and profile, not the speed.")
    parser.add_argument("--write", action="store_true", help="Write the section of RESULTS.md.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options)
        lengths = "3 to 30 s" if options.seconds is None else f"{options.seconds:g} s"
        intro = (
            f"{options.clips} clips of {lengths}, file to answer, {options.device}, {options.threads} threads, random "
            "full-size checkpoints; `python benchmarks/encoders.py --write` makes this section. Ratios are to the "
            "original's best; off is the largest and the mean difference from it: of an embedding's component, or of a "
            "score from 1 to 10."
        )
        if options.start:
            finish(
                options, "Encoders: a cold start, and where the time goes", "\n".join(phases(folder, options.repeats))
            )
            return
        table = [
            "| run | processor time | ratio | wall | ratio | peak memory | largest off | mean off |",
            "|:--|--:|--:|--:|--:|--:|--:|--:|",
            *clap(folder, options.repeats, options.batches),
            *audiobox(folder, options.repeats, options.batches),
        ]
        finish(options, "Encoders", "\n".join([intro, "", *table]))


def finish(options: argparse.Namespace, title: str, text: str) -> None:
    """Prints a section and, if wanted, writes it."""
    print(text)
    if options.write:
        from benchmarks.report import write_section

        write_section(title, text)


if __name__ == "__main__":
    main()
