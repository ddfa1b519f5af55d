"""Reads a LAION-CLAP checkpoint without running what is in it, and keeps it in a form that loads in no time."""

from __future__ import annotations

import functools
import os
import pickle
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qamro.checkpoints import WeightsError, sha256_of
from qamro.paths import cache_dir

_LAYOUT = 1
"""Part of the converted file's name; raise it with any change of names below."""

_UNUSED = re.compile(
    r"(audio|text)_transform\.|audio_branch\.(tscam_conv|head|spectrogram_extractor|logmel_extractor)\."
    r"|\.relative_position_index$|\.num_batches_tracked$|\.position_ids$|\.token_type_ids$"
)
"""Training heads, the classifier, and buffers that follow from the sizes."""

_NAMES = (
    (r"^text_branch\.", "text_model."),
    (r"^audio_branch\.", "audio_model.audio_encoder."),
    (r"\.bn0\.", ".batch_norm."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.qkv\.", ".attention.self.qkv."),
    (r"\.attn\.relative", ".attention.self.relative"),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
    (r"^(audio|text)_projection\.0\.", r"\1_projection.linear1."),
    (r"^(audio|text)_projection\.2\.", r"\1_projection.linear2."),
)


def load_converted(path: Path | str) -> tuple[dict[str, torch.Tensor], str]:
    """Returns a checkpoint's tensors under transformers' names; converts the file the first time.

    The converted file lies in the cache under the SHA-256 of its source, is mapped into memory and read as needed.

    Args:
        path: A checkpoint as published by LAION (``.pt``).

    Returns:
        The tensors, and the source's SHA-256.

    Raises:
        FileNotFoundError: There is no such file.
        WeightsError: It is not a LAION-CLAP checkpoint, or holds more than tensors and plain numbers.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no CLAP checkpoint at {path}")
    digest = sha256_of(path)
    converted = cache_dir("converted") / f"clap-{digest[:16]}-v{_LAYOUT}.safetensors"
    if converted.is_file():
        try:
            return load_file(converted), digest
        except (SafetensorError, OSError):  # cut short by a full disk or a crash: made again below
            converted.unlink(missing_ok=True)
    tensors = rename(read_laion(path))
    _save(tensors, converted, digest)
    return load_file(converted), digest


def read_laion(path: Path) -> dict[str, torch.Tensor]:
    """Reads the tensors of a LAION checkpoint; unpickles nothing but tensors and numpy's plain numbers.

    Returns:
        Each tensor by its name in the checkpoint.

    Raises:
        WeightsError: The file is damaged, is no checkpoint of LAION-CLAP, or holds other objects.
    """
    scalar = np._core.multiarray.scalar  # type: ignore[attr-defined]
    plain: list[Any] = [scalar, (scalar, "numpy.core.multiarray.scalar"), np.dtype]
    plain += [np.dtypes.Float64DType, np.dtypes.Float32DType, np.dtypes.Int64DType]
    try:
        with torch.serialization.safe_globals(plain):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as problem:
        raise WeightsError(
            f"{path} holds more than weights and was not loaded, since that could run foreign code; "
            f"fetch the published file with `python -m qamro weights fetch clap`"
        ) from problem
    except (RuntimeError, EOFError, ValueError) as problem:
        reason = str(problem).splitlines()[0]
        raise WeightsError(f"{path} is damaged or no checkpoint of PyTorch ({reason})") from problem
    state = content.get("state_dict", content) if isinstance(content, dict) else {}
    tensors = {key.removeprefix("module."): value for key, value in state.items() if isinstance(value, torch.Tensor)}
    if not any(key.startswith("audio_branch.layers.") for key in tensors):
        raise WeightsError(f"{path} is a checkpoint, but not one of LAION-CLAP with an HTSAT audio tower")
    if "audio_branch.patch_embed.mel_conv2d.weight" in tensors:
        raise WeightsError(f"{path} is a fusion checkpoint of LAION-CLAP; only those without fusion can be used")
    return tensors


def rename(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Gives LAION's tensors the names of ``transformers.ClapModel``.

    Kept under names of their own are the joint projections ``qkv`` and the masks ``attn_mask`` of shifted windows.
    """
    renamed = {}
    for key, value in tensors.items():
        if not _UNUSED.search(key):
            renamed[functools.reduce(lambda name, rule: re.sub(rule[0], rule[1], name), _NAMES, key)] = value
    return renamed


def _save(tensors: dict[str, torch.Tensor], place: Path, digest: str) -> None:
    """Writes in one step: another process sees the whole file or none."""
    from safetensors.torch import save_file

    handle, part = tempfile.mkstemp(dir=place.parent, suffix=".part")
    os.close(handle)
    try:
        save_file({key: value.contiguous() for key, value in tensors.items()}, part, {"source_sha256": digest})
        os.replace(part, place)
    finally:
        Path(part).unlink(missing_ok=True)
