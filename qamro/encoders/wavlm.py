"""WavLM: speech representations that also hear noise and overlap (arXiv 2110.13900)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qamro.checkpoints import is_published
from qamro.encoders.clips import Clip, at_rate, averaged, cut, in_batches
from qamro.encoders.transformers_folder import autocast, choose, open_network, store_products_as

WINDOW_SECONDS = 10.0
"""Longer clips are cut: attention grows with the square of the length."""

_SHORTEST = 400
"""Samples that the convolutions need for one frame."""

_HOP = 320
_AT_ONCE = {"cpu": 2, "cuda": 32}


class WavLM:
    """Embeds clips along time, and as one vector: the mean over the chosen layers and over time.

    Numbers are transformers' own. A clip's frames never depend on the others of its batch: nothing is padded, only
    windows of equal length are computed together.

    Attributes:
        name: ``"WavLM"``.
        revision: First twelve digits of the SHA-256 of the weights.
        published: Whether they are Microsoft's.
        sample_rate: 16,000 Hz; other rates are resampled.
        audio_dim: Length of an audio embedding, 768 in the published checkpoint.
        frame_dim: Width of a frame, the same.
        frame_rate: Frames a second: 50 of the network's, ``every`` of them averaged to one.
        layers: Whose states are averaged; 0 is what enters the first transformer layer.
        settings: What else an embedding depends on; part of cache keys.
        frame_settings: What else a frame depends on besides.
        device: Where the network runs.
    """

    name = "WavLM"
    sample_rate = 16_000

    def __init__(
        self,
        network: Any,
        sha256: str,
        *,
        normalize: bool,
        layers: Sequence[int] | None = None,
        every: int = 5,
        device: str | torch.device = "cpu",
        precision: str = "float32",
    ) -> None:
        """Places a network on a device; see ``from_checkpoint``.

        Args:
            network: transformers' ``WavLMModel``.
            sha256: Of its weights.
            normalize: Whether clips are brought to zero mean and unit variance first, as the large model wants.
            layers: Whose states to average; None for all of them.
            every: Network frames that are averaged to one.
            device: Any torch device.
            precision: ``"float32"``, ``"bfloat16"``, ``"auto"``.

        Raises:
            ValueError: The network has no such layer.
        """
        count = int(network.config.num_hidden_layers)
        self.layers = tuple(range(count + 1)) if layers is None else tuple(layers)
        if not self.layers or min(self.layers) < 0 or max(self.layers) > count:
            raise ValueError(f"this WavLM has layers 0 to {count}; {self.layers} cannot be averaged")
        self.device = torch.device(device)
        self.revision, self.published = sha256[:12], is_published(sha256)
        self._dtype, self._normalize, self._every = choose(precision, self.device), normalize, every
        if self._dtype != torch.float32:
            store_products_as(network, self._dtype)
        self._network = network.to(self.device)
        self.audio_dim = self.frame_dim = int(network.config.hidden_size)
        self.frame_rate = self.sample_rate / _HOP / every
        chosen = "all layers" if layers is None else f"layers {' '.join(map(str, self.layers))}"
        self.settings = f"{str(self._dtype).removeprefix('torch.')}, {chosen}"
        self.frame_settings = f"{self.frame_rate:g} Hz"

    @classmethod
    def from_checkpoint(cls, folder: Path | str, **options: Any) -> WavLM:
        """Loads a folder as Microsoft publishes it: ``config.json``, ``preprocessor_config.json`` and the weights.

        Args:
            folder: With ``pytorch_model.bin`` or ``model.safetensors``.
            **options: ``layers``, ``every``, ``device``, ``precision``; see ``__init__``.

        Raises:
            FileNotFoundError: A file is missing.
            WeightsError: A file is damaged or something else.
        """
        opened = open_network(folder, "WavLMModel", "wavlm")
        return cls(opened.network, opened.sha256, normalize=opened.normalize, **options)

    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Embeds clips as the mean of their frames: (N, audio_dim) float32 on the CPU.

        Args:
            clips: N pairs of mono float samples in [-1, 1], shape (T,), and their rate in Hz.

        Raises:
            ValueError: A clip is empty, has several channels, or holds NaN or Inf.
        """
        frames = self._states(clips)
        return torch.stack([rows.mean(0) for rows in frames]) if frames else torch.empty(0, self.audio_dim)

    def embed_frames(self, clips: Sequence[Clip]) -> list[torch.Tensor]:
        """Embeds clips along time.

        Args:
            clips: As for ``embed_audio``.

        Returns:
            N tensors (T_i, frame_dim) float32 on the CPU, ``frame_rate`` frames a second.

        Raises:
            ValueError: As for ``embed_audio``.
        """
        return [averaged(rows, self._every) for rows in self._states(clips)]

    @torch.inference_mode()
    def _states(self, clips: Sequence[Clip]) -> list[torch.Tensor]:
        waves = [self._prepared(samples) for samples in at_rate(clips, self.sample_rate)]
        length = round(WINDOW_SECONDS * self.sample_rate)
        windows = [cut(wave, length, _SHORTEST) for wave in waves]
        return in_batches(windows, self._forward, _AT_ONCE.get(self.device.type, 2))

    def _prepared(self, samples: np.ndarray) -> np.ndarray:
        if self._normalize:  # as transformers' feature extractor does, 1e-7 included
            samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        return np.pad(samples, (0, max(0, _SHORTEST - samples.size))).astype(np.float32)

    def _forward(self, windows: np.ndarray) -> torch.Tensor:
        with autocast(self.device, self._dtype):
            answer = self._network(torch.from_numpy(windows).to(self.device), output_hidden_states=True)
        return torch.stack([answer.hidden_states[layer].float() for layer in self.layers]).mean(0).cpu()
