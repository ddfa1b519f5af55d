"""Embeds a study's clips and prompts once, so that any number of heads can be trained on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from qamro.studies import Study

_BATCH = 16


@dataclass
class Embeddings:
    """A study as an encoder sees it.

    Attributes:
        clips: N names of the clips that could be read.
        audio: (N, audio_dim).
        text: (N, text_dim); rows of zeros where a clip has no prompt; None when the encoder reads no text.
        has_prompt: (N,) booleans.
        failed: For each clip that could not be read, why.
    """

    clips: list[str]
    audio: torch.Tensor
    text: torch.Tensor | None
    has_prompt: torch.Tensor
    failed: dict[str, str]

    def rows(self, clips: Sequence[str]) -> torch.Tensor:
        """Returns the row numbers of the clips that could be read, in the given order."""
        place = {clip: i for i, clip in enumerate(self.clips)}
        return torch.tensor([place[clip] for clip in clips if clip in place], dtype=torch.long)

    def features(self, with_text: bool) -> torch.Tensor:
        """Returns (N, dim): the audio embedding, with the text embedding behind it when asked for."""
        if not with_text:
            return self.audio
        if self.text is None:
            raise ValueError("this encoder reads no text; an axis that needs the prompt cannot be trained on it")
        return torch.cat([self.audio, self.text], dim=1)


def embed_study(study: Study, encoder: Any, *, on_clip: Callable[[int, int], bool | None] | None = None) -> Embeddings:
    """Decodes and embeds every clip of a study.

    Args:
        study: With audio.
        encoder: See ``docs/architecture.md``.
        on_clip: Called with (clips done, clips in all); returning True stops.

    Raises:
        ValueError: Not one clip could be read.
        InterruptedError: ``on_clip`` asked to stop.
    """
    names = list(study.clips["clip"])
    prompts = dict(zip(study.clips["clip"], study.clips["prompt"], strict=True))
    failed: dict[str, str] = {}
    kept: list[str] = []
    audio: list[torch.Tensor] = []
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            waves = list(pool.map(lambda clip: decode(study, clip, encoder.sample_rate), batch))
            good = [(clip, wave) for clip, wave in zip(batch, waves, strict=True) if not isinstance(wave, str)]
            failed |= {clip: wave for clip, wave in zip(batch, waves, strict=True) if isinstance(wave, str)}
            if good:
                audio.append(encoder.embed_audio([(wave.samples, wave.sample_rate) for _, wave in good]).float().cpu())
                kept += [clip for clip, _ in good]
            if on_clip is not None and on_clip(start + len(batch), len(names)):
                raise InterruptedError(f"stopped after {start + len(batch)} of {len(names)} clips")
    if not kept:
        example = next(iter(failed.values()), "it has no clips")
        raise ValueError(f"no clip of study {study.name!r} could be read: {example}")
    texts = [prompts[clip] for clip in kept]
    text = encoder.embed_text(texts).float().cpu() if hasattr(encoder, "embed_text") and any(texts) else None
    return Embeddings(kept, torch.cat(audio), text, torch.tensor([bool(prompt) for prompt in texts]), failed)


def decode(study: Study, clip: str, sample_rate: int) -> Any:
    """Returns a clip's sound, or why it could not be read."""
    from qamro.audio import AudioError, load

    try:
        return load(study.audio_path(clip), sample_rate=sample_rate)
    except (AudioError, OSError) as problem:
        return str(problem)
