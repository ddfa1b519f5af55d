"""A large simulated study for training, embedded as it is rendered: no audio touches the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from qamro.axes import AXES
from qamro.training.embeddings import Embeddings

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


@dataclass(frozen=True)
class Corpus:
    """How large a simulated corpus is.

    Attributes:
        systems: Number of systems.
        prompts: Prompts for each system; every system gets prompts of its own, so that heads learn words, not prompts.
        listeners: Size of the panel; every listener hears every clip.
        seed: Systems, prompts and listeners follow from it.
    """

    systems: int = 400
    prompts: int = 20
    listeners: int = 8
    seed: int = 1


def simulated_corpus(
    corpus: Corpus,
    encoder: Callable[[], Any],
    *,
    workers: int = 2,
    on_clip: Callable[[int, int], bool | None] | None = None,
) -> tuple[Study, Embeddings]:
    """Renders, embeds and rates the clips of a simulated corpus.

    Args:
        corpus: Its size.
        encoder: Makes the encoder; called once in every worker.
        workers: Processes to render and embed in; 0 works in this one.
        on_clip: Called with (clips done, clips in all); returning True stops.

    Returns:
        The study, whose clips have no audio files, and its embeddings.

    Raises:
        InterruptedError: ``on_clip`` asked to stop.
    """
    import pandas as pd
    import torch

    from qamro.studies import Study
    from qamro.studies.simulated import GENERATOR

    clips, ratings, audio = [], [], []
    with _mapping(workers) as mapping:
        for done, (rows, rated, embedded) in enumerate(
            mapping(partial(_system, corpus, encoder), range(corpus.systems)), 1
        ):
            clips += rows
            ratings.append(rated)
            audio.append(torch.from_numpy(embedded))
            if on_clip is not None and on_clip(done * corpus.prompts, corpus.systems * corpus.prompts):
                raise InterruptedError(f"stopped after {done} of {corpus.systems} systems")
    table = pd.DataFrame(clips, columns=["clip", "system", "prompt"])
    study = Study(
        table,
        pd.concat(ratings, ignore_index=True),
        name=f"simulated corpus ({corpus.systems} systems with {corpus.prompts} prompts each, seed {corpus.seed})",
        kind="simulated",
        about={"generator": str(GENERATOR), "source": "simulated music and simulated listeners; no person rated it"},
    )
    prompts = list(table["prompt"])
    embeddings = Embeddings(
        clips=list(table["clip"]),
        audio=torch.cat(audio),
        text=encoder().embed_text(prompts),
        has_prompt=torch.ones(len(prompts), dtype=torch.bool),
        failed={},
    )
    return study, embeddings


def _system(corpus: Corpus, encoder: Callable[[], Any], index: int) -> tuple[list[Any], pd.DataFrame, Any]:
    """Renders one system's clips; returns rows of the clips table, its ratings and (prompts, dim) embeddings."""
    import pandas as pd
    import torch

    from qamro.studies.simulated import SAMPLE_RATE, draw_listener, draw_prompt, draw_system, rate_all, stream

    torch.set_num_threads(1)
    system = draw_system(index, corpus.seed)
    prompts = [draw_prompt(index * corpus.prompts + k, corpus.seed) for k in range(corpus.prompts)]
    panel = [draw_listener(k, corpus.seed) for k in range(corpus.listeners)]
    made = list(stream([system], prompts, corpus.seed))
    scores = pd.DataFrame([clip.truth for clip in made], index=[clip.clip for clip in made])[list(AXES)]
    ratings = rate_all([system], prompts, panel, scores, corpus.seed)
    embedded = encoder().embed_audio([(clip.samples, SAMPLE_RATE) for clip in made]).numpy()
    return [(clip.clip, system.name, clip.prompt.text) for clip in made], ratings, embedded


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    if workers == 0:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield pool.map
        finally:
            pool.shutdown(cancel_futures=True)
