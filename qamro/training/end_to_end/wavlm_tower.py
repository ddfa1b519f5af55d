"""WavLM, to be trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from qamro.encoders.transformers_folder import open_network
from qamro.encoders.wavlm import WINDOW_SECONDS
from qamro.encoders.windowed import cut
from qamro.training.end_to_end.tower import Prepared, Tower, device_of, write_tensors

_SHORTEST = 400


class WavlmTower(Tower):
    """Clips as the mean over WavLM's layers and over time, with gradients; the same numbers as ``WavLM``.

    Windows of one length are computed together, nothing is padded. Time masking (SpecAugment) and the skipping of
    layers are off: they draw from random numbers of their own.
    """

    kind, sample_rate = "wavlm", 16_000

    def __init__(self, network: Any, source: str, *, normalize: bool) -> None:
        """Takes a network over.

        Args:
            network: transformers' ``WavLMModel``.
            source: SHA-256 of its weights.
            normalize: Whether clips are brought to zero mean and unit variance first.
        """
        super().__init__()
        network.config.apply_spec_augment, network.config.layerdrop = False, 0.0
        self.network, self._normalize, self.source = network, normalize, source[:12]
        self.audio_dim = int(network.config.hidden_size)

    @classmethod
    def from_checkpoint(cls, folder: Path | str) -> WavlmTower:
        """Opens a folder as Microsoft publishes it.

        Raises:
            FileNotFoundError: A file is missing.
            WeightsError: A file is damaged or something else.
        """
        opened = open_network(folder, "WavLMModel", "wavlm")
        return cls(opened.network, opened.sha256, normalize=opened.normalize)

    def prepare(self, samples: np.ndarray) -> Prepared:
        """Cuts a clip into windows of 10 s, each weighted by its number of frames."""
        samples = np.asarray(samples, dtype=np.float32)
        if self._normalize:
            samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        samples = np.pad(samples, (0, max(0, _SHORTEST - samples.size))).astype(np.float32)
        windows = cut(samples, round(WINDOW_SECONDS * self.sample_rate), _SHORTEST)
        frames = [int(self.network._get_feat_extract_output_lengths(window.size)) for window in windows]
        return [(window, count / sum(frames)) for window, count in zip(windows, frames, strict=True)]

    def embed_audio(self, clips: Sequence[Prepared]) -> torch.Tensor:
        """Embeds N clips with gradients: (N, audio_dim)."""
        places: dict[int, list[tuple[int, np.ndarray, float]]] = {}
        for i, clip in enumerate(clips):
            for window, weight in clip:
                places.setdefault(window.size, []).append((i, window, weight))
        embedded = torch.zeros(len(clips), self.audio_dim, device=device_of(self))
        for alike in places.values():
            waves = torch.from_numpy(np.stack([window for _, window, _ in alike])).to(embedded.device)
            states = self.network(waves, output_hidden_states=True).hidden_states
            rows = torch.stack([state.float().mean(1) for state in states]).mean(0)
            weights = torch.tensor([weight for _, _, weight in alike], device=rows.device)
            of_clip = torch.tensor([i for i, _, _ in alike], device=rows.device)
            embedded = embedded.index_add(0, of_clip, rows * weights[:, None])
        return embedded

    def stages(self) -> list[list[nn.Module]]:
        """The convolutions with what follows them, then one stage for each transformer layer."""
        network = self.network
        entry: list[nn.Module] = [network.feature_extractor, network.feature_projection]
        entry += [network.encoder.pos_conv_embed, network.encoder.layer_norm]
        return [entry, *([layer] for layer in network.encoder.layers)]

    def save(self, folder: Path) -> Path:
        """Writes a folder as transformers reads it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(self.network.config.to_json_string(), "utf-8")
        settings = {"do_normalize": self._normalize, "sampling_rate": self.sample_rate}
        (folder / "preprocessor_config.json").write_text(json.dumps(settings), "utf-8")
        return write_tensors(self.network.state_dict().items(), folder / "model.safetensors")
