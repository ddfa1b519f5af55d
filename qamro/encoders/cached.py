"""Encoders that remember: the same face, and what was embedded once comes from the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from qamro.audio import Waveform, content_key
from qamro.encoders.clips import Clip
from qamro.encoders.embedding_store import EmbeddingStore


def remembered(
    store: EmbeddingStore,
    encoder: str,
    contents: Sequence[str],
    compute: Callable[[list[int]], torch.Tensor],
) -> torch.Tensor:
    """Returns one row for each content, computing only what the store does not have.

    Args:
        store: Where rows are kept.
        encoder: Which encoder makes them, in which revision and setting.
        contents: N fingerprints; equal ones are computed once.
        compute: Takes the places of the contents that are missing, returns their rows (M, dim).

    Returns:
        (N, dim) float32.
    """
    known = store.get(encoder, contents)
    missing = {content: i for i, content in enumerate(contents) if content not in known}
    if missing or not contents:
        made = compute(list(missing.values())).float().cpu().numpy()
        if not contents:
            return torch.from_numpy(made)
        fresh = dict(zip(missing, made, strict=True))
        store.put(encoder, fresh)
        known |= fresh
    return torch.from_numpy(np.stack([known[content] for content in contents]))


class CachedEncoder:
    """Stands in for an encoder; everything but embedding is passed on to it.

    Attributes:
        encoder: The encoder that computes.
        store: Where embeddings are kept.
    """

    def __init__(self, encoder: Any, store: EmbeddingStore | None = None) -> None:
        """Wraps an encoder.

        Args:
            encoder: See ``docs/architecture.md``; what an embedding depends on besides ``name`` and ``revision`` it
                says in ``settings``.
            store: Where to keep embeddings; by default the store in the cache folder.
        """
        self.encoder = encoder
        self.store = store or EmbeddingStore()
        self._key = " ".join(filter(None, (encoder.name, f"r{encoder.revision}", getattr(encoder, "settings", ""))))
        if hasattr(encoder, "embed_text"):  # an encoder without it must not seem to have it
            self.embed_text = self._embed_text

    def __getattr__(self, name: str) -> Any:
        """Passes on what is not embedding."""
        return getattr(self.encoder, name)

    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Embeds clips: (N, audio_dim) float32 on the CPU."""
        return self._clips(self._key, clips, self.encoder.embed_audio)

    def _embed_text(self, texts: Sequence[str]) -> torch.Tensor:
        """Embeds texts: (N, text_dim) float32 on the CPU."""
        contents = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        return remembered(
            self.store, f"{self._key} text", contents, lambda rows: self.encoder.embed_text([texts[i] for i in rows])
        )

    def _clips(self, key: str, clips: Sequence[Clip], compute: Callable[[list[Clip]], torch.Tensor]) -> torch.Tensor:
        contents = [content_key(Waveform(samples, rate)) for samples, rate in clips]
        return remembered(self.store, key, contents, lambda rows: compute([clips[i] for i in rows]))


class CachedAudiobox(CachedEncoder):
    """Remembers Audiobox's scores together with its embeddings: one pass makes both."""

    def score(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Scores clips: N dicts from axis to score."""
        scores, _ = self.scores_and_embeddings(clips)
        return [dict(zip(self.encoder.axes, row, strict=True)) for row in scores.tolist()]

    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Embeds clips: (N, audio_dim) float32 on the CPU."""
        return self.scores_and_embeddings(clips)[1]

    def scores_and_embeddings(self, clips: Sequence[Clip]) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores and embeds clips: (N, axes) and (N, audio_dim), float32 on the CPU."""
        count = len(self.encoder.axes)

        def both(missing: list[Clip]) -> torch.Tensor:
            return torch.cat(self.encoder.scores_and_embeddings(missing), dim=1)

        rows = self._clips(f"{self._key} scores and embeddings", clips, both)
        return rows[:, :count], rows[:, count:]
