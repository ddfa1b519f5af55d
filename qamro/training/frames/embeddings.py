"""A study as sequences: the frames of its clips and the token states of its prompts, in half precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from qamro.heads.sequences import pad
from qamro.predictors.deramos import LONGEST
from qamro.training.embeddings import decode

if TYPE_CHECKING:
    import numpy as np

    from qamro.encoders.frames import FrameEncoder
    from qamro.studies import Study

_BATCH = 16

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, torch.Tensor | None]
"""Frames (B, T, D), their mask (B, T), token states (B, L, D) or None, their mask (B, L) or None."""


@dataclass
class FrameEmbeddings:
    """A study as a frame encoder sees it; a sound that is rated against several prompts is kept once.

    Attributes:
        clips: N names of the clips that could be read.
        frames: S tensors (T_i, frame_dim), float16.
        sound: N numbers: which of the S sounds each clip is.
        text: For each prompt that a clip has, its token states (L, token_dim), float16; None when the encoder reads no
            text or the study has no prompts.
        prompts: N prompts, empty where a clip has none.
        failed: For each clip that could not be read, why.
    """

    clips: list[str]
    frames: list[torch.Tensor]
    sound: list[int]
    text: dict[str, torch.Tensor] | None
    prompts: list[str]
    failed: dict[str, str]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {clip: i for i, clip in enumerate(self.clips)}

    def rows(self, clips: Sequence[str]) -> torch.Tensor:
        """Returns the row numbers of the clips that could be read, in the given order."""
        return torch.tensor([self._places[clip] for clip in clips if clip in self._places], dtype=torch.long)

    def length(self, row: int) -> int:
        """Frames of a clip."""
        return len(self.frames[self.sound[row]])

    def batch(self, rows: Sequence[int], *, with_text: bool, device: torch.device | str | None = None) -> Batch:
        """Puts clips side by side.

        Args:
            rows: B row numbers.
            with_text: Whether the prompts are wanted, too.
            device: Where the batch goes.

        Raises:
            ValueError: Prompts are wanted and there are none.
        """
        frames, mask = pad([self.frames[self.sound[row]] for row in rows], device)
        if not with_text:
            return frames, mask, None, None
        if self.text is None:
            raise ValueError("an axis that needs the prompt cannot be trained: the study or the encoder has no text")
        empty = next(iter(self.text.values()))[:0]
        return frames, mask, *pad([self.text.get(self.prompts[row], empty) for row in rows], device)


def frame_study(
    study: Study, encoder: FrameEncoder, *, on_clip: Callable[[int, int], bool | None] | None = None
) -> FrameEmbeddings:
    """Decodes and embeds every clip of a study along time; of a clip longer than the model reads at once, its middle.

    Args:
        study: With audio.
        encoder: Of frames.
        on_clip: Called with (clips done, clips in all); returning True stops.

    Raises:
        ValueError: Not one clip could be read.
        InterruptedError: ``on_clip`` asked to stop.
    """
    names = list(study.clips["clip"])
    texts = dict(zip(names, study.clips["prompt"], strict=True))
    found = FrameEmbeddings([], [], [], None, [], {})
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            waves = list(pool.map(lambda clip: decode(study, clip, encoder.sample_rate), batch))
            good = [(clip, wave) for clip, wave in zip(batch, waves, strict=True) if not isinstance(wave, str)]
            found.failed |= {clip: wave for clip, wave in zip(batch, waves, strict=True) if isinstance(wave, str)}
            for clip, frames in zip(
                [clip for clip, _ in good],
                encoder.embed_frames([(middle(wave.samples, wave.sample_rate), wave.sample_rate) for _, wave in good]),
                strict=True,
            ):
                found.sound.append(len(found.frames))
                found.frames.append(frames.half())
                found.clips.append(clip)
            if on_clip is not None and on_clip(start + len(batch), len(names)):
                raise InterruptedError(f"stopped after {start + len(batch)} of {len(names)} clips")
    if not found.clips:
        example = next(iter(found.failed.values()), "it has no clips")
        raise ValueError(f"no clip of study {study.name!r} could be read: {example}")
    found.prompts = [texts[clip] for clip in found.clips]
    found.text = embed_prompts(found.prompts, encoder)
    return found


def middle(samples: np.ndarray, rate: int) -> np.ndarray:
    """Returns the middle of a clip, at most ``LONGEST`` seconds: what a model reads at once.

    Args:
        samples: (n,).
        rate: In Hz.
    """
    longest = round(LONGEST * rate)
    first = max(0, (len(samples) - longest) // 2)
    return samples[first : first + longest]


def embed_prompts(prompts: Sequence[str], encoder: FrameEncoder) -> dict[str, torch.Tensor] | None:
    """Embeds each prompt once, token by token; None when there is none, or no text encoder."""
    asked = sorted({prompt for prompt in prompts if prompt})
    if not asked or not encoder.token_dim:
        return None
    return dict(zip(asked, (rows.half() for rows in encoder.embed_text_frames(asked)), strict=True))
