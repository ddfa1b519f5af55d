"""LAION-CLAP's network: its checkpoint read without running what is in it, its log-mel spectrogram, its attention."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pickle
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from qamro.checkpoints import WeightsError, sha256_of
from qamro.encoders.transformers_folder import hide_broken_packages
from qamro.paths import cache_dir

_AUDIO, _TEXT = "audio_model.audio_encoder.", "text_model."


def build(tensors: dict[str, torch.Tensor]) -> Any:
    """Builds the network; no weight is copied or initialised.

    Args:
        tensors: From ``clap_checkpoint.load_converted``.

    Returns:
        A ``transformers.ClapModel`` in evaluation mode.

    Raises:
        WeightsError: A tensor is missing or has another shape than its neighbours call for.
    """
    clap = import_clap()
    try:
        joint = len(tensors["audio_projection.linear2.weight"])
        audio, text = _audio_sizes(tensors), _text_sizes(tensors)
        config = clap.ClapConfig(audio_config=audio, text_config=text, projection_dim=joint)
        with torch.device("meta"):
            network = clap.ClapModel(config)
        own = {key for key in tensors if key.endswith(".attn_mask") or ".attention.self.qkv." in key}
        found = network.load_state_dict({k: v for k, v in tensors.items() if k not in own}, strict=False, assign=True)
        _fuse_attention(network.audio_model.audio_encoder, tensors)
    except (KeyError, RuntimeError, ZeroDivisionError) as problem:
        raise WeightsError(f"the checkpoint's tensors do not fit together: {problem}") from problem
    if found.unexpected_keys:
        raise WeightsError(f"the checkpoint holds unknown tensors: {', '.join(found.unexpected_keys[:3])} …")
    _fill_buffers(network.text_model.embeddings)
    missing = [name for name, value in [*network.named_parameters(), *network.named_buffers()] if value.is_meta]
    if missing:
        raise WeightsError(f"the checkpoint lacks tensors: {', '.join(missing[:3])} …")
    return network.eval().requires_grad_(False)


def _audio_sizes(tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Reads the sizes of the audio tower off its tensors."""
    width, _, patch, _ = tensors[_AUDIO + "patch_embed.proj.weight"].shape
    blocks: dict[int, int] = {}
    for key in tensors:
        if place := re.match(re.escape(_AUDIO) + r"layers\.(\d+)\.blocks\.(\d+)\.", key):
            stage, block = map(int, place.groups())
            blocks[stage] = max(blocks.get(stage, 0), block + 1)
    table = "blocks.0.attention.self.relative_position_bias_table"
    tables = [tensors[f"{_AUDIO}layers.{stage}.{table}"] for stage in sorted(blocks)]
    return {
        "patch_embeds_hidden_size": width,
        "hidden_size": width * 2 ** (len(blocks) - 1),
        "depths": [blocks[stage] for stage in sorted(blocks)],
        "num_attention_heads": [table.shape[1] for table in tables],
        "window_size": (int(tables[0].shape[0] ** 0.5) + 1) // 2,
        "patch_size": patch,
        "patch_stride": [patch, patch],
        "num_mel_bins": len(tensors[_AUDIO + "batch_norm.weight"]),
    }


