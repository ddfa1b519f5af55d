"""The file of weights in a folder of heads: one module an axis, and further tensors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

HEADS_FILE = "heads.safetensors"

_EXTRA = "extra"


def write_tensors(
    folder: Path,
    modules: Mapping[str, nn.Module],
    extra: Mapping[str, torch.Tensor],
    metadata: dict[str, str] | None = None,
) -> None:
    """Writes the weights of modules as ``AXIS.NAME`` and further tensors as ``extra.NAME``, whole or not at all.

    Args:
        folder: Where to; it is made.
        modules: For each axis, its module.
        extra: Further tensors by name.
        metadata: What the header says.
    """
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{axis}.{key}": value for axis, module in modules.items() for key, value in module.state_dict().items()}
    tensors |= {f"{_EXTRA}.{key}": value for key, value in extra.items()}
    content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, metadata)
    # safetensors' own writer makes files that only their owner may read, whatever the umask.
    part = folder / f"{HEADS_FILE}.part"
    part.write_bytes(content)
    os.replace(part, folder / HEADS_FILE)


def below(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Returns the tensors whose names start with a prefix and a point, without them."""
    return {key[len(prefix) + 1 :]: value for key, value in tensors.items() if key.startswith(prefix + ".")}


def extra_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Returns the further tensors that ``write_tensors`` was given."""
    return below(tensors, _EXTRA)


def need_files(folder: Path, files: tuple[str, ...], remedy: str) -> None:
    """Refuses a folder that lacks a file.

    Args:
        folder: The folder.
        files: What it must hold.
        remedy: What makes the files, for the message.

    Raises:
        FileNotFoundError: Names the file and what makes it.
    """
    for file in files:
        if not (folder / file).is_file():
            raise FileNotFoundError(f"{folder} holds no {file}; {remedy}")
