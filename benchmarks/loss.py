"""Times QAMRO's loss, forward and backward: the double loop over pairs, dense tensors, and the package's own way.

    python -m benchmarks.loss [--sizes 256 16384] [--budget SECONDS] [--write]

Each cell is measured in a process of its own, as the shortest of several runs (other work on the machine can only make
a run longer), together with the memory that it needs beyond its input. Targets are all different, which is the hardest
case, except where a column says so. Where it says "same targets", every step has those of the last one, as in training
on all clips in every step; where it says "new targets", every step has others, as in shuffled mini-batches.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.report import write_section
from qamro.losses import (
    balr_loss,
    coral_loss,
    gaussian_cross_entropy_loss,
    listmle_loss,
    margin_ranking_loss,
    qamro_loss,
    sama_loss,
    soft_spearman_loss,
)
from qamro.losses._pairs import DENSE_BATCH

ALPHA, BETA = 0.2, 7.0
BASELINES = ("double loop", "dense", "dense, tuned")
OURS = "ours, new targets"
SIZES = (256, 512, 1024, 2748, 16_384, 65_536, 1_000_000)


def double_loop(predictions: Tensor, targets: Tensor) -> Tensor:
    """The equation, pair by pair, as in the published code."""
    low, high = targets.min(), targets.max()
    quality = (targets - low) / (high - low)
    total, pairs = torch.zeros(()), 0
    for i in range(len(targets)):
        for j in range(i + 1, len(targets)):
            difference = targets[i] - targets[j]
            if difference == 0:
                continue
            margin = ALPHA * torch.abs(difference)
            weight = 1 + (BETA - 1) * torch.maximum(quality[i], quality[j])
            hinge = torch.relu(-torch.sign(difference) * (predictions[i] - predictions[j]) + margin)
            total, pairs = total + weight * hinge, pairs + 1
    return total / pairs


def dense(predictions: Tensor, targets: Tensor) -> Tensor:
    """The equation over a B x B tensor: each pair once, better clip in the row, so that sign and maximum are gone."""
    quality = (targets - targets.min()) / (targets.max() - targets.min())
    difference = targets[:, None] - targets
    ordered = difference > 0
    hinge = torch.relu(ALPHA * difference - (predictions[:, None] - predictions))
    return ((1 + (BETA - 1) * quality[:, None]) * hinge * ordered).sum() / ordered.sum()


def dense_tuned(predictions: Tensor, targets: Tensor) -> Tensor:
    """As dense, with as few passes over B x B as we found: one difference, the weights taken out of the inner sum."""
    quality = (targets - targets.min()) / (targets.max() - targets.min())
    v = ALPHA * targets - predictions
    ordered = targets[:, None] > targets
    sums = (torch.relu(v[:, None] - v) * ordered).sum(1)
    return ((1 + (BETA - 1) * quality) * sums).sum() / ordered.sum()


def ours(predictions: Tensor, targets: Tensor) -> Tensor:
    """The package's loss."""
    return qamro_loss(predictions, targets, alpha=ALPHA, beta=BETA)


def ours_margin(predictions: Tensor, targets: Tensor) -> Tensor:
    """The package's fixed-margin loss."""
    return margin_ranking_loss(predictions, targets)


WAYS: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], int]] = {  # and the largest batch worth waiting for
    "double loop": (double_loop, 256),
    "dense": (dense, 16_384),
    "dense, tuned": (dense_tuned, 16_384),
    "ours, same targets": (ours, 1_000_000),
    "ours, new targets": (ours, 1_000_000),
    "ours, new targets in steps of 0.2": (ours, 1_000_000),
    "ours, fixed margin": (ours_margin, 1_000_000),
}


