"""Keeps a run on disk after every epoch, and refuses to go on with another run's state."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

_ANEW = "remove it to begin anew (--restart on the command line)"


def fingerprint(settings: Iterable[object], tensors: Iterable[torch.Tensor]) -> str:
    """Returns a SHA-256 of what makes a run the same run: its settings, by their text, and its data."""
    digest = hashlib.sha256("\n".join(map(repr, settings)).encode())
    for tensor in tensors:
        digest.update(repr((tensor.shape, tensor.dtype)).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def write(file: Path, state: dict[str, Any]) -> None:
    """Writes a state in one step: a kill leaves the last whole epoch, never half of one.

    Raises:
        OSError: It cannot be written; an earlier state stays.
    """
    part = file.with_suffix(file.suffix + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.save(state, part)
    except RuntimeError as problem:  # torch's own writer says so of a full disk
        part.unlink(missing_ok=True)
        raise OSError(f"{file} could not be written whole; make space on its disk, then go on") from problem
    os.replace(part, file)


def read(file: Path, run: str) -> dict[str, Any]:
    """Reads the state of a run.

    Args:
        file: Where ``write`` put it.
        run: Fingerprint that the state must have under ``"run"``.

    Raises:
        ValueError: It is the state of another run, or no state at all.
    """
    try:
        state = torch.load(file, weights_only=True)
    except Exception as problem:  # a damaged file fails in as many ways as there are bytes
        raise ValueError(f"{file} is damaged or no checkpoint; {_ANEW}") from problem
    if not isinstance(state, dict) or state.get("run") != run:
        raise ValueError(
            f"{file} was left by a run with other data or settings; repeat its command to go on with it, or {_ANEW}"
        )
    return state
