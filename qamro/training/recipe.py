"""From a study to a folder of heads with their card: fit, calibrate, test."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qamro.encoders.probe import probe_embedding
from qamro.heads import Card, HeadBundle, ScoreHead
from qamro.training.conformal import half_width
from qamro.training.objective import Objective, paper_objective
from qamro.training.prepared import Prepared
from qamro.training.record import study_summary, versions
from qamro.training.run import Fit, FitConfig
from qamro.training.splits import PARTS, subset
from qamro.training.trainer import describe, fit_many

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
    """

    axis: str
    row: dict[str, float]


def train_heads(
    prepared: Prepared,
    encoder: Any,
    recipe: Recipe,
    *,
    on_epoch: Callable[[Progress], bool | None] | None = None,
) -> HeadBundle:
    """Trains a head for every axis and says how good it is on clips that training never saw.

    Of the four parts, one is to fit, one to stop by and to choose the seed by, one to calibrate the interval, and
    one to test; the test part takes no part in any choice.

    Args:
        prepared: The study, embedded and split.
        encoder: The one that made the embeddings.
        recipe: How to train.
        on_epoch: Called after every epoch; returning True stops the current axis.

    Raises:
        ValueError: An axis is not rated in the study, or a part is empty.
    """
    started = time.perf_counter()
    axes = list(recipe.axes) if recipe.axes is not None else prepared.trainable
    fits = {axis: _best_seed(prepared, axis, recipe, on_epoch) for axis in axes}
    heads = {axis: result.head for axis, result in fits.items()}
    study, parts = prepared.study, prepared.parts
    who = "simulated " if study.kind == "simulated" else ""
    card = Card(
        name=recipe.name,
        kind=study.kind,
        encoder={"name": encoder.name, "revision": encoder.revision},
        study=study_summary(study),
        objective={axis: str(recipe.objective(axis)) for axis in axes},
        training={
            "command": recipe.command,
            "seeds": list(recipe.seeds),
            "clips": {part: len(parts[part]) for part in PARTS},
            "best epoch": {axis: result.best_epoch for axis, result in fits.items()},
            **describe(recipe.config),
            **versions(),
            "seconds": round(time.perf_counter() - started, 1),
            "device": recipe.device,
        },
        metrics=held_out_metrics(prepared, heads),
        half_width=_half_widths(prepared, heads),
        interval=f"{100 * LEVEL:.0f} % split-conformal interval from {len(parts['calibration'])} held-out {who}clips",
    )
    probe = probe_embedding(encoder)
    card.encoder["hash"] = hashlib.sha256(probe.numpy().tobytes()).hexdigest()[:16]
    return HeadBundle(heads, card, {"probe": probe})


def held_out_metrics(prepared: Prepared, heads: dict[str, ScoreHead]) -> list[dict[str, Any]]:
    """Evaluates heads on the test part; returns rows for the card, with None for what is undefined."""
    from qamro.evaluation import evaluate

    clips = prepared.parts["test"]
    table = evaluate(subset(prepared.study, clips), prepared.predict(clips, heads), axes=list(heads)).table
    columns = ["axis", "level", "metric", "value", "low", "high", "clips", "systems"]
    table = table[columns].round(4).astype(object)
    return table.where(table.notna(), None).to_dict("records")


def _best_seed(
    prepared: Prepared, axis: str, recipe: Recipe, on_epoch: Callable[[Progress], bool | None] | None
) -> Fit:
    def report(rows: list[dict[str, float]]) -> bool | None:
        return on_epoch(Progress(axis, rows[0])) if on_epoch is not None else None

    objectives = [recipe.objective(axis)] * len(recipe.seeds)
    fits = fit_many(prepared.data(axis), objectives, recipe.seeds, recipe.config, on_epoch=report, device=recipe.device)
    return min(fits, key=lambda result: result.val_loss)


def _half_widths(prepared: Prepared, heads: dict[str, ScoreHead]) -> dict[str, float]:
    clips = prepared.parts["calibration"]
    table = prepared.predict(clips, heads).set_index("clip")
    widths = {}
    for axis in heads:
        rows, targets = prepared.targets(clips, axis)
        predictions = table.loc[[prepared.embeddings.clips[i] for i in rows.tolist()], axis].to_numpy()
        widths[axis] = round(half_width(targets.numpy(), predictions, LEVEL), 4)
    return widths
