"""Opens a network of transformers from a folder on disk and nowhere else, in the precision that suits the machine."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from qamro.checkpoints import WeightsError, sha256_of

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_UNUSED = ("masked_spec_embed", "pooler.", "embeddings.position_ids")
"""Training's mask, RoBERTa's pooler, and a buffer: a checkpoint may lack them, and nothing here reads them."""


@dataclass(frozen=True)
class Opened:
    """A network and what it is.

    Attributes:
        network: In evaluation mode, without gradients.
        sha256: Of the weights' file.
        normalize: Whether its audio is to be brought to zero mean and unit variance.
    """

    network: Any
    sha256: str
    normalize: bool


def open_network(folder: Path | str, kind: str, weights: str) -> Opened:
    """Loads a folder with ``config.json`` and ``model.safetensors`` or ``pytorch_model.bin``.

    A pickled file is read with nothing but tensors allowed.

    Args:
        folder: Where they lie.
        kind: The class of transformers, for example ``"WavLMModel"``.
        weights: What the published weights are called here, for the message.

    Raises:
        FileNotFoundError: A file is missing.
        WeightsError: A file is damaged, or of another network.
    """
    folder = Path(folder)
    file = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if file is None or not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"{folder} holds no config.json with {' or '.join(_WEIGHTS)}; "
            f"fetch the published ones with `python -m qamro weights fetch {weights}`"
        )
    hide_broken_packages()
    import transformers

    log = transformers.logging
    loud, bar = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()  # what a checkpoint holds besides is no news
    log.disable_progress_bar()
    try:
        network, report = getattr(transformers, kind).from_pretrained(
            folder, local_files_only=True, output_loading_info=True, weights_only=True
        )
    except Exception as problem:  # the library raises whatever its parts raise
        reason = str(problem).splitlines()[0]
        raise WeightsError(f"{folder} cannot be opened as {kind}: {reason}") from problem
    finally:
        log.set_verbosity(loud)
        if bar:
            log.enable_progress_bar()
    missing = [key for key in report["missing_keys"] if not any(part in key for part in _UNUSED)]
    wrong = [*missing, *(str(key) for key in report["mismatched_keys"])]
    if wrong:
        raise WeightsError(f"{file} is not a whole {kind}: it lacks {', '.join(sorted(wrong)[:3])} …")
    return Opened(network.eval().requires_grad_(False), sha256_of(file), _normalizes(folder))


def _normalizes(folder: Path) -> bool:
    file = folder / "preprocessor_config.json"
    return file.is_file() and bool(json.loads(file.read_text("utf-8")).get("do_normalize"))


# Keeps optional packages that are installed but broken from taking everything else down with them.

_OPTIONAL = ("torchaudio", "torchvision")


def hide_broken_packages() -> list[str]:
    """Makes ``import torchaudio`` and ``import torchvision`` fail cleanly where they cannot work.

    The wheels on PyPI are linked against CUDA libraries; beside a CPU build of PyTorch their import dies with an
    OSError, and transformers, which only looks whether they are installed, dies with them. A None in
    ``sys.modules`` is Python's own way to say that a module is not to be had. To be called before the first import of
    transformers; calling it again costs nothing.

    Returns:
        The packages that are hidden.
    """
    # Set before transformers loads, which otherwise asks the tokenizers' threads about every fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name in _OPTIONAL:
        if name in sys.modules:
            continue
        try:
            importlib.import_module(name)
        except (ImportError, OSError, RuntimeError):
            _forget(name)
            sys.modules[name] = None  # type: ignore[assignment]
    return [name for name in _OPTIONAL if sys.modules.get(name, ...) is None]


def _forget(name: str) -> None:
    """Removes what a failed import left behind."""
    for module in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
        with contextlib.suppress(KeyError):
            del sys.modules[module]


# Which number format an encoder computes in, and whether this machine has it in hardware.

PRECISIONS = ("float32", "bfloat16", "auto")


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device computes bfloat16 in hardware; elsewhere it is emulated and slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, check, bool)() for check in checks)
    return False


def choose(precision: str, device: torch.device) -> torch.dtype:
    """Returns the number format to compute in.

    Args:
        precision: ``"float32"``: the originals' numbers. ``"bfloat16"``: faster, with the deviation that
            ``benchmarks/RESULTS.md`` states. ``"auto"``: bfloat16 where the device has it in hardware.
        device: Where the network runs.

    Raises:
        ValueError: There is no such precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is one of {', '.join(PRECISIONS)}, not {precision!r}")
    if precision == "bfloat16" or (precision == "auto" and has_bfloat16(device)):
        return torch.bfloat16
    return torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Lets matrix products run in ``dtype`` while norms and sums keep float32 where it matters."""
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)


def store_products_as(network: nn.Module, dtype: torch.dtype) -> None:
    """Converts the weights of matrix products and convolutions once.

    Under autocast alone they would be converted anew in every call, which costs as much as it gains on a CPU.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d):
            module.to(dtype)
