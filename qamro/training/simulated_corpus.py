"""A large simulated study for training, embedded as it is rendered: no audio touches the disk."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from qamro.axes import AXES, NEEDS_PROMPT
from qamro.training.embedded_study import Embeddings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from qamro.studies import Study
    from qamro.studies.simulated import Prompt, System

_CATCH = "~"


@dataclass(frozen=True)
class Corpus:
    """How large a simulated corpus is.

    Attributes:
        systems: Number of systems.
        prompts: Prompts for each system; every system gets prompts of its own, so that heads learn words, not prompts.
        listeners: Size of the panel; every listener hears every clip.
        catches: How often each clip is also rated on TA against a prompt that it was not made for. Systems mostly obey
            their prompts; without catches a head would hear too few clips that do not fit.
        seed: Systems, prompts and listeners follow from it.
        lengths: Shortest and longest clip in seconds: every fourth clip is cut, or repeated, to a length between (see
            ``heard``), so that heads hear clips of many lengths.
    """

    systems: int = 600
    prompts: int = 16
    listeners: int = 8
    catches: int = 8
    seed: int = 1
    lengths: tuple[float, float] = (3.0, 60.0)


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
        encoder: Makes the encoder; called once for each system, in the process that renders it.
        workers: Processes to render and embed in; 0 works in this one.
        on_clip: Called with (clips done, clips in all); returning True stops.

    Returns:
        The study, whose clips have no audio files, and its embeddings.

    Raises:
        InterruptedError: ``on_clip`` asked to stop.
    """
    import numpy as np
    import torch

    clips, ratings, audio = [], [], []
    for rows, rated, embedded in rendered(corpus, partial(_pooled, encoder), workers=workers, on_clip=on_clip):
        clips += rows
        ratings.append(rated)
        audio.append(torch.from_numpy(np.stack(embedded)).repeat(1 + corpus.catches, 1))
    study = corpus_study(corpus, clips, ratings)
    prompts = list(study.clips["prompt"])
    text = encoder().embed_text(prompts)
    has_prompt = torch.ones(len(prompts), dtype=torch.bool)
    return study, Embeddings(list(study.clips["clip"]), torch.cat(audio), text, has_prompt, failed={})


Embed = Callable[[list[tuple["np.ndarray", int]]], Sequence["np.ndarray"]]
Rows = list[tuple[str, str, str, str]]


def rendered(
    corpus: Corpus,
    make_embed: Callable[[], Embed],
    *,
    workers: int = 2,
    on_clip: Callable[[int, int], bool | None] | None = None,
) -> Iterator[tuple[Rows, pd.DataFrame, Sequence[np.ndarray]]]:
    """Renders, embeds and rates a corpus, system by system.

    Args:
        corpus: Its size.
        make_embed: Makes what turns the clips of a system into arrays, one a clip; called once for each system, in the
            process that renders it.
        workers: Processes to render and embed in; 0 works in this one.
        on_clip: Called with (clips done, clips in all); returning True stops.

    Yields:
        Rows (clip, system, prompt, the clip that a catch is of), catches last; their ratings; the arrays.

    Raises:
        InterruptedError: ``on_clip`` asked to stop.
    """
    with _mapping(workers) as mapping:
        parts = mapping(partial(_system, corpus, make_embed), range(corpus.systems))
        for done, part in enumerate(parts, 1):
            yield part
            if on_clip is not None and on_clip(done * corpus.prompts, corpus.systems * corpus.prompts):
                raise InterruptedError(f"stopped after {done} of {corpus.systems} systems")


def corpus_study(corpus: Corpus, clips: Rows, ratings: list[pd.DataFrame]) -> Study:
    """Makes the study of what ``rendered`` yielded."""
    import pandas as pd

    from qamro.studies import Study
    from qamro.studies.simulated import GENERATOR

    return Study(
        pd.DataFrame(clips, columns=["clip", "system", "prompt", "catch_of"]),
        pd.concat(ratings, ignore_index=True),
        name=f"simulated corpus ({corpus.systems} systems, {corpus.prompts} prompts each, seed {corpus.seed})",
        kind="simulated",
        about={
            "generator": str(GENERATOR),
            "source": "simulated music and simulated listeners; no person rated it",
            "catches": f"each clip is also rated on TA against {corpus.catches} prompts that it was not made for",
            "lengths": "three of four clips last 5 s; of the others the 5 s are cut, or repeated, to "
            f"{corpus.lengths[0]:g} to {corpus.lengths[1]:g} s",
        },
    )


