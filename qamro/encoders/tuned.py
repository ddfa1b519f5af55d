"""Encoders that were trained together with heads: opened from the folder that lies beside the heads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qamro.checkpoints import WeightsError, sha256_of

FOLDER = "encoder"
"""Folder within a folder of heads that holds the encoder they were trained with."""

CLAP_FILE = "clap.safetensors"
TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "merges.txt")


def open_tuned(heads: Path | str, *, device: str | None = None, precision: str = "float32", cache: bool = True) -> Any:
    """Opens the encoder that heads were trained with.

    Args:
        heads: The folder of heads.
        device: Any torch device; without it, a GPU where there is one.
        precision: ``"float32"``, ``"bfloat16"``, ``"auto"``.
        cache: Keep embeddings on disk and use those that are there.

    Raises:
        FileNotFoundError: A file is missing.
        WeightsError: A file is damaged.
    """
    from qamro.encoders.cached import CachedEncoder
    from qamro.encoders.loading import best_device

    folder = Path(heads) / FOLDER
    options: dict[str, Any] = {"device": device or best_device(), "precision": precision}
    if (folder / CLAP_FILE).is_file():
        encoder = _clap(folder, options)
    else:
        encoder = (_audiobox if _is_audiobox(folder) else _wavlm)(folder, options)
    return CachedEncoder(encoder) if cache else encoder


def _clap(folder: Path, options: dict[str, Any]) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from qamro.encoders.clap import Clap
    from qamro.encoders.clap_network import build
    from qamro.encoders.clap_tokens import RobertaTokens

    file = folder / CLAP_FILE
    try:
        tensors = load_file(file)
    except SafetensorError as problem:
        raise WeightsError(f"{file} is damaged ({problem})") from problem
    tokens = RobertaTokens(folder) if any((folder / name).is_file() for name in TOKENIZER_FILES) else None
    return Clap(build(tensors), tokens, sha256_of(file), **options)


def _is_audiobox(folder: Path) -> bool:
    """Whether a folder's configuration names the scales of the aesthetic axes, as Audiobox-Aesthetics' does."""
    try:
        return "target_transform" in json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False  # whoever opens it says what is wrong


def _audiobox(folder: Path, options: dict[str, Any]) -> Any:
    from qamro.encoders.audiobox import Audiobox

    return Audiobox.from_checkpoint(folder, **options)


def _wavlm(folder: Path, options: dict[str, Any]) -> Any:
    from qamro.encoders.wavlm import WavLM

    return WavLM.from_checkpoint(folder, **options)
