"""From a study to a folder of heads with their card: fit, calibrate, test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qamro.axes import PREFERENCE
from qamro.encoders.clips import probe_embedding
from qamro.evaluation.preferences import asked
from qamro.heads import HeadBundle
from qamro.training.cards import chosen, domain_tensors, make_card, make_record
from qamro.training.distributed import ALONE, World
from qamro.training.embedded_study import EmbeddedStudy, Fit, embed_study, whole
from qamro.training.objective import Objective, paper_objective, source_of
from qamro.training.presets import Settings, objective_of
from qamro.training.rewards import put_into_units
from qamro.training.simulated_corpus import Corpus, is_catch, simulated_corpus
from qamro.training.splits import fold_count, folds, split
from qamro.training.trainer import FitConfig, describe, fit_many, head_maker

if TYPE_CHECKING:
    from qamro.studies import Study


@dataclass(frozen=True)
class Recipe:
    """How to train a folder of heads.

    Attributes:
        name: For the card.
        axes: Which axes; None for all that can be trained.
        objective: Gives the loss of an axis.
        config: How to fit one head.
        seeds: One fit each; the best by validation loss, or by what the config stops by, is kept.
        command: What makes these heads again, for the card.
        device: Where to train.
        hold_out: What no two parts of the study share (see ``splits.split``).
        folds: In how many folds, so that every rating trains and every clip tests; 0 for one split, None for what the
            study allows (``splits.fold_count``). All seeds of all folds are kept then, and predict together.
    """

    name: str
    axes: Sequence[str] | None = None
    objective: Callable[[str], Objective] = paper_objective
    config: FitConfig = field(default_factory=FitConfig)
    seeds: Sequence[int] = (0,)
    command: str = ""
    device: str = "cpu"
    hold_out: str = "content"
    folds: int | None = 0


def recipe_of(settings: Settings, name: str, command: str, device: str = "cpu") -> Recipe:
    """Returns how to train.

    Args:
        settings: What was chosen.
        name: For the card.
        command: What makes these heads again, for the card.
        device: Where to train.

    Raises:
        ValueError: A value is out of range; the message says which.
    """
    for axis in settings.axes or ("MI",):
        objective_of(settings, axis)
    config = FitConfig(
        optimizer=settings.optimizer,
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        batch_size=settings.batch_size,
        max_epochs=settings.epochs,
        patience=settings.patience,
        dropout=settings.dropout,
        stop_by=settings.stop_by,
    )
    return Recipe(
        name,
        settings.axes or None,
        partial(objective_of, settings),
        config,
        range(settings.seeds),
        command,
        device,
        settings.hold_out,
        settings.folds,
    )


@dataclass(frozen=True)
class Progress:
    """What a training run reports after every epoch.

    Attributes:
        axis: Being fitted.
        row: The newest row of the first seed's history; all seeds are fitted side by side.
        rows: The newest row of every seed's history.
    """

    axis: str
    row: dict[str, float]
    rows: list[dict[str, float]] = field(default_factory=list)


def train(
    study: Study | Corpus,
    recipe: Recipe,
    encoder: Any,
    *,
    make_encoder: Callable[[], Any] | None = None,
    workers: int = 2,
    on_clip: Callable[[int, int], bool | None] | None = None,
    on_embedded: Callable[[EmbeddedStudy], None] | None = None,
    on_epoch: Callable[[Progress], bool | None] | None = None,
    stop: Callable[[], bool] | None = None,
    checkpoint: Path | None = None,
    world: World = ALONE,
) -> tuple[HeadBundle, EmbeddedStudy]:
    """Trains heads on a study: splits and embeds it, fits, calibrates and tests; what every way to train goes through.

    Args:
        study: With audio; or a corpus to render.
        recipe: How to train.
        encoder: What embeds; one that keeps its embeddings goes on where a killed run ended.
        make_encoder: Makes the encoder in the processes that render a corpus.
        workers: How many those are.
        on_clip: Called with (clips embedded, clips in all); returning True stops.
        on_embedded: Called with the study before the first epoch.
        on_epoch: As in ``train_heads``; so are ``stop`` and ``checkpoint``.
        stop: Asked before every axis but the first.
        checkpoint: A folder to go on from.
        world: The processes that train together; each embeds its share.

    Returns:
        The heads with their card, and the study as it was embedded and split.

    Raises:
        ValueError: As ``train_heads``; or the study is too small for the split, or no clip can be read.
        InterruptedError: ``on_clip`` asked to stop.
    """
    question = question_of(study, recipe)
    if isinstance(study, Corpus):
        if recipe.folds is not None and recipe.folds > 1:
            raise ValueError("a corpus that is rendered for training is split once; leave --folds away")
        made, embeddings = simulated_corpus(study, make_encoder or (lambda: encoder), workers=workers, on_clip=on_clip)
        parts = own_prompts_only(split(made, hold_out=recipe.hold_out))
        prepared = EmbeddedStudy(made, embeddings, parts, recipe.hold_out)
    else:
        count = fold_count(study, recipe.folds, recipe.hold_out)  # refused before a clip is embedded
        parted = folds(study, count, hold_out=recipe.hold_out) if count else []
        parts = whole(study) if parted else split(study, hold_out=recipe.hold_out)
        names = list(study.clips["clip"])
        if world.size > 1 and (share := names[world.share(len(names))]):  # which the others then find in the store
            embed_study(study.of_clips(share), encoder, on_clip=on_clip)
        world.wait()
        embeddings = embed_study(study, encoder, on_clip=on_clip)
        prepared = EmbeddedStudy(study, embeddings, parts, recipe.hold_out, parted, question)
    if on_embedded is not None:
        on_embedded(prepared)
    heads = train_heads(prepared, encoder, recipe, on_epoch=on_epoch, stop=stop, checkpoint=checkpoint, world=world)
    return heads, prepared


def question_of(study: Study | Corpus, recipe: Recipe) -> str:
    """Returns which votes between two clips a recipe trains on; empty where it trains on ratings.

    Raises:
        ValueError: Its objective is one of pairs and the study has no such votes, or on several questions; or there are
            votes only, and its objective takes ratings.
    """
    wanted = list(recipe.axes or ())
    first = recipe.objective(wanted[0] if wanted else PREFERENCE.key)
    if isinstance(study, Corpus):
        if first.on_pairs:
            raise ValueError(f"{first} is trained on votes between two clips; the simulated corpus has ratings")
        return ""
    if first.on_pairs:
        if len(wanted) > 1:
            raise ValueError(f"{first} is trained on one question; name one of {', '.join(wanted)}")
        return str(asked(study, *wanted)["axis"].iloc[0])
    if study.votes is not None and not study.axes:
        raise ValueError(
            f"study {study.name!r} holds votes between two clips and no ratings; choose an objective of pairs, for "
            "example pairs-logistic"
        )
    return ""


def axes_of(prepared: EmbeddedStudy, recipe: Recipe) -> list[str]:
    """Returns the axes that a recipe trains: those asked for, or all that can be; ``preference`` for votes."""
    return list(prepared.trainable if prepared.question or recipe.axes is None else recipe.axes)


def own_prompts_only(parts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Leaves a corpus's catches to fitting: what is measured are clips with their own prompts."""
    return {part: [clip for clip in clips if part == "train" or not is_catch(clip)] for part, clips in parts.items()}


