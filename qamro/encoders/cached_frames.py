"""Frames that are remembered: computed once, kept in half precision."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from qamro.audio import Waveform, content_key
from qamro.encoders.clips import Clip
from qamro.encoders.embedding_store import EmbeddingStore

_KEPT_AS = "<f2"


class CachedFrames:
    """Stands in for an encoder of frames; everything but embedding is passed on to it.

    Frames are rounded to half precision, the first time as well: a clip scored from the store gets the score that it
    got when it was embedded.

    Attributes:
        encoder: The encoder that computes.
        store: Where frames are kept, together with all other embeddings and within their limit.
    """

    def __init__(self, encoder: Any, store: EmbeddingStore | None = None) -> None:
        """Wraps an encoder.

        Args:
            encoder: With ``embed_frames``, ``embed_text_frames``, or both.
            store: Where to keep frames; by default the store in the cache folder.
        """
        self.encoder = encoder
        self.store = store or EmbeddingStore()
        settings = (getattr(encoder, name, "") for name in ("settings", "frame_settings"))
        self._key = " ".join(filter(None, (encoder.name, f"r{encoder.revision}", *settings)))

    def __getattr__(self, name: str) -> Any:
        """Passes on what is not embedding."""
        return getattr(self.encoder, name)

    def embed_frames(self, clips: Sequence[Clip]) -> list[torch.Tensor]:
        """Embeds clips along time: N tensors (T_i, frame_dim) float32 on the CPU."""
        contents = [content_key(Waveform(samples, rate)) for samples, rate in clips]
        return self._remembered(
            f"{self._key} frames",
            contents,
            lambda rows: self.encoder.embed_frames([clips[i] for i in rows]),
            self.encoder.frame_dim,
        )

    def embed_text_frames(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """Embeds texts token by token: N tensors (L_i, token_dim) float32 on the CPU."""
        contents = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        return self._remembered(
            f"{self._key} tokens",
            contents,
            lambda rows: self.encoder.embed_text_frames([texts[i] for i in rows]),
            self.encoder.token_dim,
        )

    def _remembered(
        self,
        key: str,
        contents: Sequence[str],
        compute: Callable[[list[int]], list[torch.Tensor]],
        width: int,
    ) -> list[torch.Tensor]:
        known = self.store.get(key, contents, kept_as=_KEPT_AS)
        missing = {content: i for i, content in enumerate(contents) if content not in known}
        if missing:
            made = zip(missing, compute(list(missing.values())), strict=True)
            fresh = {content: rows.numpy().astype(np.float16).reshape(-1) for content, rows in made}
            self.store.put(key, fresh, kept_as=_KEPT_AS)
            known |= {content: row.astype(np.float32) for content, row in fresh.items()}
        return [torch.from_numpy(known[content]).view(-1, width) for content in contents]
