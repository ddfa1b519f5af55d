"""``train`` with a frozen encoder: clips are embedded once, heads are trained on the embeddings."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.cli.console import progress
from qamro.cli.inputs import open_audible
from qamro.cli.outputs import written_to
from qamro.cli.training_run import (
    SIMULATED,
    UNFINISHED,
    axes_progress,
    embedded_in,
    name_left_out,
    own_prompts_only,
)

if TYPE_CHECKING:
    from qamro.heads import Card
    from qamro.studies.importers.options import Options
    from qamro.training.distributed import World
    from qamro.training.embeddings import Embeddings
    from qamro.training.prepared import Prepared
    from qamro.training.recipe import Recipe
    from qamro.training.simulated_corpus import Corpus


def prepare(
    name: str,
    encoder: Any,
    hold_out: str,
    *,
    corpus: Corpus,
    make_encoder: Any,
    workers: int,
    world: World,
    told: Options | None = None,
) -> Prepared:
    """Opens, embeds and splits a study.

    Args:
        name: A study, or ``"simulated"`` for a corpus that is rendered.
        encoder: What embeds; one that keeps its embeddings goes on where a killed run ended.
        hold_out: See ``splits.split``.
        corpus: Size of the simulated corpus.
        make_encoder: Makes the encoder in the processes that render it.
        workers: How many those are.
        world: The processes that train together; each embeds its share.
        told: What is known about a file of ratings.
    """
    from qamro.training.prepared import Prepared
    from qamro.training.simulated_corpus import simulated_corpus
    from qamro.training.splits import split

    study = None if name == SIMULATED else open_audible(name, told)
    parts = split(study, hold_out=hold_out) if study is not None else None  # refused before a clip is embedded
    started = time.perf_counter()
    with progress("clips", show=world.first) as bar:
        task = bar.add_task("Embedding", total=None)

        def tick(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if study is None:
            study, embeddings = simulated_corpus(corpus, make_encoder, workers=workers, on_clip=tick)
        else:
            embeddings = _embed(study, encoder, tick, world)
    name_left_out(embeddings.failed, len(study.clips))
    embedded_in(len(embeddings.clips), time.perf_counter() - started)
    return Prepared(study, embeddings, parts or own_prompts_only(split(study, hold_out=hold_out)), hold_out)


def _embed(study: Any, encoder: Any, tick: Any, world: World) -> Embeddings:
    from qamro.training.embeddings import embed_study

    if world.size > 1:  # each process a share, which the others then find in the store
        names = list(study.clips["clip"])
        share = names[world.share(len(names))]
        if share:
            embed_study(study.of_clips(share), encoder, on_clip=tick)
        world.wait()
    return embed_study(study, encoder, on_clip=tick)


def fit(prepared: Prepared, encoder: Any, recipe: Recipe, out: Path, world: World) -> Card:
    """Trains the heads and writes them; a killed run leaves what the next one goes on from."""
    from qamro.encoders.tuned import FOLDER
    from qamro.training.recipe import train_heads

    axes = list(recipe.axes) if recipe.axes else prepared.trainable
    with axes_progress(axes, show=world.first) as tick:
        bundle = train_heads(prepared, encoder, recipe, on_epoch=tick, checkpoint=out / UNFINISHED, world=world)
    if world.first:
        with written_to(out):
            bundle.save(out)
        shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        shutil.rmtree(out / FOLDER, ignore_errors=True)  # of an earlier end-to-end run with the same --out
    return bundle.card


def encoders(name: str, device: str) -> tuple[Any, Any]:
    """Returns an encoder that keeps its embeddings, and what makes one that does not."""
    from qamro.encoders import load_encoder
    from qamro.encoders.cached import CachedEncoder

    encoder = load_encoder(name, device=device)
    kept = encoder if isinstance(encoder, CachedEncoder) else CachedEncoder(encoder)
    return kept, partial(load_encoder, name, device=device)
