"""What a run record and a card say about the data and the software."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qamro.heads import Card
    from qamro.studies import Study
    from qamro.training.fit_config import FitConfig
    from qamro.training.objective import Objective
    from qamro.training.run import Fit


def study_hash(study: Study) -> str:
    """Returns a SHA-256 over the clips' names, systems and prompts and over all ratings, whatever their order."""
    clips = study.clips[["clip", "system", "prompt"]].sort_values("clip")
    ratings = study.ratings[["clip", "rater", "axis", "score"]].sort_values(["clip", "axis", "rater", "score"])
    text = clips.to_csv(index=False) + ratings.to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()


def study_summary(study: Study) -> dict[str, Any]:
    """Returns what a card says of its study; a clip that is rated against several prompts is one clip."""
    catches = int((study.clips["catch_of"] != "").sum()) if "catch_of" in study.clips else 0
    return {
        "name": study.name,
        "kind": study.kind,
        "clips": len(study.clips) - catches,
        "systems": len(study.systems),
        "ratings": len(study.counted),
        **({"repeated_ratings": study.repeats} if study.repeats else {}),
        "hash": study_hash(study),
        **{key: value for key, value in study.about.items() if isinstance(value, str)},
    }


def versions() -> dict[str, str]:
    """Returns the versions that decide the numbers: Python, the libraries, qamro, and its commit when there is one.

    A commit with ``-dirty`` behind it had changes on top.
    """
    from qamro import __version__

    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy", "transformers")},
        "qamro": __version__,
        "commit": _commit(),
    }


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


def _commit() -> str:
    """The commit of this file's repository; "unknown" where git keeps none of it, as in an installed package."""
    try:
        _git(
            "ls-files", "--error-unmatch", Path(__file__).name
        )  # an installation may lie in somebody else's repository
        return _git("describe", "--always", "--dirty", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*arguments: str) -> str:
    folder = Path(__file__).resolve().parent
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=5, check=True)
    return done.stdout.strip()