def train_heads(
    prepared: EmbeddedStudy,
    encoder: Any,
    recipe: Recipe,
    *,
    on_epoch: Callable[[Progress], bool | None] | None = None,
    stop: Callable[[], bool] | None = None,
    checkpoint: Path | None = None,
    world: World = ALONE,
) -> HeadBundle:
    """Trains a head for every axis and says how good it is on clips that training never saw.

    Of the four parts, one is to fit, one to stop by and to choose the seed by, one to calibrate the interval, and
    one to test; the test part takes no part in any choice. In folds every clip is tested, by heads that neither fitted
    nor stopped by its group, and what they are off by calibrates the interval.

    Args:
        prepared: The study, embedded and split.
        encoder: The one that made the embeddings.
        recipe: How to train.
        on_epoch: Called after every epoch; returning True stops the current axis.
        stop: Asked before every axis but the first; True leaves out this one and those after it.
        checkpoint: A folder that is written after every epoch; where a killed run left it, the run goes on from there
            and ends as if it had never been killed. It may be removed when the heads are saved.
        world: The processes that share the work; all return the same heads.

    Returns:
        The heads with their card; ``record`` holds every epoch of every seed.

    Raises:
        ValueError: An axis is not rated in the study, a part is empty, an objective needs prompts and there are none,
            or the checkpoint is another run's.
    """
    fits: dict[str, list[Fit]] = {}
    for axis in axes_of(prepared, recipe):
        if fits and world.any(bool(stop is not None and stop())):
            break
        fits[axis] = fit_axis(prepared, axis, recipe, on_epoch=on_epoch, checkpoint=checkpoint, world=world)
    return bundle_of(prepared, encoder, recipe, fits)


def bundle_of(prepared: EmbeddedStudy, encoder: Any, recipe: Recipe, fits: Mapping[str, Sequence[Fit]]) -> HeadBundle:
    """Chooses the best seed of every axis, tests it, and makes card and record.

    Args:
        prepared: The study, embedded and split.
        encoder: The one that made the embeddings.
        recipe: How the heads were trained.
        fits: For each axis, one fit a seed.
    """
    best = chosen(recipe, fits)
    if prepared.question:
        for axis, fitted in best.items():
            put_into_units(prepared, axis, fitted.head)
    heads = {axis: fitted.head for axis, fitted in best.items()}
    card = make_card(
        prepared,
        recipe,
        best,
        encoder={"name": encoder.name, "revision": encoder.revision},
        objective={axis: str(recipe.objective(axis)) for axis in fits},
        settings=describe(recipe.config),
        seconds=sum(found[0].seconds for found in fits.values()),
    )
    if sources := {axis: found for axis in fits if (found := source_of(recipe.objective(axis), axis))}:
        card.training["objective from"] = sources
    probe = probe_embedding(encoder)
    return HeadBundle(
        heads, card, {"probe": probe} | domain_tensors(prepared), make_record(prepared, recipe, card, probe, fits)
    )


def fit_axis(
    prepared: EmbeddedStudy,
    axis: str,
    recipe: Recipe,
    *,
    on_epoch: Callable[[Progress], bool | None] | None = None,
    checkpoint: Path | None = None,
    world: World = ALONE,
) -> list[Fit]:
    """Fits the heads of one axis; see ``train_heads``.

    Returns:
        One fit a seed; in folds each of them has a head of every fold.
    """

    def report(rows: list[dict[str, float]]) -> bool | None:
        return on_epoch(Progress(axis, rows[0], rows)) if on_epoch is not None else None

    objectives = [recipe.objective(axis)] * len(recipe.seeds)
    fits = fit_many(
        prepared.data(axis),
        objectives,
        recipe.seeds,
        recipe.config,
        on_epoch=report,
        checkpoint=checkpoint / f"{quote(axis, safe='')}.pt" if checkpoint is not None else None,
        device=recipe.device,
        make_head=head_maker(prepared, axis, objectives, recipe.config),
        world=world,
    )
    if not prepared.folds:
        return fits
    each = len(recipe.seeds)
    return [Fit.of_folds([[fits[m]] for m in range(seed, len(fits), each)]) for seed in range(each)]
