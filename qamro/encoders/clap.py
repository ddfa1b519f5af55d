"""LAION-CLAP: one space for sounds and texts (arXiv 2211.06687)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize

from qamro.checkpoints import CLAP, TOKENIZER, is_published, require
from qamro.encoders.clap_checkpoint import load_converted
from qamro.encoders.clap_frames import FRAMES_A_WINDOW, frames_heard, frames_of
from qamro.encoders.clap_mel import SAMPLE_RATE, WINDOW, ClapMel
from qamro.encoders.clap_network import build
from qamro.encoders.clap_tokens import RobertaTokens
from qamro.encoders.clap_windows import windows_of
from qamro.encoders.clips import Clip, at_rate
from qamro.encoders.precision import autocast, choose, store_products_as
from qamro.encoders.token_states import token_states

_AT_ONCE = {"cpu": 4, "cuda": 64}
"""Windows that are computed together: what a CPU's cache and a GPU's memory like."""

_NO_TOKENIZER = "this encoder has no tokenizer: give Clap.from_checkpoint a folder with roberta-base's"


class Clap:
    """Embeds clips and prompts so that what belongs together points the same way.

    Numbers are laion-clap's own to 2e-7 in float32. The same file always has the same embedding, whatever else is
    in its batch.

    Attributes:
        name: ``"Clap"``.
        revision: First twelve digits of the checkpoint's SHA-256: what the weights are, wherever they came from.
        published: Whether the checkpoint is the one that LAION published.
        sample_rate: 48,000 Hz; other rates are resampled.
        audio_dim: Length of an audio embedding, 512 in the published checkpoint.
        text_dim: Length of a text embedding, the same.
        frame_dim: Width of a frame: of the audio tower's last feature map.
        frame_rate: Frames a second, 3.2.
        token_dim: Width of a token's state in the text tower.
        logit_scale: What CLAP learned to multiply cosines by before its softmax.
        settings: What else an embedding depends on; part of cache keys.
        device: Where the network runs.
    """

    name = "Clap"
    sample_rate = SAMPLE_RATE
    frame_rate = FRAMES_A_WINDOW * SAMPLE_RATE / WINDOW

    def __init__(
        self,
        network: Any,
        tokens: RobertaTokens | None,
        sha256: str,
        *,
        device: str | torch.device = "cpu",
        precision: str = "float32",
        like_laion: bool = True,
    ) -> None:
        """Places a network on a device; see ``from_checkpoint`` and ``from_hub``."""
        self.device = torch.device(device)
        self.revision = sha256[:12]
        self.published = is_published(sha256)
        self._dtype = choose(precision, self.device)
        self._like_laion = like_laion
        self._tokens = tokens
        if self._dtype != torch.float32:  # few prompts, and kept: only the audio tower is worth it
            store_products_as(network.audio_model, self._dtype)
        self._network = network.to(self.device)
        self._mel = ClapMel().to(self.device)
        self.audio_dim = self.text_dim = int(network.config.projection_dim)
        self.frame_dim = int(network.config.audio_config.hidden_size)
        self.token_dim = int(network.config.text_config.hidden_size)
        self.logit_scale = float(network.logit_scale_a.exp())
        self.settings = f"{str(self._dtype).removeprefix('torch.')}{'' if like_laion else ', full precision samples'}"

    @classmethod
    def from_checkpoint(cls, path: Path | str, tokenizer: Path | str | None = None, **options: Any) -> Clap:
        """Loads a checkpoint file as LAION publishes them; the first time it is converted, which takes seconds.

        Args:
            path: The ``.pt`` file.
            tokenizer: Folder of roberta-base's tokenizer; without it only token ids can be embedded.
            **options: ``device`` (any torch device), ``precision`` (``"float32"``, ``"bfloat16"``, ``"auto"``),
                ``like_laion`` (see ``windows_of``).

        Raises:
            FileNotFoundError: A file is missing.
            WeightsError: A file is damaged or something else.
        """
        tensors, sha256 = load_converted(path)
        tokens = RobertaTokens(tokenizer) if tokenizer is not None else None
        return cls(build(tensors), tokens, sha256, **options)

    @classmethod
    def from_hub(cls, **options: Any) -> Clap:
        """Loads the published checkpoint and its tokenizer, once they are fetched; options as ``from_checkpoint``.

        Raises:
            WeightsError: They are not here; the message says how to fetch them.
        """
        return cls.from_checkpoint(require(CLAP)[0], require(TOKENIZER)[0].parent, **options)

    @torch.inference_mode()
    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Embeds clips.

        A clip of more than 10 s is cut into windows of 10 s; its embedding is the mean of theirs, each weighted by
        its share of 10 s, brought back to unit norm.

        Args:
            clips: N pairs of mono float samples in [-1, 1], shape (T,), and their rate in Hz.

        Returns:
            (N, audio_dim) float32 of unit norm, on the CPU.

        Raises:
            ValueError: A clip is empty, has several channels, or holds NaN or Inf.
        """
        cut = [windows_of(samples, like_laion=self._like_laion) for samples in at_rate(clips, SAMPLE_RATE)]
        if not cut:
            return torch.empty(0, self.audio_dim)
        embedded = self._over_windows(cut, self._embed)
        weights = torch.tensor([weight for clip in cut for _, weight in clip])
        clip_of = torch.tensor([i for i, clip in enumerate(cut) for _ in clip])
        summed = torch.zeros(len(cut), self.audio_dim).index_add_(0, clip_of, embedded * weights[:, None])
        return normalize(summed, dim=1)

    @torch.inference_mode()
    def embed_frames(self, clips: Sequence[Clip]) -> list[torch.Tensor]:
        """Embeds clips along time: the audio tower's last feature map, averaged over frequency.

        Of a window that had to be filled up, the frames of the filling are left out.

        Args:
            clips: As for ``embed_audio``.

        Returns:
            N tensors (T_i, frame_dim) float32 on the CPU.
        """
        if not clips:
            return []
        cut = [windows_of(samples, like_laion=self._like_laion) for samples in at_rate(clips, SAMPLE_RATE)]
        maps = iter(self._over_windows(cut, self._map))
        return [torch.cat([next(maps)[: frames_heard(share)] for _, share in clip]) for clip in cut]

    @torch.inference_mode()
    def embed_text_frames(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """Embeds texts token by token: the text tower's last states, N tensors (L_i, token_dim) float32 on the CPU.

        Raises:
            ValueError: The encoder was made without a tokenizer.
        """
        if self._tokens is None:
            raise ValueError(_NO_TOKENIZER)
        return token_states(self._network.text_model, self._tokens, texts, self.device)

    def embed_text(self, texts: Sequence[str]) -> torch.Tensor:
        """Embeds texts.

        Args:
            texts: N texts; what exceeds 77 tokens is cut off, as in laion-clap.

        Returns:
            (N, text_dim) float32 of unit norm, on the CPU.

        Raises:
            ValueError: The encoder was made without a tokenizer.
        """
        if self._tokens is None:
            raise ValueError(_NO_TOKENIZER)
        if not texts:
            return torch.empty(0, self.text_dim)
        return self.embed_tokens(*self._tokens(texts))

    @torch.inference_mode()
    def embed_tokens(self, input_ids: Any, attention_mask: Any) -> torch.Tensor:
        """Embeds token ids.

        Args:
            input_ids: (N, L) ids of roberta-base's tokens.
            attention_mask: (N, L) with 1 where there is a token and 0 where there is padding.

        Returns:
            (N, text_dim) float32 of unit norm, on the CPU.
        """
        ids, mask = (torch.as_tensor(part, device=self.device) for part in (input_ids, attention_mask))
        longest = max(1, int(mask.sum(1).max()))
        if bool(mask[:, longest:].sum() == 0):  # padding at the end costs time and changes nothing
            ids, mask = ids[:, :longest], mask[:, :longest]
        pooled = self._network.text_model(input_ids=ids, attention_mask=mask).pooler_output
        return normalize(self._network.text_projection(pooled).float(), dim=1).cpu()

    def log_mel(self, windows: torch.Tensor) -> torch.Tensor:
        """Returns what the audio tower hears of windows of 10 s: (B, 480000) → (B, 1001, 64) in dB."""
        return self._mel(windows.to(self.device))

    def _over_windows(
        self, cut: list[list[tuple[np.ndarray, float]]], compute: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        windows = [window for clip in cut for window, _ in clip]
        at_once = _AT_ONCE.get(self.device.type, 8)
        parts = [np.stack(windows[i : i + at_once]) for i in range(0, len(windows), at_once)]
        return torch.cat([compute(torch.from_numpy(part).to(self.device)).cpu() for part in parts])

    def _map(self, windows: torch.Tensor) -> torch.Tensor:
        with autocast(self.device, self._dtype):
            return frames_of(self._network.audio_model(input_features=self._mel(windows)[:, None]))

    def _embed(self, windows: torch.Tensor) -> torch.Tensor:
        mel = self._mel(windows)[:, None]
        with autocast(self.device, self._dtype):
            pooled = self._network.audio_model(input_features=mel).pooler_output
        return normalize(self._network.audio_projection(pooled.float()), dim=1)
