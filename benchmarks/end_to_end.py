"""What a step of end-to-end training costs: one graph for the whole batch, or micro-batches with the batch's pairs.

    python -m benchmarks.end_to_end [--device cuda] [--clips 4] [--write]

A CLAP of the published size with random weights and a head for MI on clips of 10 s, float32, QAMRO + Huber. Each row in
a process of its own, with the memory that it needs beyond the network.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from benchmarks.loss import _memory
from benchmarks.report import write_section

ROWS = (
    ("whole batch in one graph", 0, False, False),
    ("micro-batches of 1", 1, False, False),
    ("micro-batches of 2", 2, False, False),
    ("micro-batches of 2, checkpointed activations", 2, True, False),
    ("micro-batches of 2, last stage and projections only", 2, False, True),
)


def clap() -> Any:
    """A CLAP of the published size with random weights, with this project's attention."""
    from qamro.encoders.clap_network import build, import_clap

    module = import_clap()
    audio = {"hidden_size": 1024, "patch_embeds_hidden_size": 128, "depths": [2, 2, 12, 2]}
    config = module.ClapConfig(audio_config=audio | {"num_attention_heads": [4, 8, 16, 32]}, text_config={})
    torch.manual_seed(0)
    state = module.ClapModel(config).state_dict()
    for key in [key for key in state if re.search(r"audio.*attention\.self\.query\.", key)]:
        parts = [state.pop(key.replace("query", part)) for part in ("query", "key", "value")]
        state[key.replace("query", "qkv")] = torch.cat(parts)
    dropped = re.compile(r"relative_position_index|num_batches_tracked|position_ids|token_type_ids")
    return build({key: value.clone() for key, value in state.items() if not dropped.search(key)})


def measure(clips: int, size: int, checkpointed: bool, last: bool, device: str) -> tuple[float, float, float]:
    """Seconds a step, MiB beyond the network, and the loss."""
    import numpy as np

    from qamro.heads import ScoreHead
    from qamro.training.end_to_end.network import Item, Network, Part, backward, loss_of
    from qamro.training.end_to_end.towers import ClapTower
    from qamro.training.objective import Objective

    if device == "cpu":
        torch.set_num_threads(1)
    tower = ClapTower(clap(), None, "random")
    network = Network(tower, {"MI": ScoreHead(tower.audio_dim)}).to(device).train()
    tower.train_last(2 if last else None)
    if checkpointed:
        tower.checkpoint_activations()
    rng = np.random.default_rng(0)
    items = [Item(tower.prepare(0.1 * rng.normal(size=480_000).astype(np.float32)), "") for _ in range(clips)]
    targets = {"MI": torch.linspace(1, 5, clips, device=device)}
    parts = [Part(at, [items[i] for i in at], 0) for at in torch.arange(clips).split(size or clips)]

    def step() -> torch.Tensor:
        network.zero_grad()
        return backward(network, parts, lambda a: loss_of(network.heads, {"MI": Objective()}, a, targets))

    if device != "cpu":
        step()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated() / 2**20
    else:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
        before = _memory("VmRSS")
    start = time.perf_counter()
    loss = step().item()
    seconds = time.perf_counter() - start
    peak = _memory("VmHWM") if device == "cpu" else torch.cuda.max_memory_allocated() / 2**20
    return seconds, peak - before, loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    options = parser.parse_args()
    lines = [
        f"| a step over {options.clips} clips | seconds | seconds a clip | memory beyond the network |",
        "|---|--:|--:|--:|",
    ]
    for name, size, checkpointed, last in ROWS:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            seconds, memory, _ = process.submit(
                measure, options.clips, size, checkpointed, last, options.device
            ).result()
        lines.append(f"| {name} | {seconds:.1f} | {seconds / options.clips:.2f} | {memory:,.0f} MiB |")
        print(lines[-1], flush=True)
    where = "1 CPU thread" if options.device == "cpu" else torch.cuda.get_device_name()
    if options.write:
        write_section(
            "Training end to end",
            f"{where}, load average {os.getloadavg()[0]:.1f}, torch {torch.__version__}; `python -m "
            "benchmarks.end_to_end --write` makes this table: CLAP of the published size, random weights, float32, "
            "clips of 10 s. Micro-batches give the gradient of the whole batch; they predict every clip twice and need "
            "the memory of one of them, plus that of the gradients, whatever the size of the batch. "
            "The machine was shared: read memory rather than seconds.\n\n" + "\n".join(lines),
        )


if __name__ == "__main__":
    main()
