"""LAION-CLAP: one space for sounds and texts (arXiv 2211.06687)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize

from qamro.checkpoints import CLAP, TOKENIZER, WeightsError, is_published, require
from qamro.encoders.clap_network import SAMPLE_RATE, WINDOW, ClapMel, build, load_converted
from qamro.encoders.clips import Clip, at_rate
from qamro.encoders.text import token_states
from qamro.encoders.transformers_folder import autocast, choose, store_products_as

# Cuts clips into the 10 s windows that LAION-CLAP embeds.

SHORTEST_REST = SAMPLE_RATE // 2
"""A rest of a long clip that is shorter than 0.5 s is left out: repeated to 10 s it would be a buzz, not the clip."""


def windows_of(samples: np.ndarray, *, like_laion: bool = True) -> list[tuple[np.ndarray, float]]:
    """Cuts a clip into windows of 10 s without overlap; the last one is filled up.

    laion-clap takes one random window of a longer clip, so that one file has many scores; here the same file always
    gives the same windows. A clip of up to 10 s is one window, as in laion-clap.

    Args:
        samples: (T,) float32 at 48 kHz.
        like_laion: Treat each window exactly as laion-clap treats a clip of up to 10 s, which is what the network was
            trained on: round to 16 bits, repeat whole, fill the rest with zeros. False keeps the samples' full
            precision and repeats until the window is full, without a gap.

    Returns:
        Pairs of a window, (480000,) float32, and its weight: its share of 10 s, in (0, 1].
    """
    found = []
    for first in range(0, samples.size, WINDOW):
        part = samples[first : first + WINDOW]
        if first == 0 or part.size >= SHORTEST_REST:
            found.append((fill(round_to_16_bits(part) if like_laion else part, gap=like_laion), part.size / WINDOW))
    return found


def fill(part: np.ndarray, *, gap: bool) -> np.ndarray:
    """Repeats a part to the length of a window: whole repeats and then zeros (``gap``), or without a gap."""
    if part.size == WINDOW:
        return part
    window = np.zeros(WINDOW, dtype=np.float32)
    repeats = WINDOW // part.size
    window[: repeats * part.size] = np.tile(part, repeats)
    if not gap:
        rest = WINDOW - repeats * part.size
        window[repeats * part.size :] = part[:rest]
    return window


def round_to_16_bits(samples: np.ndarray) -> np.ndarray:
    """Clips to [-1, 1] and drops what 16 bits cannot hold, towards zero, as laion-clap does; float32, same shape."""
    scaled = np.clip(samples, -1.0, 1.0) * np.float32(32767.0)
    return (scaled.astype(np.int16) / 32767.0).astype(np.float32)


FRAMES_A_WINDOW = 32
"""The tower folds a spectrogram of 10 s into four strips side by side and halves them down to 8 places each."""


def frames_of(answer: Any) -> torch.Tensor:
    """Averages the tower's last feature map over frequency.

    transformers has unfolded the four strips again, so the last dimension runs in time.

    Args:
        answer: What ``ClapAudioModel`` returns for B windows; its ``last_hidden_state`` is (B, C, frequency, time).

    Returns:
        (B, time, C) float32. Their mean over time is the answer's ``pooler_output``.
    """
    return answer.last_hidden_state.float().mean(2).transpose(1, 2)


def frames_heard(share: float) -> int:
    """How many frames of a window are the clip's own, given the share of the window that it fills; at least one."""
    return max(1, math.ceil(FRAMES_A_WINDOW * share - 1e-9))


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


# Turns prompts into the token ids that LAION-CLAP's text tower reads.

MOST_TOKENS = 77
"""laion-clap cuts prompts off here, start and end marks included."""

_START, _PAD, _END = 0, 1, 2


class RobertaTokens:
    """The tokenizer of roberta-base, from its files."""

    def __init__(self, folder: Path | str) -> None:
        """Reads ``tokenizer.json``, or ``vocab.json`` and ``merges.txt``.

        Raises:
            FileNotFoundError: The folder holds neither.
            WeightsError: The files are no tokenizer.
        """
        folder = Path(folder)
        try:
            self._tokenizer = _read(folder)
        except FileNotFoundError:
            raise
        except Exception as problem:  # the library raises bare Exceptions
            raise WeightsError(f"the tokenizer in {folder} cannot be read: {problem}") from problem
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.enable_padding(pad_id=_PAD, pad_token="<pad>")

    def __call__(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokenizes texts, padded to the longest of them.

        laion-clap always pads to 77; padding is masked and the embedding is the same without it.

        Returns:
            Token ids and attention mask, each (N, L), int64.
        """
        found = self._tokenizer.encode_batch(list(texts))
        return torch.tensor([one.ids for one in found]), torch.tensor([one.attention_mask for one in found])


def _read(folder: Path) -> Any:
    from tokenizers import ByteLevelBPETokenizer, Tokenizer
    from tokenizers.processors import RobertaProcessing

    if (folder / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    if not (vocabulary.is_file() and merges.is_file()):
        raise FileNotFoundError(
            f"{folder} holds neither tokenizer.json nor vocab.json and merges.txt; "
            "fetch them with `python -m qamro weights fetch roberta-base`"
        )
    tokenizer = ByteLevelBPETokenizer(str(vocabulary), str(merges))
    marks = RobertaProcessing(("</s>", _END), ("<s>", _START), trim_offsets=True, add_prefix_space=False)
    tokenizer._tokenizer.post_processor = marks
    return tokenizer
