"""From a study to a folder of heads with their card: fit, calibrate, test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from qamro.encoders.probe import probe_embedding
from qamro.heads import Card, HeadBundle
from qamro.heads.kinds import Head
from qamro.training.conformal import half_width
from qamro.training.distributed import ALONE, World
from qamro.training.fit_config import FitConfig, describe
from qamro.training.objective import Objective, paper_objective
from qamro.training.objective_heads import head_maker
from qamro.training.prepared import Prepared
from qamro.training.record import fit_record, run_record, study_summary, versions
from qamro.training.run import Fit
from qamro.training.splits import PARTS, subset
from qamro.training.trainer import fit_many

LEVEL = 0.9
"""Coverage of the intervals on the card."""


@dataclass(frozen=True)
class Recipe:
    """How to train a folder of heads.

    Attributes:
        name: For the card.
        axes: Which axes; None for all that can be trained.
        objective: Gives the loss of an axis.
        config: How to fit one head.
        seeds: One fit each; the one with the lowest validation loss is kept.
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
    prepared: Prepared,
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


def bundle_of(prepared: Prepared, encoder: Any, recipe: Recipe, fits: Mapping[str, Sequence[Fit]]) -> HeadBundle:
    """Chooses the best seed of every axis, tests it, and writes card and record.

    Args:
        prepared: The study, embedded and split.
        encoder: The one that made the embeddings.
        recipe: How the heads were trained.
        fits: For each axis, one fit a seed.
    """
    best = {axis: min(found, key=lambda fitted: fitted.val_loss) for axis, found in fits.items()}
    heads = {axis: fitted.head for axis, fitted in best.items()}
    study, parts = prepared.study, prepared.parts
    who = "simulated " if study.kind == "simulated" else ""
    card = Card(
        name=recipe.name,
        kind=study.kind,
        encoder={"name": encoder.name, "revision": encoder.revision},
        study=study_summary(study),
        objective={axis: str(recipe.objective(axis)) for axis in fits},
        training={
            "command": recipe.command,
            "seeds": list(recipe.seeds),
            "clips": {part: len(parts[part]) for part in PARTS},
            "best epoch": {axis: fitted.best_epoch for axis, fitted in best.items()},
            **describe(recipe.config),
            **versions(),
            "seconds": round(sum(found[0].seconds for found in fits.values()), 2),
            "device": recipe.device,
        },
        metrics=held_out_metrics(prepared, heads),
        half_width=half_widths(prepared, heads),
        interval=f"{100 * LEVEL:.0f} % split-conformal interval from {len(parts['calibration'])} held-out {who}clips",
    )
    probe = probe_embedding(encoder)
    card.encoder["hash"] = hashlib.sha256(probe.numpy().tobytes()).hexdigest()[:16]
    axes = {
        axis: fit_record(recipe.objective(axis), recipe.seeds, found, held_out_by_fit(prepared, axis, found))
        for axis, found in fits.items()
    }
    return HeadBundle(heads, card, {"probe": probe}, run_record(card, recipe.config, parts, axes))


def held_out_metrics(prepared: Prepared, heads: dict[str, Head]) -> list[dict[str, Any]]:
    """Evaluates heads on the test part; returns rows for the card, with None for what is undefined."""
    from qamro.evaluation import evaluate

    clips = prepared.parts["test"]
    table = evaluate(subset(prepared.study, clips), prepared.predict(clips, heads), axes=list(heads)).table
    columns = ["axis", "level", "metric", "value", "low", "high", "clips", "systems"]
    table = table[columns].round(4).astype(object)
    return table.where(table.notna(), None).to_dict("records")


def held_out_by_fit(prepared: Prepared, axis: str, fits: Sequence[Fit]) -> list[dict[str, dict[str, float]]]:
    """Returns for each fit its metrics on the test part, by level: how far seeds alone move them."""
    from qamro.evaluation.levels import LEVELS, Sample

    clips, _, targets = prepared.test(axis)
    if not clips:
        return [{} for _ in fits]
    systems = dict(zip(prepared.study.clips["clip"], prepared.study.clips["system"], strict=True))
    of_clips = np.array([systems[clip] for clip in clips], dtype=str)
    predicted = [prepared.predict(clips, {axis: fitted.head})[axis].to_numpy(float) for fitted in fits]
    samples = [Sample(scores, targets.double().numpy(), of_clips) for scores in predicted]
    return [{level: dict(sample.measure(level)) for level in LEVELS} for sample in samples]


def _fit_axis(
    prepared: Prepared,
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


def half_widths(prepared: Prepared, heads: dict[str, Head]) -> dict[str, float]:
    """Returns for each axis half the width of its interval, from the calibration part."""
    clips = prepared.parts["calibration"]
    table = prepared.predict(clips, heads).set_index("clip")
    widths = {}
    for axis in heads:
        rows, targets = prepared.targets(clips, axis)
        predictions = table.loc[[prepared.embeddings.clips[i] for i in rows.tolist()], axis].to_numpy()
        widths[axis] = round(half_width(targets.numpy(), predictions, LEVEL), 4)
    return widths
