"""The simulated corpus as sequences: frames are made as the sound is rendered, and no audio touches the disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch

from qamro.training.frames.embeddings import FrameEmbeddings, embed_prompts, middle
from qamro.training.simulated_corpus import Corpus, Embed, corpus_study, rendered

if TYPE_CHECKING:
    import numpy as np

    from qamro.encoders.frames import FrameEncoder
    from qamro.studies import Study


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
