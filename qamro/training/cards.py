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
from qamro.training.tested import LEVEL, half_widths, held_out_by_fit, held_out_metrics
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
    who = "simulated " if study.kind == "simulated" else ""
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
            "best epoch": {axis: fitted.best_epoch for axis, fitted in best.items()},
            **settings,
            **versions(),
            "seconds": round(seconds, 2),
            "device": recipe.device,
        },
        metrics=held_out_metrics(prepared, heads),
        half_width=half_widths(prepared, heads),
        interval=f"{100 * LEVEL:.0f} % split-conformal interval from {clips['calibration']} held-out {who}clips",
    )


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
