"""Audiobox-Aesthetics' Transformer, to be trained."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize, softmax

from qamro.checkpoints import sha256_of
from qamro.encoders.audiobox import SAMPLE_RATE, WINDOW
from qamro.encoders.audiobox_checkpoint import CONFIG_FILE, MODEL_FILE, load_original
from qamro.encoders.audiobox_network import AudioboxNetwork
from qamro.training.end_to_end.tower import Prepared, Tower, device_of, write_tensors

_POSITIONS = "wavlm_model.encoder.pos_conv.0."
_ATTENTION = "wavlm_model.encoder.layers.{}.self_attn.{}_proj.{}"


class AudioboxTower(Tower):
    """Clips as what the published heads of the four axes read, with gradients; the same numbers as ``Audiobox``.

    The weights of the layers in each axis's embedding are trained with the rest, and so are the relative positions. The
    published heads are not part of it: new ones are trained on the embeddings. The dropout and the skipping of layers
    that the network was pretrained with are off.
    """

    kind, sample_rate = "audiobox", SAMPLE_RATE

    def __init__(self, original: Any, config: str, source: str) -> None:
        """Takes a network over.

        Args:
            original: The original package's ``AesMultiOutput``; it is not usable any more.
            config: Text of its configuration file.
            source: SHA-256 of its weights.
        """
        super().__init__()
        for parameter in original.parameters():
            parameter.data = parameter.data.clone()  # the file is mapped; training writes
        # The same parameters under the names of the file: what is trained here is what ``save`` finds there.
        self._named: dict[str, torch.Tensor] = original.state_dict(keep_vars=True)
        first = original.wavlm_model.encoder.layers[0].self_attn
        self._bias_of = [first.compute_bias]  # in a list: the attention it belongs to is no part of this module
        self.relative, self.layer_weights = first.relative_attention_bias, original.layer_weights
        with torch.no_grad():
            self.network = AudioboxNetwork(original, WINDOW)
        self.network.heads = nn.ModuleDict()
        self._config, self.source = config, source[:12]
        self.audio_dim = len(self.network.axes) * self.network.dim

    @classmethod
    def from_checkpoint(cls, folder: Path | str) -> AudioboxTower:
        """Opens a folder of ``config.json`` and ``model.safetensors``, as on the hub.

        Raises:
            FileNotFoundError: A file is missing.
            WeightsError: A file is damaged or something else.
        """
        original = load_original(folder)
        return cls(original, (Path(folder) / CONFIG_FILE).read_text("utf-8"), sha256_of(Path(folder) / MODEL_FILE))

    def prepare(self, samples: np.ndarray) -> Prepared:
        """Cuts a clip into windows of 10 s, each weighted by its length."""
        samples = np.asarray(samples, dtype=np.float32)
        windows = [samples[first : first + WINDOW] for first in range(0, samples.size, WINDOW)]
        return [(window, window.size / samples.size) for window in windows]

    def embed_audio(self, clips: Sequence[Prepared]) -> torch.Tensor:
        """Embeds N clips with gradients: (N, audio_dim), of unit norm for each axis."""
        device, network = device_of(self), self.network
        frames = network.frames_of(WINDOW)
        bias = self._bias_of[0](frames, frames)
        shares = torch.stack([softmax(self.layer_weights[axis], dim=-1) for axis in network.axes])
        places: dict[int, list[tuple[int, np.ndarray, float]]] = {}
        for i, clip in enumerate(clips):
            for window, weight in clip:
                places.setdefault(window.size, []).append((i, window, weight))
        embedded = torch.zeros(len(clips), len(network.axes), network.dim, device=device)
        for size, alike in places.items():
            read = max(size, network.samples_for(network.valid_frames(size)))
            waves = torch.zeros(len(alike), read)
            for row, (_, window, _) in zip(waves, alike, strict=True):
                row[:size] = torch.from_numpy(window)
            lengths = torch.full((len(alike),), size)
            rows = network.embed(waves.to(device), lengths, bias=bias, shares=shares).float()
            weights = torch.tensor([weight for _, _, weight in alike], device=device)
            of_clip = torch.tensor([i for i, _, _ in alike], device=device)
            embedded = embedded.index_add(0, of_clip, rows * weights[:, None, None])
        return normalize(embedded, dim=-1).flatten(1)

    def stages(self) -> list[list[nn.Module]]:
        """The convolutions with what follows them, then one stage a layer; the layers' weights go with the last."""
        network = self.network
        entry: list[nn.Module] = [network.convolutions, network.first_norm, network.feature_norm, network.projection]
        entry += [network.positions, network.encoder_norm, self.relative]
        layers: list[list[nn.Module]] = [[layer] for layer in network.layers]
        layers[-1].append(self.layer_weights)
        return [entry, *layers]

    def checkpoint_activations(self) -> None:
        """Keeps layer inputs only and computes the rest again on the way back: less memory, a third more time."""
        self.network.recompute = True

    def save(self, folder: Path) -> Path:
        """Writes a folder as ``Audiobox.from_checkpoint`` reads it; the published heads are in it as they were."""
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{CONFIG_FILE}.part"
        part.write_text(self._config, "utf-8")
        os.replace(part, folder / CONFIG_FILE)
        with torch.no_grad():
            return write_tensors((self._named | self._joined()).items(), folder / MODEL_FILE)

    def _joined(self) -> dict[str, torch.Tensor]:
        """What the network holds in another form than the file: positions, and queries, keys and values."""
        weight = self.network.positions[0].weight
        found = {f"{_POSITIONS}weight_v": weight, f"{_POSITIONS}weight_g": torch.norm_except_dim(weight, 2, 2)}
        for k, layer in enumerate(self.network.layers):
            for kind in ("weight", "bias"):
                three = getattr(layer.self_attn.qkv, kind).chunk(3)
                found |= {_ATTENTION.format(k, name, kind): one for name, one in zip("qkv", three, strict=True)}
        unknown = found.keys() - self._named.keys()
        if unknown:
            raise RuntimeError(f"the original has no {sorted(unknown)[0]}")
        return found
