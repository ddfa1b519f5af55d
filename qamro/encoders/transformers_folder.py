"""Opens a network of transformers from a folder on disk, and never from anywhere else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qamro.checkpoints import WeightsError, sha256_of
from qamro.encoders.compat import hide_broken_packages

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