def _text_sizes(tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Reads the sizes of the text tower off its tensors."""
    vocabulary, width = tensors[_TEXT + "embeddings.word_embeddings.weight"].shape
    layers = {key.split(".")[3] for key in tensors if key.startswith(_TEXT + "encoder.layer.")}
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": width // 64,  # as in every RoBERTa
        "intermediate_size": len(tensors[_TEXT + "encoder.layer.0.intermediate.dense.weight"]),
        "max_position_embeddings": len(tensors[_TEXT + "embeddings.position_embeddings.weight"]),
        "layer_norm_eps": 1e-5,  # roberta-base's; transformers' default for CLAP is 1e-12, 8e-5 off in the embedding
    }


def _fuse_attention(tower: Any, tensors: dict[str, torch.Tensor]) -> None:
    """Replaces the attention of every block."""
    for stage, layer in enumerate(tower.layers):
        for number, block in enumerate(layer.blocks):
            name = f"{_AUDIO}layers.{stage}.blocks.{number}"
            weight, bias = (tensors[f"{name}.attention.self.qkv.{part}"] for part in ("weight", "bias"))
            qkv = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
            qkv.load_state_dict({"weight": weight, "bias": bias}, assign=True)
            old = block.attention.self
            index, mask = old.create_relative_position_index(), tensors.get(f"{name}.attn_mask")
            if mask is None:  # an unshifted block, or a file without its buffers
                grid = tower.input_resolutions[stage]
                block.set_shift_and_window_size(grid)
                mask = block.get_attn_mask(*grid, dtype=torch.float32, device="cpu")
            block.attention.self = WindowAttention(qkv, old.relative_position_bias_table, index, mask)
            block.get_attn_mask = _no_mask  # it is part of the bias already


def _no_mask(*_: Any, **__: Any) -> None:
    return None


def _fill_buffers(embeddings: Any) -> None:
    """Makes the text tower's two buffers, which checkpoints may leave out."""
    positions = embeddings.position_embeddings.num_embeddings
    embeddings.position_ids = torch.arange(positions).expand((1, -1))
    embeddings.token_type_ids = torch.zeros(1, positions, dtype=torch.long)


# Attention within windows of the spectrogram, as one fused step.


class WindowAttention(nn.Module):
    """Stands in for transformers' ``ClapAudioSelfAttention``: same numbers, fewer steps.

    One product makes queries, keys and values; relative position and shifted-window mask are added up beforehand
    (in every step where the positions are trained) and go into PyTorch's fused attention. The mask is the checkpoint's
    own, which laion-clap loads with the weights, where transformers computes it anew.

    Attributes:
        qkv: The three projections as one.
        heads: Number of heads.
        relative_position_bias_table: (distances, heads) bias for each relative position.
        bias: (1 or windows, heads, N, N): what is added to the attention scores.
    """

    bias: torch.Tensor
    index: torch.Tensor
    mask: torch.Tensor | None

    def __init__(self, qkv: nn.Linear, table: torch.Tensor, index: torch.Tensor, mask: torch.Tensor | None) -> None:
        """Adds up the bias.

        Args:
            qkv: (C → 3C).
            table: (distances, heads) bias for each relative position.
            index: (N, N) relative position of each pair of patches.
            mask: (windows, N, N) added to the scores in shifted windows; None where windows are not shifted.
        """
        super().__init__()
        self.qkv, self.heads = qkv, table.shape[1]
        self.relative_position_bias_table = nn.Parameter(table.detach(), requires_grad=False)
        self.register_buffer("index", index, persistent=False)
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("bias", self._add_up(), persistent=False)

    def forward(self, hidden_states: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor]:
        """Attends within each window.

        Args:
            hidden_states: (clips * windows, N, C).

        Returns:
            A tuple of one tensor of the same shape, as its caller in transformers expects.
        """
        count, n, channels = hidden_states.shape
        qkv = self.qkv(hidden_states).view(count, n, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        trained = self.relative_position_bias_table.requires_grad
        bias = (self._add_up() if trained else self.bias).to(query.dtype)
        if len(bias) > 1:
            bias = bias.expand(count // len(bias), *bias.shape).reshape(count, *bias.shape[1:])
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return (mixed.transpose(1, 2).reshape(count, n, channels),)

    def _add_up(self) -> torch.Tensor:
        n = len(self.index)
        bias = self.relative_position_bias_table[self.index.flatten()].view(n, n, -1).permute(2, 0, 1)[None]
        return (bias if self.mask is None else bias + self.mask[:, None]).contiguous()


# The log-mel spectrogram that LAION-CLAP hears, number for number.

SAMPLE_RATE = 48_000
WINDOW = 480_000
"""Samples of one window: 10 s."""

_FFT, _HOP, _MELS = 1024, 480, 64
_LOW, _HIGH = 50.0, 14_000.0
_SMALLEST_POWER = 1e-10
"""Power below which everything is -100 dB."""


class ClapMel(nn.Module):
    """Turns windows into log-mel spectrograms as laion-clap's torchlibrosa does.

    torchlibrosa computes the Fourier transform as a convolution with sines and cosines in float32, whose rounding
    shows in quiet bands: a fast transform, closer to the truth, is 2e-4 dB off there. The same convolution, limited to
    the bins that a mel band uses (50 to 14,000 Hz, 299 of 513), agrees to 4e-6 dB and takes 13 ms a window on one core.
    """

    waves: torch.Tensor
    filters: torch.Tensor

    def __init__(self) -> None:
        """Prepares the sines, the cosines and the mel filters."""
        super().__init__()
        filters = slaney_filters()
        used = np.flatnonzero(filters.any(axis=1))
        bins = slice(used[0], used[-1] + 1)
        angles = -2j * np.pi / _FFT * np.outer(np.arange(_FFT), np.arange(bins.start, bins.stop))
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
        fourier = np.exp(angles) * hann[:, None]
        waves = np.concatenate([fourier.real, fourier.imag], axis=1).T.astype(np.float32)
        self.register_buffer("waves", torch.from_numpy(waves.copy())[:, None], persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters[bins]), persistent=False)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Computes log-mel spectrograms.

        Args:
            windows: (B, T) samples at 48 kHz.

        Returns:
            (B, 1 + T // 480, 64) in dB re 1, at least -100.
        """
        padded = nn.functional.pad(windows[:, None], (_FFT // 2, _FFT // 2), mode="reflect")
        real, imaginary = nn.functional.conv1d(padded, self.waves, stride=_HOP).chunk(2, dim=1)
        mel = (real.square() + imaginary.square()).transpose(1, 2) @ self.filters
        return 10.0 * torch.log10(mel.clamp_min(_SMALLEST_POWER))


def slaney_filters() -> np.ndarray:
    """Returns the triangular mel filters of librosa's default: Slaney's scale, each of area 1.

    Linear up to 1 kHz (200/3 Hz a mel), logarithmic above (factor 6.4 in 27 mels).

    Returns:
        (513, 64) float32, from power spectrum to mel power.
    """

    def to_mel(hz: float) -> float:
        return 3 * hz / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)

    mels = np.linspace(to_mel(_LOW), to_mel(_HIGH), _MELS + 2)
    edges = np.where(mels < 15, 200 * mels / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    bins = np.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (edges[2:] - edges[:-2])).astype(np.float32)


# Reads a LAION-CLAP checkpoint without running what is in it, and keeps it in a form that loads in no time.

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


# Imports transformers' CLAP in 1.3 s of processor time where it takes 2.8 s: without the compiler, scipy and
# distributed tensors: of the 8 s of a cold command on CLAP, 1.5 s that it would take more.
#
# transformers imports PyTorch's compiler (``torch._dynamo``, with sympy behind it) only to mark functions for it, and
# asks whether scipy and distributed tensors are there to import losses and loaders that CLAP does not use. Nothing is
# compiled here. While CLAP is imported, marks are left out and the two questions are answered with no; afterwards
# everything is as it was, and who wants the compiler gets it.

_CLAP = "transformers.models.clap"
_COMPILER = "torch._dynamo"
_UNUSED_PARTS = ("is_scipy_available", "is_torch_distributed_available")


def import_clap() -> ModuleType:
    """Returns the module with ``ClapModel`` and ``ClapConfig``."""
    hide_broken_packages()
    if f"{_CLAP}.modeling_clap" not in sys.modules:
        # Another version of transformers may want more than is held back here; then it is imported as it is.
        with contextlib.suppress(ImportError, AttributeError, TypeError), _without_compiler(), _answering_no():
            importlib.import_module(f"{_CLAP}.modeling_clap")
        importlib.import_module(f"{_CLAP}.modeling_clap")
    return importlib.import_module(_CLAP)


class _Marks(ModuleType):
    """Stands for the compiler: each of its functions is a decorator that leaves a function as it is."""

    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _unmarked


def _unmarked(function: Any = None, *_: Any, **__: Any) -> Any:
    return function if function is not None else _unmarked


class _TransformGetItemToIndex:
    """Stands for a class of the compiler that transformers names on import; made, it is the real one."""

    def __new__(cls, *arguments: Any) -> Any:
        real = importlib.import_module(f"{_COMPILER}._trace_wrapped_higher_order_op")
        return real.TransformGetItemToIndex(*arguments)


@contextlib.contextmanager
def _without_compiler() -> Iterator[None]:

    if _COMPILER in sys.modules:  # it was loaded for something else; there is nothing to save
        yield
        return
    operators = ModuleType(f"{_COMPILER}._trace_wrapped_higher_order_op")
    operators.TransformGetItemToIndex = _TransformGetItemToIndex  # type: ignore[attr-defined]
    stand_ins = {_COMPILER: _Marks(_COMPILER), operators.__name__: operators}
    disable = torch.compiler.disable
    sys.modules.update(stand_ins)
    torch.compiler.disable = _unmarked  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.compiler.disable = disable
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        vars(torch).pop("_dynamo", None)


@contextlib.contextmanager
def _answering_no() -> Iterator[None]:
    utils = importlib.import_module("transformers.utils")
    homes = (utils, utils.import_utils)
    answers = [(home, name, getattr(home, name)) for home in homes for name in _UNUSED_PARTS if hasattr(home, name)]
    for home, name, _ in answers:
        setattr(home, name, bool)
    try:
        yield
    finally:
        for home, name, answer in answers:
            setattr(home, name, answer)
