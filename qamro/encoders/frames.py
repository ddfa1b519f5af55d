"""Clips and prompts as sequences: the audio encoder and the text encoder of a frame-level model, as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from qamro.encoders.clips import Clip, probe_sound
from qamro.encoders.registry import encoders
from qamro.plugins import ENCODERS, opened, unknown


class FrameEncoder:
    """Audio frames of one encoder, token states of another or of the same.

    Attributes:
        key: What ``frame_encoder`` calls it.
        name: For cards, for example ``"WavLM + RoBERTa, frames"``.
        revision: Of both.
        published: Whether all weights are, byte for byte, the published ones.
        sample_rate: Of the audio encoder, Hz.
        frame_dim: Width of a frame.
        frame_rate: Frames a second.
        token_dim: Width of a token's state; 0 when no text can be read.
    """

    def __init__(self, key: str, audio: Any, text: Any | None) -> None:
        """Puts two encoders together.

        Args:
            key: What ``frame_encoder`` calls it.
            audio: With ``embed_frames``.
            text: With ``embed_text_frames``; None for a model that reads no prompts.
        """
        parts = [audio] if text is None or text.name == audio.name else [audio, text]
        self.key, self.audio, self.text = key, audio, text
        self.name = f"{' + '.join(part.name for part in parts)}, frames"
        settings = getattr(audio, "frame_settings", "")
        self.revision = " + ".join(str(getattr(part, "frames_revision", part.revision)) for part in parts) + (
            f", {settings}" if settings else ""
        )
        self.published = all(getattr(part, "published", True) for part in parts)
        self.sample_rate = int(audio.sample_rate)
        self.frame_dim, self.frame_rate = int(audio.frame_dim), float(audio.frame_rate)
        self.token_dim = 0 if text is None else int(text.token_dim)

    def embed_frames(self, clips: Sequence[Clip]) -> list[torch.Tensor]:
        """Embeds clips along time: N tensors (T_i, frame_dim) float32 on the CPU."""
        return self.audio.embed_frames(clips)

    def embed_text_frames(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """Embeds texts token by token: N tensors (L_i, token_dim) float32 on the CPU.

        Raises:
            ValueError: There is no text encoder.
        """
        if self.text is None:
            raise ValueError(f"{self.name} reads no text; an axis that needs the prompt cannot be scored with it")
        return self.text.embed_text_frames(texts)

    def probe(self) -> torch.Tensor:
        """Its answer to a fixed sound, (frame_dim,): the fingerprint by which a model recognises its encoder.

        In half precision, as frames are kept: it is the same with and without a memory.
        """
        return self.embed_frames([probe_sound(self.sample_rate)])[0].half().float().mean(0)


def frame_encoder(name: str, *, cache: bool = True, **options: Any) -> FrameEncoder:
    """Makes an encoder of frames.

    Args:
        name: An encoder of the table that gives frames (see ``qamro.encoders.registry``): ``"logmel"``, which needs no
            weights, with hashed words; ``"clap"`` with its own text tower; ``"wavlm"`` or ``"muq"`` with RoBERTa.
            Weights must have been fetched.
        cache: Keep frames on disk, in half precision, and use those that are there.
        **options: ``device``, ``precision``; ``checkpoint`` (folder or file of the audio encoder's weights),
            ``text_checkpoint`` (folder of RoBERTa's) and ``tokenizer`` of your own.

    Raises:
        ValueError: There is no such encoder of frames.
        WeightsError: Weights are missing or damaged, or a package is not installed; the message says what to do.
        FileNotFoundError: A file or folder that was named is missing.
    """
    able = {key: entry for key, entry in encoders().items() if entry.frames is not None}
    if name not in able:
        raise unknown(ENCODERS, "encoder of frames", name, able)
    entry = able[name]
    audio, text = opened(entry.frames)(**options)  # type: ignore[arg-type]
    if not cache:
        return FrameEncoder(name, audio, text)
    from qamro.encoders.embedding_store import CachedFrames

    remembered = CachedFrames(audio)
    words = remembered if text is audio else text if text is None else CachedFrames(text)
    if not entry.frame_weights:
        words = text  # hashing words takes no time
    return FrameEncoder(name, remembered, words)


# For each encoder of the table that gives frames, its pair of audio and text encoder.


def logmel_frames(*, device: str | None = None, precision: str = "float32") -> tuple[Any, Any]:
    """LogMel is computed in float32, whatever ``precision`` says."""
    from qamro.encoders.logmel import LogMel

    encoder = LogMel(device or "cpu")
    return encoder, encoder


def clap_frames(**options: Any) -> tuple[Any, Any]:
    """CLAP's two towers."""
    from qamro.encoders import loading

    encoder = loading.clap(cache=False, **options)
    return encoder, encoder


def wavlm_frames(
    *, text_checkpoint: Path | str | None = None, tokenizer: Path | str | None = None, **options: Any
) -> tuple[Any, Any]:
    """WavLM with RoBERTa."""
    from qamro.encoders import loading

    text = loading.roberta(checkpoint=text_checkpoint, tokenizer=tokenizer, device=options.get("device"))
    return loading.wavlm(cache=False, **options), text


def muq_frames(
    *,
    text_checkpoint: Path | str | None = None,
    tokenizer: Path | str | None = None,
    precision: str = "float32",
    **options: Any,
) -> tuple[Any, Any]:
    """MuQ with RoBERTa; MuQ is computed in float32, whatever ``precision`` says."""
    from qamro.encoders import loading

    audio = loading.muq(cache=False, **options)
    return audio, loading.roberta(checkpoint=text_checkpoint, tokenizer=tokenizer, device=options.get("device"))
