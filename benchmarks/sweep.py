"""Times training: many heads at once or one by one, one head to early stop, full-batch QAMRO or dense batches.

    python -m benchmarks.sweep [--device cuda] [--write]

All in one run, on made-up embeddings whose MOS follows from them with noise. Ratios within a run can be trusted on a
busy machine; seconds less so.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch

from benchmarks.loss import dense, dense_tuned, double_loop
from benchmarks.report import write_section
from qamro.losses import qamro_loss
from qamro.training.objective import Objective
from qamro.training.sweeps.runs import heads_at_once
from qamro.training.trainer import Data, Fit, FitConfig, fit, fit_many

BETAS, SEEDS = (1, 2, 3, 5, 7, 9, 11, 13), range(5)
STEPS_OF = 2748  # clips of MusicEval


def made_up(clips: int, dim: int, validation: int = 400) -> Data:
    generator = torch.Generator().manual_seed(clips + dim)
    x = torch.randn(clips + validation, dim, generator=generator)
    signal = x @ torch.randn(dim, generator=generator) / dim**0.5
    y = (3 + 0.7 * signal + 0.5 * torch.randn(len(x), generator=generator)).clamp(1, 5)
    return Data(x[:clips], y[:clips], x[clips:], y[clips:])


def sweep(device: str, config: FitConfig) -> tuple[float, float, float]:
    """Seconds at once, seconds one by one (all of them trained), and the largest difference of a prediction.

    At once means as a sweep does it on a CPU: stacks of heads, one on each thread. One by one has all threads for each.
    """
    data = made_up(2000, 512)
    pairs = [(Objective(beta=beta), seed) for beta in BETAS for seed in SEEDS]
    objectives, seeds = [objective for objective, _ in pairs], [seed for _, seed in pairs]
    fit_many(data, objectives[:2], seeds[:2], replace(config, max_epochs=1), device=device)

    def alone() -> list[Fit]:
        return [fit(data, objective, replace(config, seed=seed), device=device) for objective, seed in pairs]

    threads = torch.get_num_threads() if device == "cpu" else 1
    size = heads_at_once(config.batch_size or len(data.targets)) if device == "cpu" else len(pairs)

    def stack(start: int) -> list[Fit]:
        part = slice(start, start + size)
        return fit_many(data, objectives[part], seeds[part], config, device=device)

    def at_once() -> list[Fit]:
        if threads > 1:
            torch.set_num_threads(1)
        with ThreadPoolExecutor(threads) as pool:
            made = [fitted for part in pool.map(stack, range(0, len(pairs), size)) for fitted in part]
        if threads > 1:
            torch.set_num_threads(threads)
        return made

    together_s, together = timed(at_once, device)
    alone_s, singles = timed(alone, device)
    with torch.no_grad():
        apart = [
            (one.head(data.val_features) - many.head(data.val_features)).abs().max()
            for one, many in zip(singles, together, strict=True)
        ]
    return together_s, alone_s, float(max(apart))


def timed(work: Callable, device: str) -> tuple[float, object]:
    start = time.perf_counter()
    made = work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - start, made


WAYS: dict[str, tuple[Callable[[torch.Tensor, torch.Tensor], torch.Tensor], int, float | None]] = {
    "double loop of the published code, 256 clips": (double_loop, 256, 0.2),
    "dense, 256 clips": (dense, 256, 0.2),
    "dense, tuned, 256 clips": (dense_tuned, 256, 0.2),
    "dense, tuned, 2,748 clips": (dense_tuned, STEPS_OF, 0.2),
    "ours, 256 clips": (qamro_loss, 256, 0.2),
    "ours, all 2,748 clips": (qamro_loss, STEPS_OF, 0.2),
    "ours, all 2,748 clips, no two of one MOS": (qamro_loss, STEPS_OF, None),
}
"""A loss, how many clips it gets, and the steps of their MOS, as MusicEval's are, or None for any number."""


def steps(device: str, rounds: int = 30) -> dict[str, float]:
    """Shortest milliseconds of one forward and backward pass of each way, all of them in turn."""
    best = dict.fromkeys(WAYS, float("inf"))
    for turn in range(rounds):
        for name, (loss, clips, grid) in WAYS.items():
            if turn and loss is double_loop:
                continue
            y = made_up(clips, 8).targets.to(device)
            y = y if grid is None else (y / grid).round() * grid
            for _ in range(10 if clips * clips < 1 << 20 or loss is qamro_loss else 1):
                predictions = torch.randn(clips, device=device).requires_grad_()
                seconds = timed(lambda at=predictions, y=y, loss=loss: loss(at, y).backward(), device)[0]
                best[name] = min(best[name], 1000 * seconds)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--epochs", type=int, default=5, help="of the comparison of many at once with one by one")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; as many as there are cores unless set")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    rows = [
        "| sweep of 8 betas x 5 seeds, 2,000 x 512 | at once | one by one | faster | largest difference of a score |"
    ]
    rows += ["|---|--:|--:|--:|--:|"]
    for optimizer, batch in (("sgd", 256), ("sgd", 0), ("adamw", 256), ("adamw", 0)):
        config = FitConfig(optimizer, batch_size=batch, max_epochs=options.epochs)
        together, alone, worst = sweep(options.device, config)
        name = f"{optimizer}, {f'batch {batch}' if batch else 'all clips in every step'}, {options.epochs} epochs"
        rows.append(f"| {name} | {together:.2f} s | {alone:.2f} s | {alone / together:.1f}x | {worst:.0e} |")
        print(rows[-1], flush=True)
    rows += ["", "| one head on 2,000 x 1,024 embeddings to early stop | seconds | epochs |", "|---|--:|--:|"]
    data = made_up(2000, 1024)
    for name, config in (
        ("the paper's SGD, batch 256", FitConfig()),
        ("SGD, ten times the rate, batch 256", FitConfig(lr=5e-3)),
        ("AdamW, all clips in every step", FitConfig("adamw", lr=1e-3, batch_size=0)),
    ):
        seconds, found = timed(
            lambda config=config: fit(data, Objective(), config, device=options.device), options.device
        )
        rows.append(f"| {name} | {seconds:.1f} | {len(found.history)} |")
        print(rows[-1], flush=True)
    times = steps(options.device)
    full = times["ours, all 2,748 clips"]
    rows += ["", "| one step of QAMRO, forward and backward, MOS in steps of 0.2 | milliseconds | of our full batch |"]
    rows += ["|---|--:|--:|", *(f"| {name} | {time:.2f} | {time / full:.2g}x |" for name, time in times.items())]
    print("\n".join(rows[-len(times) :]), flush=True)
    where = torch.cuda.get_device_name() if options.device != "cpu" else f"{torch.get_num_threads()} CPU thread(s)"
    busy = f" (load average at the end {os.getloadavg()[0]:.1f})" if options.device == "cpu" else ""
    introduction = (
        f"{where}{busy}, torch {torch.__version__}; `python -m benchmarks.sweep` makes these tables, "
        "on made-up embeddings. The machine was shared: read ratios rather than seconds. At once and one by one have "
        "the same threads; with two of them, on cores that others use as well, one by one waits for its second thread "
        "in every product and looks far worse than it is. In steps of QAMRO the targets stay the same, as they do in "
        "full-batch training, and what follows from them alone is kept. With all clips in every step most of the time "
        "are products of matrices, which many heads do no faster than one; what is left is what a stack saves."
    )
    if options.write:
        write_section("Training", introduction + "\n\n" + "\n".join(rows))


if __name__ == "__main__":
    main()