def _memory(key: str) -> float:
    """VmRSS (memory now) or VmHWM (its peak since the last reset) of this process, MiB; Linux only."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) / 1024


def measure(way: str, size: int, budget: float) -> tuple[float, float, float]:
    """Seconds, MiB beyond the input, and the loss itself, of one way at one size, run for ``budget`` seconds."""
    generator = torch.Generator().manual_seed(size)
    predictions = torch.randn(size, generator=generator)
    several = [1 + 4 * torch.rand(size, generator=generator) for _ in range(2 if size > 1 << 17 else 16)]
    if "steps of 0.2" in way:
        several = [(targets * 5).round() / 5 for targets in several]
    if "new targets" not in way:
        several = several[:1]
    loss = WAYS[way][0]
    turn = 0

    def once(batch: int) -> tuple[float, float]:
        nonlocal turn
        at, targets = predictions[:batch].clone().requires_grad_(), several[turn % len(several)][:batch]
        turn += 1
        start = time.perf_counter()
        value = loss(at, targets)
        value.backward()
        return time.perf_counter() - start, value.item()

    once(min(size, 64))  # loads what torch loads at first use
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before, turn = _memory("VmRSS"), 0
    seconds, value = once(size)
    extra = _memory("VmHWM") - before
    deadline = time.perf_counter() + budget
    while time.perf_counter() < deadline:
        seconds = min(seconds, once(size)[0])
    return seconds, extra, value


Measured = dict[str, tuple[float, float, float]]
"""What ``measure`` says of each way at one size."""


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x" if ratio >= 1 else f"{ratio:.2f}x"


def row(size: int, found: Measured) -> str:
    """One line of the table.

    Raises:
        AssertionError: The ways do not agree on the loss.
    """
    values = [found[way][2] for way in (*BASELINES, OURS) if way in found]
    if max(values) - min(values) > 1e-3 * abs(values[-1]):
        raise AssertionError(f"the ways do not agree at B = {size}: {values}")
    times = [f"{found[way][0] * 1000:,.2f} ms" if way in found else "–" for way in WAYS]
    ratios = [_ratio(found[way][0] / found[OURS][0]) if way in found else "–" for way in BASELINES]
    return " | ".join([f"| {size:,}", *times, *ratios, f"{found[OURS][1]:,.0f} MiB |"])


def verdict(measured: dict[int, Measured], way: str) -> str:
    """What the table says of one way beside ours with new targets at every step."""
    ratios = {size: of[way][0] / of[OURS][0] for size, of in sorted(measured.items()) if way in of}
    slower = [size for size, ratio in ratios.items() if ratio <= 1]
    said = [f"At {size:,} clips, *{way}* takes {_ratio(ratios[size])} the time of ours." for size in slower]
    faster = [size for size in ratios if size > max(slower, default=0)]
    if faster:
        among = ", ".join(f"{_ratio(ratios[size])} at {size:,}" for size in faster)
        said.append(f"From {faster[0]:,} clips on, of the sizes tried, ours is faster than *{way}*: {among}.")
    return " ".join(said)


def table(sizes: list[int], budget: float) -> tuple[str, str]:
    """Measures everything; the table in Markdown, and what it says."""
    rows = [
        "| B | " + " | ".join(WAYS) + " | loop / ours | dense / ours | tuned / ours | ours, memory |",
        "|--:|" + "--:|" * (len(WAYS) + 4),
    ]
    measured: dict[int, Measured] = {}
    for size in sizes:
        measured[size] = {}
        for way, (_, largest) in WAYS.items():
            if size <= largest:
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                    measured[size][way] = process.submit(measure, way, size, budget).result()
        rows.append(row(size, measured[size]))
        print(rows[-1], flush=True)
    return "\n".join(rows), " ".join(verdict(measured, way) for way in ("dense", "dense, tuned"))


def _sama(embeddings: Tensor, targets: Tensor) -> Tensor:
    return sama_loss(embeddings, embeddings.detach().flip(-1), targets)


FAMILIES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], tuple[int, ...]]] = {  # and what each clip needs
    "margin ranking": (margin_ranking_loss, ()),
    "QAMRO": (qamro_loss, ()),
    "BALR": (balr_loss, ()),
    "ListMLE": (listmle_loss, ()),
    "soft Spearman": (soft_spearman_loss, ()),
    "SAMA, 512 dimensions": (_sama, (512,)),
    "Gaussian soft labels, 20 bins": (gaussian_cross_entropy_loss, (20,)),
    "CORAL, 4 thresholds": (coral_loss, (4,)),
}


def families(budget: float, sizes: tuple[int, ...] = (256, 16_384)) -> str:
    """Times every loss, forward and backward, and lays the times out in Markdown."""
    rows = ["| loss | " + " | ".join(f"B = {size:,}" for size in sizes) + " |", "|---|" + "--:|" * len(sizes)]
    for name, (loss, extra) in FAMILIES.items():
        cells = []
        for size in sizes:
            generator = torch.Generator().manual_seed(size)
            predictions = torch.randn(size, *extra, generator=generator).requires_grad_()
            targets = 1 + 4 * torch.rand(size, generator=generator)
            loss(predictions, targets).backward()
            seconds, deadline = float("inf"), time.perf_counter() + budget
            while time.perf_counter() < deadline:
                start = time.perf_counter()
                loss(predictions, targets).backward()
                seconds = min(seconds, time.perf_counter() - start)
            cells.append(f"{seconds * 1000:.2f} ms")
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--budget", type=float, default=1.0, help="seconds to repeat a cell for")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    options = parser.parse_args()
    before, threads = os.getloadavg()[0], torch.get_num_threads()
    measured, said = table(options.sizes, options.budget)
    others = families(options.budget)
    after = os.getloadavg()[0]
    print(f"\n{measured}\n\n{said}\n\n{others}")
    if options.write:
        write_section(
            "Losses",
            f"QAMRO, forward and backward, float32, CPU threads: {threads}, torch {torch.__version__}; "
            f"`python -m benchmarks.loss {' '.join(sys.argv[1:])}` makes these tables. "
            "Times are the shortest of several runs on a shared machine (load average "
            f"{before:.1f} before, {after:.1f} after): read the ratios, and those of long runs, which suffer most from "
            "a load, with care. The double loop "
            "is that of the published code. Ratios are to ours with new targets at every step.\n\n"
            f"{said} Up to {DENSE_BATCH} clips ours is dense, too, with checks and in float64; beyond, it sorts. A "
            "dense tensor of 65,536 x 65,536 (17 GB each) does not fit into memory.\n\n"
            f"{measured}\n\nEvery loss, forward and backward, in the same run:\n\n{others}",
        )


if __name__ == "__main__":
    main()
