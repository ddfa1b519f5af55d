"""The card and the record of what was trained, alike for heads, for heads with their encoder, for dual branches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qamro.heads import Card
from qamro.studies.summary import study_summary
from qamro.training.fitted import Fit
from qamro.training.prepared import Prepared
from qamro.training.record import fit_record, run_record
from qamro.training.splits import PARTS
from qamro.training.tested import (
    calibrated,
    fit_domain,
    held_out_by_fit,
    held_out_in_words,
    held_out_metrics,
    rating_ranges,
)
from qamro.versions import versions

if TYPE_CHECKING:
    import torch

    from qamro.training.recipe import Recipe


def chosen(recipe: Recipe, fits: Mapping[str, Sequence[Fit]]) -> dict[str, Fit]:
    """Returns for each axis the best of its fits, by what training was stopped by."""
    return {axis: found[recipe.config.choose([fitted.best_row for fitted in found])] for axis, found in fits.items()}


def make_card(
    prepared: Prepared,
    recipe: Recipe,
    best: Mapping[str, Fit],
    *,
    encoder: dict[str, str],
    objective: dict[str, str],
    settings: Mapping[str, Any],
    seconds: float,
    model: str = "",
) -> Card:
    """Tests what was trained and says on a card what it is worth.

    Args:
        prepared: The study, embedded and split.
        recipe: How it was trained.
        best: For each axis the fit that is kept.
        encoder: What the card says of the encoder.
        objective: For each axis its loss in words.
        settings: What the card says of model and optimiser.
        seconds: Spent on epochs.
        model: What was trained, where it is more than heads.
    """
    study, clips = prepared.study, {part: len(prepared.readable(part)) for part in PARTS}
    heads = {axis: fitted.head for axis, fitted in best.items()}
    calibration = calibrated(prepared, heads)
    return Card(
        name=recipe.name,
        kind=study.kind,
        encoder=encoder,
        study=study_summary(study),
        objective=objective,
        training={
            "command": recipe.command,
            **({"model": model} if model else {}),
            "seeds": list(recipe.seeds),
            "clips": clips,
            "held out": prepared.hold_out,
            **({} if calibration.what == "clips" else {calibration.what: calibration.groups}),
            "best epoch": {axis: fitted.best_epoch for axis, fitted in best.items()},
            **settings,
            **versions(),
            "seconds": round(seconds, 2),
            "device": recipe.device,
        },
        metrics=held_out_metrics(prepared, heads),
        half_width=calibration.half_width,
        interval=calibration.interval,
        held_out=held_out_in_words(prepared),
        rated=rating_ranges(prepared, list(best)),
    )


def domain_tensors(prepared: Prepared) -> dict[str, torch.Tensor]:
    """Returns what is kept of the training clips' kind beside the heads; nothing where it cannot be told."""
    domain = fit_domain(prepared)
    return domain.tensors() if domain is not None else {}


def make_record(
    prepared: Prepared, recipe: Recipe, card: Card, probe: torch.Tensor, fits: Mapping[str, Sequence[Fit]]
) -> dict[str, Any]:
    """Returns the record of a run, and puts the fingerprint of the encoder on its card.

    Args:
        prepared: The study, embedded and split.
        recipe: How it was trained.
        card: Gets the hash of the encoder.
        probe: The encoder's answer to a fixed sound.
        fits: For each axis, one fit a seed.
    """
    card.encoder["hash"] = hashlib.sha256(probe.numpy().tobytes()).hexdigest()[:16]
    axes = {
        axis: fit_record(
            recipe.objective(axis), recipe.seeds, found, held_out_by_fit(prepared, axis, found), recipe.config
        )
        for axis, found in fits.items()
    }
    record = run_record(card, recipe.config, prepared.parts, axes)
    return record | {"unreadable clips": dict(prepared.embeddings.failed)}
