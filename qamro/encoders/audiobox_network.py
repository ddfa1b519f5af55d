"""The network of Audiobox-Aesthetics, run on as much sound as there is, and its weights read from a folder.

The original pads every window to 10 s and computes all of it. What the padding contributes to the answer is known
beforehand: zeros to the first layer's normalisation, nothing to attention and means, which mask it. This network leaves
it out and agrees to 1e-5; a window of 3 s costs a third of one of 10 s.
"""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

from qamro.checkpoints import WeightsError
from qamro.encoders.transformers_folder import hide_broken_packages


class AudioboxNetwork(nn.Module):
    """Runs the parts of ``audiobox_aesthetics.model.aes.AesMultiOutput``.

    Attributes:
        axes: The axes in the order of the outputs.
        window: Samples of a full window.
        dim: Length of an embedding of one axis.
        recompute: Whether training keeps the inputs of layers only and computes the rest again on the way back.
    """

    layer_shares: torch.Tensor
    bias: torch.Tensor
    convolutions: Any
    first_norm: Any
    layers: Any
    heads: Any

    def __init__(self, original: Any, window: int) -> None:
        """Takes the original's parts; the original is not usable any more.

        Args:
            original: An ``AesMultiOutput`` with its weights.
            window: Samples of a full window: 160,000, which is 10 s.
        """
        super().__init__()
        wavlm = original.wavlm_model
        encoder = wavlm.encoder
        self.recompute = False
        self.axes, self.window = tuple(original.axes_name), window
        self.dim = encoder.embedding_dim
        self.convolutions = nn.ModuleList(layer[0] for layer in wavlm.feature_extractor.conv_layers)
        self.first_norm = wavlm.feature_extractor.conv_layers[0][2]
        self.feature_norm = wavlm.layer_norm
        self.projection = wavlm.post_extract_proj or nn.Identity()
        nn.utils.remove_weight_norm(encoder.pos_conv[0])
        self.positions = encoder.pos_conv
        self.encoder_norm = encoder.layer_norm
        frames = self.frames_of(window)
        self.register_buffer("bias", encoder.layers[0].self_attn.compute_bias(frames, frames), persistent=False)
        self.layers = encoder.layers
        for layer in self.layers:
            layer.self_attn = GatedAttention(layer.self_attn)
        shares = torch.stack([torch.softmax(original.layer_weights[axis], dim=-1) for axis in self.axes])
        self.register_buffer("layer_shares", shares.detach(), persistent=False)
        self.heads = original.proj_layer
        self.unit_norm = original.normalize_embed

    def frames_of(self, samples: int) -> int:
        """Returns how many frames the convolutions make of so many samples."""
        for layer in self.convolutions:
            samples = (samples - layer.kernel_size[0]) // layer.stride[0] + 1
        return samples

    @property
    def samples_per_frame(self) -> int:
        """Samples between frames as the original's mask counts them: 320."""
        return self.window // self.frames_of(self.window)

    def valid_frames(self, samples: int) -> int:
        """Returns how many frames of a window hold any sound: those that the original does not mask."""
        return min(-(-samples // self.samples_per_frame), self.frames_of(self.window))

    def samples_for(self, frames: int) -> int:
        """Returns how many samples the convolutions read to make so many frames."""
        for layer in reversed(self.convolutions):
            frames = (frames - 1) * layer.stride[0] + layer.kernel_size[0]
        return frames

    def forward(self, windows: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Computes the heads' raw outputs and the embeddings below them.

        Args:
            windows: (B, T) samples at 16 kHz, zero beyond each one's length; T at least ``samples_for`` the valid
                frames of the longest, at most a full window.
            lengths: (B,) samples of each, 1 to ``window``.

        Returns:
            (B, axes) outputs, not yet scaled to scores; (B, axes, dim) embeddings, of unit norm where the model is so
            configured.
        """
        embedded = self.embed(windows, lengths)
        with torch.autocast(windows.device.type, enabled=False):
            outputs = [self.heads[axis](embedded[:, i]) for i, axis in enumerate(self.axes)]
        return torch.cat(outputs, dim=1), embedded

    def embed(
        self,
        windows: torch.Tensor,
        lengths: torch.Tensor,
        *,
        bias: torch.Tensor | None = None,
        shares: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Computes the embeddings alone.

        Args:
            windows: As for ``forward``.
            lengths: As for ``forward``.
            bias: (heads, frames, frames) of relative positions of a full window, where it is trained.
            shares: (axes, layers + 1) of the layers in each axis's embedding, where they are trained.

        Returns:
            (B, axes, dim).
        """
        bias, shares = self.bias if bias is None else bias, self.layer_shares if shares is None else shares
        valid = torch.tensor([self.valid_frames(int(length)) for length in lengths], device=windows.device)
        frames = int(valid.max())
        padding = torch.arange(frames, device=windows.device) >= valid[:, None]
        hidden = self._features(windows)[:, :frames]
        hidden = self.projection(self.feature_norm(hidden)).masked_fill(padding[..., None], 0)
        hidden = self.encoder_norm(hidden + self.positions(hidden.transpose(1, 2)).transpose(1, 2))
        bias, masked = bias[:, :frames, :frames], padding if bool(padding.any()) else None
        means = [_mean(hidden, valid, padding)]
        for layer in self.layers:
            if self.recompute and torch.is_grad_enabled():
                hidden = checkpoint(_through, layer, hidden, bias, masked, use_reentrant=False)
            else:
                hidden = _through(layer, hidden, bias, masked)
            means.append(_mean(hidden, valid, padding))
        with torch.autocast(windows.device.type, enabled=False):
            # The mean over time and the weighted sum over layers may change places: (B, axes, dim).
            embedded = torch.einsum("lbc,al->bac", torch.stack(means), shares)
            return functional.normalize(embedded, dim=-1) if self.unit_norm else embedded

    def _features(self, windows: torch.Tensor) -> torch.Tensor:
        """Runs the convolutions: (B, T) → (B, frames, channels)."""
        hidden = self._normalised(self.convolutions[0](windows[:, None]))
        for layer in self.convolutions[1:]:
            hidden = layer(functional.gelu(hidden))
        return functional.gelu(hidden).transpose(1, 2)

    def _normalised(self, first: torch.Tensor) -> torch.Tensor:
        """Normalises each channel over the whole window, of which the silent rest is not there: (B, C, t).

        The first convolution has no bias, so the rest would be zeros; they count in mean and variance.
        """
        kernel, stride = self.convolutions[0].kernel_size[0], self.convolutions[0].stride[0]
        full = (self.window - kernel) // stride + 1
        values = first.float()
        mean = values.sum(dim=2, keepdim=True) / full
        values = values - mean
        variance = (values.square().sum(dim=2, keepdim=True) + (full - values.shape[2]) * mean.square()) / full
        scale = torch.rsqrt(variance + self.first_norm.eps) * self.first_norm.weight[:, None]
        return torch.addcmul(self.first_norm.bias[:, None], values, scale).to(first.dtype)


def _through(layer: Any, hidden: torch.Tensor, bias: torch.Tensor, masked: torch.Tensor | None) -> torch.Tensor:
    """Runs one layer of the Transformer."""
    hidden = layer.self_attn_layer_norm(hidden + layer.self_attn(hidden, bias, masked))
    return layer.final_layer_norm(hidden + layer.fc2(functional.gelu(layer.fc1(hidden))))


def _mean(hidden: torch.Tensor, valid: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
    """Means over the valid frames: (B, T, C) → (B, C), float32."""
    return hidden.float().masked_fill(padding[..., None], 0).sum(dim=1) / valid[:, None]


# WavLM's attention: relative positions, let through by a gate that the sound itself opens (arXiv 2110.13900).


class GatedAttention(nn.Module):
    """Stands in for the original's ``MultiheadAttention``: same numbers, one product for queries, keys and values.

    Attributes:
        heads: Number of heads.
    """

    def __init__(self, original: Any) -> None:
        """Takes the original's weights."""
        super().__init__()
        parts = (original.q_proj, original.k_proj, original.v_proj)
        weight = torch.cat([part.weight for part in parts])
        self.heads = original.num_heads
        self.qkv = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
        joint = {"weight": weight, "bias": torch.cat([part.bias for part in parts])}
        self.qkv.load_state_dict(joint, assign=True)
        self.out_proj = original.out_proj
        self.gate = original.grep_linear
        self.gate_scale = original.grep_a

    def forward(self, hidden: torch.Tensor, bias: torch.Tensor, padding: torch.Tensor | None) -> torch.Tensor:
        """Attends over all frames that are not padding.

        The gate of frame i is g·(r·a - 1) + 2, with g and r from the frame itself and a learned for each head; it
        multiplies the bias of all its relative positions.

        Args:
            hidden: (B, T, C).
            bias: (heads, T, T) bias of relative positions.
            padding: (B, T) True where a frame is padding; None where none is.

        Returns:
            (B, T, C).
        """
        batch, frames, channels = hidden.shape
        split = hidden.view(batch, frames, self.heads, -1).transpose(1, 2)
        gates = torch.sigmoid(self.gate(split).view(batch, self.heads, frames, 2, 4).sum(-1))
        gate, reset = gates.chunk(2, dim=-1)
        mask = (gate * (reset * self.gate_scale - 1.0) + 2.0) * bias
        if padding is not None:
            mask = mask.masked_fill(padding[:, None, None], -torch.inf)
        query, key, value = self.qkv(hidden).view(batch, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask.to(query.dtype))
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, frames, channels))


# Reads Audiobox-Aesthetics from its folder of ``config.json`` and ``model.safetensors``.

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
