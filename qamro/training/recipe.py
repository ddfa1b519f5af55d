"""From a study to a folder of heads with their card: fit, calibrate, test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qamro.encoders.clips import probe_embedding
from qamro.heads import HeadBundle
from qamro.training.cards import chosen, domain_tensors, make_card, make_record
from qamro.training.distributed import ALONE, World
from qamro.training.embedded_study import EmbeddedStudy
from qamro.training.objective import Objective, paper_objective, source_of
from qamro.training.trainer import Fit, FitConfig, describe, fit_many, head_maker


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
    """

    name: str
    axes: Sequence[str] | None = None
    objective: Callable[[str], Objective] = paper_objective
    config: FitConfig = field(default_factory=FitConfig)
    seeds: Sequence[int] = (0,)
    command: str = ""
    device: str = "cpu"


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
    one to test; the test part takes no part in any choice.

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
    for axis in recipe.axes if recipe.axes is not None else prepared.trainable:
        if fits and world.any(bool(stop is not None and stop())):
            break
        fits[axis] = _fit_axis(prepared, axis, recipe, on_epoch=on_epoch, checkpoint=checkpoint, world=world)
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


def _fit_axis(
    prepared: EmbeddedStudy,
    axis: str,
    recipe: Recipe,
    *,
    on_epoch: Callable[[Progress], bool | None] | None,
    checkpoint: Path | None,
    world: World,
) -> list[Fit]:
    def report(rows: list[dict[str, float]]) -> bool | None:
        return on_epoch(Progress(axis, rows[0], rows)) if on_epoch is not None else None

    objectives = [recipe.objective(axis)] * len(recipe.seeds)
    return fit_many(
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
