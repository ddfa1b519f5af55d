"""What a run record says: settings, data, software, and how every seed went."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qamro.versions import versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qamro.heads import Card
    from qamro.training.fit_config import FitConfig
    from qamro.training.objective import Objective
    from qamro.training.run import Fit


def fit_record(
    objective: Objective,
    seeds: Sequence[int],
    fits: Sequence[Fit],
    held_out: Sequence[Mapping[str, Any]],
    config: FitConfig,
) -> dict[str, Any]:
    """Returns what a run record says of one axis.

    Args:
        objective: What was minimised.
        seeds: S seeds.
        fits: S fits.
        held_out: S results on the test part.
        config: How they were fitted; says which is kept.
    """
    kept = config.choose([fitted.best_row for fitted in fits])
    return {
        "objective": {"in words": str(objective), **asdict(objective)},
        "kept seed": seeds[kept],
        "seconds": round(fits[kept].seconds, 2),
        "seeds": [
            {
                "seed": seed,
                "best_epoch": fitted.best_epoch,
                "val_loss": fitted.val_loss,
                "held_out": tested,
                "history": fitted.history,
            }
            for seed, fitted, tested in zip(seeds, fits, held_out, strict=True)
        ],
    }


def run_record(
    card: Card, config: FitConfig, parts: Mapping[str, Sequence[str]], axes: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns what is written beside heads and card: all that it takes to trace or repeat a run.

    Args:
        card: The heads' card.
        config: How each head was fitted.
        parts: For each part, its clips.
        axes: For each axis, its ``fit_record``.
    """
    split = "\n".join(f"{part}: {clip}" for part, clips in parts.items() for clip in sorted(clips))
    return {
        "name": card.name,
        "command": card.training["command"],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": card.training["seconds"],
        "device": _device(card.training["device"]),
        "config": asdict(config),
        "encoder": card.encoder,
        "study": card.study,
        "split": {"hash": hashlib.sha256(split.encode()).hexdigest(), "clips": card.training["clips"]},
        "versions": versions(),
        "axes": dict(axes),
    }


def _device(name: str) -> dict[str, Any]:
    import torch

    together = torch.distributed.is_available() and torch.distributed.is_initialized()
    processes = {"processes": torch.distributed.get_world_size()} if together else {}
    if name.startswith("cuda"):
        return {"name": name, "gpu": torch.cuda.get_device_name(name), "gpus": torch.cuda.device_count(), **processes}
    return {"name": name, "threads": torch.get_num_threads(), "machine": platform.machine(), **processes}
