"""Reads Audiobox-Aesthetics from its folder of ``config.json`` and ``model.safetensors``."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

from torch.overrides import TorchFunctionMode

from qamro.checkpoints import WeightsError
from qamro.encoders.compat import hide_broken_packages

CONFIG_FILE, MODEL_FILE = "config.json", "model.safetensors"

_RANDOM_FILLS = {
    "normal_",
    "uniform_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "xavier_normal_",
    "xavier_uniform_",
}


class _NoRandomFill(TorchFunctionMode):
    """Leaves new weights unset: they are replaced by the checkpoint's, and filling 104 million takes a second."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in _RANDOM_FILLS:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def load_original(folder: Path | str) -> Any:
    """Builds ``AesMultiOutput`` and gives it the folder's weights, mapped into memory.

    Args:
        folder: With ``config.json`` and ``model.safetensors``, as on the hub.

    Returns:
        The original package's network, in evaluation mode.

    Raises:
        FileNotFoundError: One of the files is missing.
        WeightsError: A file is damaged or belongs to another network.
    """
    folder = Path(folder)
    for name in (CONFIG_FILE, MODEL_FILE):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder} holds no {name}; a checkpoint is a folder of {CONFIG_FILE} and {MODEL_FILE}"
            )
    try:
        network = _empty(json.loads((folder / CONFIG_FILE).read_text("utf-8")))
    except (ValueError, TypeError, KeyError) as problem:
        raise WeightsError(f"{folder / CONFIG_FILE} is not of Audiobox-Aesthetics: {problem}") from problem
    _fill(network, folder / MODEL_FILE)
    return network.eval().requires_grad_(False)


def _empty(config: dict[str, Any]) -> Any:
    hide_broken_packages()
    # `audiobox_aesthetics.infer` would import torchaudio; the network alone does not.
    from audiobox_aesthetics.model import aes

    if not isinstance(config, dict) or set(config.get("target_transform") or {}) != set(aes.AXES_NAME):
        raise ValueError(f"target_transform must give mean and std for {', '.join(aes.AXES_NAME)}")
    aes.logging.setLevel(logging.WARNING)
    with warnings.catch_warnings(), _NoRandomFill():
        warnings.simplefilter("ignore", FutureWarning)  # its weight_norm is deprecated
        network = aes.AesMultiOutput(**config)
    depth = len(network.wavlm_model.encoder.layers) + 1
    if not network.use_weighted_layer_sum or network.nth_layer != depth:
        raise ValueError(f"it must weigh the outputs of all layers (use_weighted_layer_sum, nth_layer {depth})")
    return network


def _fill(network: Any, file: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        network.load_state_dict(load_file(file), assign=True)
    except SafetensorError as problem:
        raise WeightsError(f"{file} is damaged ({problem}); fetch it again") from problem
    except RuntimeError as problem:
        reason = str(problem).splitlines()[0]
        raise WeightsError(f"{file} does not fit the network that {CONFIG_FILE} describes ({reason})") from problem
