"""A study as sequences, ready to train a frame-level model on: frames, token states, batches of about one length."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import torch

from qamro.axes import NEEDS_PROMPT, get_axis
from qamro.heads.domain import frame_statistics
from qamro.heads.dual_branch import Branch
from qamro.heads.pooling import pad
from qamro.predictors.deramos import LONGEST
from qamro.training.embedded_study import EmbeddedStudy, decode
from qamro.training.simulated_corpus import Corpus, Embed, corpus_study, rendered

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from qamro.encoders.frames import FrameEncoder
    from qamro.studies import Study

_AT_ONCE = 128


@dataclass
class FrameData:
    """What a branch is fitted on.

    Attributes:
        embeddings: Of the whole study.
        rows: N row numbers of the training clips.
        targets: (N,) their MOS.
        val_rows: M row numbers of the validation clips.
        val_targets: (M,) their MOS.
        with_text: Whether the axis is judged against the prompt.
    """

    embeddings: FrameEmbeddings
    rows: list[int]
    targets: torch.Tensor
    val_rows: list[int]
    val_targets: torch.Tensor
    with_text: bool


class EmbeddedFrames(EmbeddedStudy):
    """A study, its sequences and its parts; what ``Prepared`` is for frozen embeddings."""

    embeddings: FrameEmbeddings  # type: ignore[assignment]

    def targets(self, clips: Sequence[str], axis: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns row numbers and MOS, as ``Prepared.targets``; a clip without a prompt has no textual alignment."""
        if axis in NEEDS_PROMPT and self.embeddings.text is not None:
            asked = dict(zip(self.embeddings.clips, self.embeddings.prompts, strict=True))
            clips = [clip for clip in clips if asked.get(clip)]
        return super().targets(clips, axis)

    def frame_data(self, axis: str) -> FrameData:
        """Returns the training and validation clips of an axis.

        Raises:
            ValueError: The study does not rate the axis.
        """
        rows, targets = self.targets(self.parts["train"], axis)
        val_rows, val_targets = self.targets(self.parts["validation"], axis)
        return FrameData(self.embeddings, rows.tolist(), targets, val_rows.tolist(), val_targets, axis in NEEDS_PROMPT)

    def test(self, axis: str) -> tuple[list[str], torch.Tensor, torch.Tensor]:
        """Returns the test clips of an axis with their row numbers and MOS."""
        rows, targets = self.targets(self.parts["test"], axis)
        return [self.embeddings.clips[row] for row in rows.tolist()], rows, targets

    def kinds(self, clips: Sequence[str]) -> torch.Tensor:
        """Returns what tells of what kind clips are: mean and deviation of their frames, (N, 2 * frame_dim)."""
        of = [self.embeddings.frames[self.embeddings.sound[row]] for row in self.embeddings.rows(clips).tolist()]
        return frame_statistics(of)

    def predict(self, clips: Sequence[str], heads: Mapping[str, Any]) -> pd.DataFrame:
        """Predicts embedded clips.

        Args:
            clips: Those that could not be read are left out.
            heads: For each axis, its branch.

        Returns:
            Columns ``clip`` and one for each axis, held to the axis's scale.
        """
        import pandas as pd

        rows = self.embeddings.rows(clips).tolist()
        table = pd.DataFrame({"clip": [self.embeddings.clips[row] for row in rows]})
        for axis, branch in heads.items():
            scores, scale = predict_rows(branch, self.embeddings, rows), get_axis(axis)
            table[axis] = (scores.clamp(scale.low, scale.high) if scale.has_range else scores).numpy()
        return table


@torch.inference_mode()
def predict_rows(branch: Branch, embeddings: FrameEmbeddings, rows: Sequence[int]) -> torch.Tensor:
    """Predicts clips in batches of about one length.

    Args:
        branch: In evaluation mode.
        embeddings: Of the study.
        rows: N row numbers.

    Returns:
        (N,) scores on the CPU.
    """
    device = next(branch.parameters()).device
    with_text = branch.settings.token_dim > 0
    scores = torch.empty(len(rows))
    for places in in_order_of_length([embeddings.length(row) for row in rows], _AT_ONCE):
        batch = embeddings.batch([rows[place] for place in places], with_text=with_text, device=device)
        scores[places] = branch(*batch).score.cpu()
    return scores


# A study as sequences: the frames of its clips and the token states of its prompts, in half precision.

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


# Batches of clips of about one length, so that little of a batch is padding.

_BATCHES_AT_A_TIME = 16


def bucketed(lengths: Sequence[int], batch_size: int, generator: torch.Generator) -> list[list[int]]:
    """Draws the batches of an epoch: every place once, in random batches of about one length.

    Places are shuffled, sorted by length in stretches of 16 batches, cut, and the batches are shuffled again. Ranking
    losses compare the clips of a batch, so batches must not be the same in every epoch.

    Args:
        lengths: N lengths.
        batch_size: Places of a batch, at least 1; the last batch of a stretch may have fewer.
        generator: Draws the order.

    Returns:
        Batches of places.
    """
    order = torch.randperm(len(lengths), generator=generator).tolist()
    stretch = batch_size * _BATCHES_AT_A_TIME
    batches = []
    for first in range(0, len(order), stretch):
        part = sorted(order[first : first + stretch], key=lambda place: lengths[place])
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def in_order_of_length(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Returns batches for prediction: places sorted by length and cut."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


# The simulated corpus as sequences: frames are made as the sound is rendered, and no audio touches the disk.


def simulated_frames(
    corpus: Corpus,
    make_encoder: Callable[[], FrameEncoder],
    *,
    workers: int = 2,
    on_clip: Callable[[int, int], bool | None] | None = None,
) -> tuple[Study, FrameEmbeddings]:
    """Renders, embeds and rates the clips of a simulated corpus.

    Args:
        corpus: Its size.
        make_encoder: Makes the encoder, in the process that renders.
        workers: Processes to render and embed in; 0 works in this one.
        on_clip: Called with (clips done, clips in all); returning True stops.

    Returns:
        The study, whose clips have no audio files, and its sequences; of a clip longer than ``LONGEST`` its middle.

    Raises:
        InterruptedError: ``on_clip`` asked to stop.
    """
    clips, ratings = [], []
    found = FrameEmbeddings([], [], [], None, [], {})
    for rows, rated, embedded in rendered(corpus, partial(_frames, make_encoder), workers=workers, on_clip=on_clip):
        clips += rows
        ratings.append(rated)
        first = len(found.frames)
        found.frames += [torch.from_numpy(frames) for frames in embedded]
        found.sound += [first + i % corpus.prompts for i in range(len(rows))]  # catches go through the clips again
    study = corpus_study(corpus, clips, ratings)
    found.clips, found.prompts = list(study.clips["clip"]), list(study.clips["prompt"])
    found.text = embed_prompts(found.prompts, make_encoder())
    return study, found


def _frames(make_encoder: Callable[[], FrameEncoder]) -> Embed:
    encoder = make_encoder()

    def embed(clips: list[tuple[np.ndarray, int]]) -> list[np.ndarray]:
        heard = [(middle(samples, rate), rate) for samples, rate in clips]
        return [frames.half().numpy() for frames in encoder.embed_frames(heard)]

    return embed
