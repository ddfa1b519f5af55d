"""Audiobox-Aesthetics: four aesthetic scores of any sound (arXiv 2502.05139)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize

from qamro.checkpoints import AUDIOBOX, is_published, require, sha256_of
from qamro.encoders.audiobox_network import CONFIG_FILE, MODEL_FILE, AudioboxNetwork, load_original
from qamro.encoders.clips import Clip, at_rate
from qamro.encoders.transformers_folder import autocast, choose, store_products_as

SAMPLE_RATE = 16_000
WINDOW = 160_000
"""Samples of one window: 10 s."""

_AT_ONCE = {"cpu": WINDOW, "cuda": 64 * WINDOW}
"""Samples, padding included, that are computed together: bounds the memory, whatever the number of clips."""

_LIKE = 0.75
"""Windows are computed together when the shortest has this share of the longest; the rest would be padding."""


@dataclass(frozen=True)
class _Piece:
    """One window: which clip it is of, its samples, its share of 10 s."""

    clip: int
    samples: np.ndarray
    weight: float


class Audiobox:
    """Scores clips on production quality, production complexity, content enjoyment and content usefulness.

    A clip is cut into windows of 10 s without overlap, each window is scored, and the clip's score is their mean
    weighted by length: as in the original, with the same numbers to 1e-5, but windows are computed a few at a time
    and without their padding.

    Attributes:
        name: ``"Audiobox"``.
        revision: First twelve digits of the SHA-256 of the weights: what they are, wherever they came from.
        published: Whether the weights and their configuration are those that Meta published.
        axes: ``("CE", "CU", "PC", "PQ")``, the order of scores and embeddings.
        sample_rate: 16,000 Hz; other rates are resampled.
        audio_dim: Length of an audio embedding: 768 for each axis.
        text_dim: 0; it reads no text.
        settings: What else an embedding depends on; part of cache keys.
        device: Where the network runs.
    """

    name = "Audiobox"
    sample_rate = SAMPLE_RATE
    text_dim = 0

    def __init__(
        self, original: Any, sha256: str, *, device: str | torch.device = "cpu", precision: str = "float32"
    ) -> None:
        """Places a network on a device; see ``from_checkpoint`` and ``from_hub``."""
        self.device = torch.device(device)
        self.revision = sha256[:12]
        self.published = is_published(sha256)
        self._dtype = choose(precision, self.device)
        scales = [original.target_transform[axis] for axis in original.axes_name]
        self._mean, self._std = (torch.tensor([scale[key] for scale in scales]) for key in ("mean", "std"))
        with torch.no_grad():
            network = AudioboxNetwork(original, WINDOW).requires_grad_(False)
        if self._dtype != torch.float32:
            for part in (network.convolutions, network.projection, network.positions, network.layers):
                store_products_as(part, self._dtype)
        self._network = network.to(self.device).eval()
        self.axes: tuple[str, ...] = network.axes
        self.audio_dim = len(self.axes) * network.dim
        self.settings = str(self._dtype).removeprefix("torch.")

    @classmethod
    def from_checkpoint(cls, folder: Path | str, **options: Any) -> Audiobox:
        """Loads a folder of ``config.json`` and ``model.safetensors``, as on the hub.

        Args:
            folder: The folder.
            **options: ``device`` (any torch device), ``precision`` (``"float32"``, ``"bfloat16"``, ``"auto"``).

        Raises:
            FileNotFoundError: A file is missing.
            WeightsError: A file is damaged or something else.
        """
        original = load_original(folder)
        encoder = cls(original, sha256_of(Path(folder) / MODEL_FILE), **options)
        # The scales of the scores are in the configuration: other scales are another model.
        encoder.published &= is_published(sha256_of(Path(folder) / CONFIG_FILE))
        return encoder

    @classmethod
    def from_hub(cls, **options: Any) -> Audiobox:
        """Loads the published weights at their pinned revision, once they are fetched.

        Args:
            **options: As for ``from_checkpoint``.

        Raises:
            WeightsError: They are not here; the message says how to fetch them.
        """
        return cls.from_checkpoint(require(AUDIOBOX)[-1].parent, **options)

    def score(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Scores clips.

        Args:
            clips: N pairs of mono float samples in [-1, 1], shape (T,), and their rate in Hz.

        Returns:
            N dicts from axis to score, nominally 1 to 10; as published, not held to that range.

        Raises:
            ValueError: A clip is empty, has several channels, or holds NaN or Inf.
        """
        scores, _ = self.scores_and_embeddings(clips)
        return [dict(zip(self.axes, row, strict=True)) for row in scores.tolist()]

    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Returns what the heads read, for training heads of one's own.

        Args:
            clips: As for ``score``.

        Returns:
            (N, audio_dim) float32 on the CPU: the embedding of every axis, each of unit norm, one behind the other.
        """
        return self.scores_and_embeddings(clips)[1]

    @torch.inference_mode()
    def scores_and_embeddings(self, clips: Sequence[Clip]) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores and embeds clips in the same pass.

        Returns:
            (N, axes) scores and (N, audio_dim) embeddings, float32 on the CPU.
        """
        pieces = [
            _Piece(i, samples[first : first + WINDOW], min(samples.size - first, WINDOW) / WINDOW)
            for i, samples in enumerate(at_rate(clips, SAMPLE_RATE))
            for first in range(0, samples.size, WINDOW)
        ]
        outputs = torch.zeros(len(clips), len(self.axes))
        embedded = torch.zeros(len(clips), len(self.axes), self._network.dim)
        total = torch.zeros(len(clips))
        for batch in self._batches(pieces):
            raw, inner = self._run(batch)
            clip = torch.tensor([piece.clip for piece in batch])
            weight = torch.tensor([piece.weight for piece in batch])
            outputs.index_add_(0, clip, raw * weight[:, None])
            embedded.index_add_(0, clip, inner * weight[:, None, None])
            total.index_add_(0, clip, weight)
        scores = outputs / total[:, None] * self._std + self._mean
        return scores, normalize(embedded, dim=-1).flatten(1)

    def _batches(self, pieces: list[_Piece]) -> Iterator[list[_Piece]]:
        """Puts windows of like length together, up to the memory bound."""
        bound = _AT_ONCE.get(self.device.type, WINDOW)
        batch: list[_Piece] = []
        for piece in sorted(pieces, key=lambda piece: -piece.samples.size):
            longest = self._read(batch[0]) if batch else 0
            if batch and ((len(batch) + 1) * longest > bound or self._read(piece) < _LIKE * longest):
                yield batch
                batch = []
            batch.append(piece)
        if batch:
            yield batch

    def _read(self, piece: _Piece) -> int:
        """Samples that the network reads of a window."""
        network = self._network
        return max(piece.samples.size, network.samples_for(network.valid_frames(piece.samples.size)))

    def _run(self, batch: list[_Piece]) -> tuple[torch.Tensor, torch.Tensor]:
        windows = torch.zeros(len(batch), max(self._read(piece) for piece in batch))
        for row, piece in zip(windows, batch, strict=True):
            row[: piece.samples.size] = torch.from_numpy(piece.samples)
        lengths = torch.tensor([piece.samples.size for piece in batch])
        with autocast(self.device, self._dtype):
            outputs, embedded = self._network(windows.to(self.device), lengths)
        return outputs.float().cpu(), embedded.float().cpu()
