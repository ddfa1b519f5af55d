"""LAION-CLAP, to be trained: sound and prompt."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize

from qamro.encoders.clap_checkpoint import load_converted
from qamro.encoders.clap_mel import SAMPLE_RATE, ClapMel
from qamro.encoders.clap_network import build
from qamro.encoders.clap_tokens import RobertaTokens
from qamro.encoders.clap_windows import windows_of
from qamro.encoders.tuned import CLAP_FILE, TOKENIZER_FILES
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
