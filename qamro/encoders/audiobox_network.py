"""The network of Audiobox-Aesthetics, run on as much sound as there is.

The original pads every window to 10 s and computes all of it. What the padding contributes to the answer is known
beforehand: zeros to the first layer's normalisation, nothing to attention and means, which mask it. This network leaves
it out and agrees to 1e-5; a window of 3 s costs a third of one of 10 s.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from qamro.encoders.audiobox_attention import GatedAttention


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
