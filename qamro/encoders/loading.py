"""Makes the pretrained encoders ready for use: from the hub or from files, on the best device, with a memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from qamro.checkpoints import CLAP, MUQ, ROBERTA, TOKENIZER, WAVLM, Weights, WeightsError, require, sha256_of
from qamro.encoders.audiobox import Audiobox
from qamro.encoders.clap import Clap
from qamro.encoders.embedding_store import CachedEncoder, CachedScores


def clap(
    *,
    checkpoint: Path | str | None = None,
    tokenizer: Path | str | None = None,
    device: str | None = None,
    precision: str = "float32",
    cache: bool = True,
) -> Any:
    """Makes the LAION-CLAP encoder.

    Args:
        checkpoint: A checkpoint file of your own; without it, the published one, which must have been fetched.
        tokenizer: Folder of roberta-base's tokenizer; without it, the published one, likewise.
        device: Any torch device; without it, a GPU where there is one.
        precision: ``"float32"``, ``"bfloat16"``, ``"auto"``.
        cache: Keep embeddings on disk and use those that are there.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file or folder that was named is missing.
    """
    encoder = Clap.from_checkpoint(
        checkpoint if checkpoint is not None else require(CLAP)[0],
        _folder(tokenizer, TOKENIZER),
        device=device or best_device(),
        precision=precision,
    )
    return CachedEncoder(encoder) if cache else encoder


def audiobox(
    *,
    checkpoint: Path | str | None = None,
    device: str | None = None,
    precision: str = "float32",
    cache: bool = True,
) -> Any:
    """Makes the Audiobox-Aesthetics encoder.

    Args:
        checkpoint: A folder of ``config.json`` and ``model.safetensors`` of your own; without it, the published
            weights, which must have been fetched.
        device: Any torch device; without it, a GPU where there is one.
        precision: ``"float32"``, ``"bfloat16"``, ``"auto"``.
        cache: Keep scores and embeddings on disk and use those that are there.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file is missing.
    """
    options: dict[str, Any] = {"device": device or best_device(), "precision": precision}
    encoder = Audiobox.from_hub(**options) if checkpoint is None else Audiobox.from_checkpoint(checkpoint, **options)
    return CachedScores(encoder) if cache else encoder


def wavlm(
    *,
    checkpoint: Path | str | None = None,
    device: str | None = None,
    precision: str = "float32",
    cache: bool = True,
    **options: Any,
) -> Any:
    """Makes the WavLM encoder.

    Args:
        checkpoint: A folder of your own as Microsoft publishes them; without it, the published base-plus weights, which
            must have been fetched.
        device: Any torch device; without it, a GPU where there is one.
        precision: ``"float32"``, ``"bfloat16"``, ``"auto"``.
        cache: Keep embeddings on disk and use those that are there.
        **options: ``layers`` and ``every``; see ``WavLM``.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file is missing.
    """
    from qamro.encoders.wavlm import WavLM

    options |= {"device": device or best_device(), "precision": precision}
    encoder = WavLM.from_checkpoint(_folder(checkpoint, WAVLM), **options)
    return CachedEncoder(encoder) if cache else encoder


def muq(*, checkpoint: Path | str | None = None, device: str | None = None, cache: bool = True, **options: Any) -> Any:
    """Makes the MuQ encoder, whose package must have been installed; its weights are CC BY-NC 4.0.

    Args:
        checkpoint: A folder of your own; without it, the published weights, which must have been fetched.
        device: Any torch device; without it, a GPU where there is one.
        cache: Keep embeddings on disk and use those that are there.
        **options: ``every``; see ``MuQ``.

    Raises:
        WeightsError: The package or the weights are missing; the message says how to get them.
        FileNotFoundError: A file is missing.
    """
    from qamro.encoders.muq import MuQ

    encoder = MuQ.from_checkpoint(_folder(checkpoint, MUQ), device=device or best_device(), **options)
    return CachedEncoder(encoder) if cache else encoder


def distillmos(*, device: str | None = None, cache: bool = True) -> Any:
    """Makes the Distill-MOS encoder of speech, whose package must have been installed.

    Args:
        device: Any torch device; without it, a GPU where there is one.
        cache: Keep scores and embeddings on disk and use those that are there.

    Raises:
        WeightsError: The package is not installed; the message says what to install.
    """
    from qamro.encoders.distillmos import DistillMos

    encoder = DistillMos(device=device or best_device())
    return CachedScores(encoder) if cache else encoder


def roberta(
    *, checkpoint: Path | str | None = None, tokenizer: Path | str | None = None, device: str | None = None
) -> Any:
    """Makes RoBERTa as a reader of prompts, token by token.

    Args:
        checkpoint: A folder of your own; without it, the published roberta-base, which must have been fetched.
        tokenizer: Folder of its tokenizer; without it, the published one, likewise.
        device: Any torch device; without it, a GPU where there is one.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file is missing.
    """
    from qamro.encoders.roberta import Roberta

    return Roberta.from_checkpoint(
        _folder(checkpoint, ROBERTA), _folder(tokenizer, TOKENIZER), device=device or best_device()
    )


def _folder(own: Path | str | None, published: Weights) -> Path | str:
    """The folder that was named, or that of the published weights.

    Raises:
        WeightsError: They were not fetched, or are damaged.
    """
    return own if own is not None else require(published)[0].parent


def best_device() -> str:
    """Returns ``"cuda"`` where there is a GPU, else ``"cpu"``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


# Encoders that were trained together with heads: opened from the folder that lies beside the heads.

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
    from qamro.encoders.registry import encoders
    from qamro.plugins import opened

    folder = Path(heads) / FOLDER
    options: dict[str, Any] = {"device": device or best_device(), "precision": precision}
    for entry in encoders().values():
        encoder = opened(entry.tuned)(folder, **options) if entry.tuned is not None else None
        if encoder is not None:
            return CachedEncoder(encoder) if cache else encoder
    raise FileNotFoundError(f"{folder} holds no encoder that is known here: a file is missing or damaged")


def tuned_clap(folder: Path, **options: Any) -> Any:
    """Opens what CLAP's tower saved; None where the folder holds something else."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from qamro.encoders.clap import RobertaTokens
    from qamro.encoders.clap_network import build

    if not (folder / CLAP_FILE).is_file():
        return None
    file = folder / CLAP_FILE
    try:
        tensors = load_file(file)
    except SafetensorError as problem:
        raise WeightsError(f"{file} is damaged ({problem})") from problem
    tokens = RobertaTokens(folder) if any((folder / name).is_file() for name in TOKENIZER_FILES) else None
    return Clap(build(tensors), tokens, sha256_of(file), **options)


def tuned_audiobox(folder: Path, **options: Any) -> Any:
    """Opens what Audiobox's tower saved; None where the folder holds something else."""
    return Audiobox.from_checkpoint(folder, **options) if "target_transform" in _config(folder) else None


def tuned_wavlm(folder: Path, **options: Any) -> Any:
    """Opens what WavLM's tower saved; None where the folder holds something else."""
    from qamro.encoders.wavlm import WavLM

    return WavLM.from_checkpoint(folder, **options) if _config(folder).get("model_type") == "wavlm" else None


def _config(folder: Path) -> dict[str, Any]:
    """The configuration beside a network; empty where there is none that can be read."""
    try:
        return dict(json.loads((folder / "config.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