def _pooled(encoder: Callable[[], Any]) -> Embed:
    made = encoder()
    return lambda clips: made.embed_audio(clips).numpy()


def is_catch(clip: str) -> bool:
    """Whether a clip of the corpus is one that is rated against a prompt that it was not made for."""
    return _CATCH in clip


def _system(
    corpus: Corpus, make_embed: Callable[[], Embed], index: int
) -> tuple[Rows, pd.DataFrame, Sequence[np.ndarray]]:
    """Renders one system's clips; returns rows of the clips table, its ratings and what they were embedded as."""
    import pandas as pd
    import torch

    from qamro.studies.simulated import SAMPLE_RATE, draw_prompt, draw_system, judge, stream, true_scores

    torch.set_num_threads(1)
    system = draw_system(index, corpus.seed)
    first = index * corpus.prompts
    prompts = [draw_prompt(first + k, corpus.seed) for k in range(corpus.prompts)]
    made = list(stream([system], prompts, corpus.seed))
    rows = [(clip.clip, system.name, clip.prompt.text, "") for clip in made]
    ratings = [_rate(corpus, system, prompts, [clip.truth for clip in made], [row[0] for row in rows])]
    for k in range(corpus.catches):
        # Prompts of other systems: numbers that no clip of this one has.
        start = (k + 1) * corpus.systems * corpus.prompts + first
        others = [draw_prompt(start + j, corpus.seed) for j in range(corpus.prompts)]
        truth = [true_scores(judge(clip.facts, other)) for clip, other in zip(made, others, strict=True)]
        names = [f"{clip.clip}{_CATCH}{other.name}" for clip, other in zip(made, others, strict=True)]
        rows += [
            (name, system.name, other.text, clip.clip) for name, other, clip in zip(names, others, made, strict=True)
        ]
        rated = _rate(corpus, system, others, truth, names)
        ratings.append(rated[rated["axis"].isin(NEEDS_PROMPT)])
    sounds = [heard(clip.samples, SAMPLE_RATE, corpus, first + k) for k, clip in enumerate(made)]
    embedded = make_embed()([(sound, SAMPLE_RATE) for sound in sounds])
    return rows, pd.concat(ratings), embedded


def heard(samples: np.ndarray, rate: int, corpus: Corpus, index: int) -> np.ndarray:
    """Returns a clip as long as it is heard: three of four as they are, the others cut or repeated.

    Lengths are spread evenly in logarithm between those of the corpus; which seconds are heard is drawn, too.

    Args:
        samples: (n,) of the clip.
        rate: In Hz.
        corpus: Says how long.
        index: Number of the clip in the corpus; with the corpus's seed it fixes what is drawn.
    """
    import numpy as np

    from qamro.studies.simulated.randomness import generator

    if index % 4 < 3:
        return samples
    rng = generator(corpus.seed, "length", index)
    size = round(np.exp(rng.uniform(*np.log(corpus.lengths))) * rate)
    first = int(rng.integers(max(1, len(samples) - size + 1))) if size < len(samples) else 0
    return np.resize(samples[first:], size)


def _rate(
    corpus: Corpus, system: System, prompts: list[Prompt], truth: list[dict[str, float]], names: list[str]
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    from qamro.studies.simulated import draw_listener, rate

    true = np.array([[scores[axis] for axis in AXES] for scores in truth])
    tables = []
    for k in range(corpus.listeners):
        listener = draw_listener(k, corpus.seed)
        wide = pd.DataFrame(rate(listener, system, prompts, true, corpus.seed), columns=list(AXES)).assign(clip=names)
        tables.append(wide.melt("clip", var_name="axis", value_name="score").assign(rater=listener.name))
    return pd.concat(tables).dropna(subset="score")


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    if workers == 0:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield partial(_started_deaf, pool)
        finally:
            pool.shutdown(cancel_futures=True)


def _started_deaf(pool: ProcessPoolExecutor, function: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    """Maps in workers that do not hear Ctrl-C: one that dies of it as it starts leaves the pool waiting for ever.

    What ignores a signal passes that on to what it starts, and ``map`` starts every worker.
    """
    if threading.current_thread() is not threading.main_thread():  # where no handler can be set
        return pool.map(function, *arguments)
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return pool.map(function, *arguments)
    finally:
        signal.signal(signal.SIGINT, heard)
