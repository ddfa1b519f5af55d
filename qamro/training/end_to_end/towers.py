"""The encoders that can be trained together with heads, LAION-CLAP and WavLM, opened by name."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize, softmax

from qamro.checkpoints import AUDIOBOX, CLAP, TOKENIZER, WAVLM, require, sha256_of
from qamro.encoders.audiobox import SAMPLE_RATE as AUDIOBOX_TOWER_SAMPLE_RATE
from qamro.encoders.audiobox import WINDOW
from qamro.encoders.audiobox_network import CONFIG_FILE, MODEL_FILE, AudioboxNetwork, load_original
from qamro.encoders.clap import RobertaTokens, windows_of
from qamro.encoders.clap_network import SAMPLE_RATE, ClapMel, build, load_converted
from qamro.encoders.clips import cut
from qamro.encoders.loading import CLAP_FILE, TOKENIZER_FILES
from qamro.encoders.registry import encoders
from qamro.encoders.transformers_folder import open_network
from qamro.encoders.wavlm import WINDOW_SECONDS
from qamro.plugins import opened
from qamro.training.end_to_end.tower import Prepared, Tower, device_of, pooled, write_tensors


class ClapTower(Tower):
    """Clips and prompts in CLAP's common space, with gradients; the same numbers as ``qamro.encoders.Clap``.

    A clip is prepared to log-mel spectrograms once: they are a seventh of its samples, and nothing in them is trained.
    The window attention is the encoder's own, positions included; the batch normalisation at the entry keeps its
    pretrained statistics.
    """

    kind, sample_rate = "clap", SAMPLE_RATE

    def __init__(self, network: Any, tokenizer: Path | None, source: str) -> None:
        """Takes a network over.

        Args:
            network: ``transformers.ClapModel`` as ``clap_network.build`` makes it.
            tokenizer: Folder of its tokenizer; without it no prompts can be read.
            source: SHA-256 of its weights.
        """
        super().__init__()
        self.network, self._tokenizer, self.source = network, tokenizer, source[:12]
        self._tokens = RobertaTokens(tokenizer) if tokenizer is not None else None
        self._mel = [ClapMel()]  # in a list: it stays on the CPU, where clips are prepared
        self.audio_dim = int(network.config.projection_dim)
        self.text_dim = self.audio_dim if tokenizer is not None else 0

    @classmethod
    def from_checkpoint(cls, path: Path | str, tokenizer: Path | str | None) -> ClapTower:
        """Opens a checkpoint file as LAION publishes them.

        Raises:
            FileNotFoundError: A file is missing.
            WeightsError: A file is damaged or something else.
        """
        tensors, sha256 = load_converted(path)
        owned = {name: value.clone() for name, value in tensors.items()}  # the file is mapped; training writes
        return cls(build(owned), Path(tokenizer) if tokenizer is not None else None, sha256)

    def prepare(self, samples: np.ndarray) -> Prepared:
        """Cuts a clip into windows of 10 s and turns them into (1001, 64) log-mel spectrograms."""
        cut = windows_of(np.ascontiguousarray(samples, dtype=np.float32))
        with torch.inference_mode():
            return [(self._mel[0](torch.from_numpy(window)[None])[0].numpy(), weight) for window, weight in cut]

    def embed_audio(self, clips: Sequence[Prepared]) -> torch.Tensor:
        """Embeds N clips with gradients: (N, audio_dim) of unit norm."""
        mels = torch.from_numpy(np.stack([mel for clip in clips for mel, _ in clip]))
        features = mels[:, None].to(device_of(self), non_blocking=True)
        hidden = self.network.audio_model(input_features=features).pooler_output
        rows = normalize(self.network.audio_projection(hidden).float(), dim=1)
        return normalize(pooled(rows, clips), dim=1)

    def embed_text(self, prompts: Sequence[str]) -> torch.Tensor:
        """Embeds N prompts with gradients: (N, text_dim) of unit norm; an empty one is embedded as such.

        Raises:
            ValueError: The tower was made without a tokenizer.
        """
        if self._tokens is None:
            return super().embed_text(prompts)
        ids, mask = (part.to(device_of(self)) for part in self._tokens(prompts))
        hidden = self.network.text_model(input_ids=ids, attention_mask=mask).pooler_output
        return normalize(self.network.text_projection(hidden).float(), dim=1)

    def stages(self) -> list[list[nn.Module]]:
        """Audio and text tower side by side: entry, one stage for each of the audio tower's, projections."""
        audio, text = self.network.audio_model.audio_encoder, self.network.text_model
        blocks = list(text.encoder.layer)
        share = -(-len(blocks) // len(audio.layers))
        parts: list[list[nn.Module]] = [[audio.patch_embed, audio.batch_norm, text.embeddings]]
        for i, layer in enumerate(audio.layers):
            parts.append([layer, *blocks[i * share : (i + 1) * share]])
        return [*parts, [audio.norm, text.pooler, self.network.audio_projection, self.network.text_projection]]

    def save(self, folder: Path) -> Path:
        """Writes the tensors under the names of ``clap_network.build``, and the tokenizer's files."""
        if self._tokenizer is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for name in TOKENIZER_FILES:
                if (self._tokenizer / name).is_file():
                    shutil.copyfile(self._tokenizer / name, folder / name)
        return write_tensors(self.network.state_dict().items(), folder / CLAP_FILE)


# WavLM, to be trained.

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


# Opens the encoders that can be trained together with heads, by name.


def open_tower(name: str, weights: Path | None = None, tokenizer: Path | None = None) -> Tower:
    """Opens an encoder as a trainable tower, on the CPU.

    Args:
        name: An encoder of the table that has a tower (see ``qamro.encoders.registry``): ``"clap"`` (sound and prompt),
            ``"audiobox"`` or ``"wavlm"`` (sound).
        weights: CLAP's checkpoint file, or the others' folder; without it, the published weights, which must have been
            fetched.
        tokenizer: Folder of roberta-base's tokenizer, for CLAP; without it, the published one, likewise.

    Raises:
        ValueError: There is no such encoder, or it cannot be trained.
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file that was named is missing.
    """
    able = {key: entry.tower for key, entry in encoders().items() if entry.tower is not None}
    if name not in able:
        raise ValueError(f"{name!r} cannot be trained end to end; choose one of {', '.join(able)}")
    return opened(able[name])(weights, tokenizer)


def open_clap(weights: Path | None, tokenizer: Path | None) -> Tower:
    """Opens LAION-CLAP; see ``open_tower``."""
    tokens = tokenizer if tokenizer is not None else require(TOKENIZER)[0].parent
    return ClapTower.from_checkpoint(weights if weights is not None else require(CLAP)[0], tokens)


def open_audiobox(weights: Path | None, tokenizer: Path | None) -> Tower:
    """Opens Audiobox-Aesthetics, which reads no prompts; see ``open_tower``."""
    return AudioboxTower.from_checkpoint(weights if weights is not None else require(AUDIOBOX)[-1].parent)


def open_wavlm(weights: Path | None, tokenizer: Path | None) -> Tower:
    """Opens WavLM, which reads no prompts; see ``open_tower``."""
    return WavlmTower.from_checkpoint(weights if weights is not None else require(WAVLM)[0].parent)


# Audiobox-Aesthetics' Transformer, to be trained.

_POSITIONS = "wavlm_model.encoder.pos_conv.0."
_ATTENTION = "wavlm_model.encoder.layers.{}.self_attn.{}_proj.{}"


class AudioboxTower(Tower):
    """Clips as what the published heads of the four axes read, with gradients; the same numbers as ``Audiobox``.

    The weights of the layers in each axis's embedding are trained with the rest, and so are the relative positions. The
    published heads are not part of it: new ones are trained on the embeddings. The dropout and the skipping of layers
    that the network was pretrained with are off.
    """

    kind, sample_rate = "audiobox", AUDIOBOX_TOWER_SAMPLE_RATE

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
