"""Where weights lie on disk.

Without a setting they are kept as the hub's own client keeps them, so that other programs share them, and the hub's
variables (``HF_HOME``, ``HF_HUB_CACHE``) move them. ``QAMRO_WEIGHTS`` names a plain folder instead, with one subfolder
for each name: ``$QAMRO_WEIGHTS/clap/music_audioset_epoch_15_esc_90.14.pt``. Files may be put there by hand.
"""

from __future__ import annotations

import os
from pathlib import Path

from qamro.checkpoints.manifest import WeightFile, Weights


def own_root() -> Path | None:
    """Returns the folder that ``QAMRO_WEIGHTS`` names, or None."""
    folder = os.environ.get("QAMRO_WEIGHTS")
    return Path(folder).expanduser() if folder else None


def hub_root() -> Path:
    """Returns the hub client's cache, by the rules of its documentation and without importing it."""
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or f"{caches}/huggingface").expanduser() / "hub"


def place_of(weights: Weights, file: WeightFile) -> Path:
    """Returns where a file is, or will be once it is fetched.

    A file that the hub's cache already holds is not fetched again into ``QAMRO_WEIGHTS``.
    """
    snapshot = hub_root() / f"models--{weights.repo.replace('/', '--')}" / "snapshots" / weights.revision / file.path
    root = own_root()
    if root is None:
        return snapshot
    own = root / weights.name / file.path
    return snapshot if snapshot.is_file() and not own.is_file() else own


def part_of(place: Path) -> Path:
    """Returns where a file lies while it is being fetched."""
    return place.with_name(place.name + ".part")
