"""From a study to a folder of branches with their card: fit, calibrate, test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import torch

from qamro.axes import get_axis
from qamro.heads import Card
from qamro.heads.branch_settings import BranchSettings, count_parameters
from qamro.heads.dual_branch import make_branch
from qamro.heads.frame_bundle import FrameBundle
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.fit_config import FitConfig, describe
from qamro.training.frames.loss import deramos_objective, in_words
from qamro.training.frames.prepared import FrameData, PreparedFrames
from qamro.training.frames.run import FrameRun
from qamro.training.objective import Objective
from qamro.training.recipe import LEVEL, Progress, half_widths, held_out_by_fit, held_out_metrics
from qamro.training.record import fit_record, run_record, study_summary, versions
from qamro.training.run import Fit
from qamro.training.splits import PARTS

if TYPE_CHECKING:
    from qamro.encoders.frames import FrameEncoder

FIT = FitConfig(optimizer="adamw", lr=1e-3, batch_size=64, max_epochs=60, patience=8)
"""What a frame-level model is fitted with unless said otherwise."""


@dataclass(frozen=True)
class FrameRecipe:
    """How to train a dual-branch model.

    Attributes:
        name: For the card.
        axes: Which axes; None for all that can be trained.
        objective: Gives the loss of an axis.
        settings: Sizes of a branch; widths of frames and tokens and the scale are filled in.
        config: How to fit; ``hidden`` and ``dropout`` are not read, ``settings`` has them.
        seeds: One fit each; the one with the lowest validation loss is kept.
        command: What makes the model again, for the card.
        device: Where to train.
    """

    name: str
    axes: Sequence[str] | None = None
    objective: Callable[[str], Objective] = deramos_objective
    settings: BranchSettings = field(default_factory=lambda: BranchSettings(1))
    config: FitConfig = FIT
    seeds: Sequence[int] = (0,)
    command: str = ""
    device: str = "cpu"


def train_branches(
    prepared: PreparedFrames,
    encoder: FrameEncoder,
    recipe: FrameRecipe,
    *,
    on_epoch: Callable[[Progress], bool | None] | None = None,
    checkpoint: Path | None = None,
) -> FrameBundle:
    """Trains a branch for every axis and says how good it is on clips that training never saw.

    The parts serve as in ``qamro.training.recipe.train_heads``.

    Args:
        prepared: The study, embedded along time and split.
        encoder: The one that made the frames.
        recipe: How to train.
        on_epoch: Called after every epoch; returning True stops the fit at hand.
        checkpoint: A folder that is written after every epoch; where a killed run left it, the run goes on from there.

    Returns:
        The branches with their card; ``record`` holds every epoch of every seed.

    Raises:
        ValueError: An axis is not rated in the study, a part is empty, an objective needs what the branch does not
            give, or the checkpoint is another run's.
    """
    axes = list(recipe.axes) if recipe.axes is not None else prepared.trainable
    fits: dict[str, list[Fit]] = {}
    for axis in axes:
        data = prepared.frame_data(axis)
        sizes = _sizes(data, axis, encoder, recipe)
        fits[axis] = []
        for seed in recipe.seeds:
            run = _run(data, axis, sizes, recipe, seed)
            file = checkpoint / f"{quote(axis, safe='')}-{seed}.pt" if checkpoint is not None else None
            fits[axis].append(_fit(run, axis, file, on_epoch))
    best = {axis: min(found, key=lambda fitted: fitted.val_loss) for axis, found in fits.items()}
    branches = {axis: fitted.head for axis, fitted in best.items()}
    card = _card(prepared, encoder, recipe, fits, best)
    probe = encoder.probe()
    card.encoder["hash"] = hashlib.sha256(probe.numpy().tobytes()).hexdigest()[:16]
    records = {
        axis: fit_record(recipe.objective(axis), recipe.seeds, found, held_out_by_fit(prepared, axis, found))
        for axis, found in fits.items()
    }
    record = run_record(card, recipe.config, prepared.parts, records)
    return FrameBundle(branches, card, {"probe": probe}, record)  # type: ignore[arg-type]


def _run(data: FrameData, axis: str, sizes: BranchSettings, recipe: FrameRecipe, seed: int) -> FrameRun:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        branch = make_branch(sizes).to(recipe.device)
    return FrameRun(branch, recipe.objective(axis), replace(recipe.config, seed=seed), data)


def _fit(run: FrameRun, axis: str, file: Path | None, on_epoch: Callable[[Progress], bool | None] | None) -> Fit:
    if file is not None and file.is_file():
        run.restore(file)
    while not run.done:
        row = run.epoch()
        if file is not None:
            run.save(file)
        if on_epoch is not None and on_epoch(Progress(axis, row, [row])):
            break
    return run.finish()


def _sizes(data: FrameData, axis: str, encoder: FrameEncoder, recipe: FrameRecipe) -> BranchSettings:
    known = get_axis(axis)
    scale = (known.low, known.high) if known.has_range else (float(data.targets.min()), float(data.targets.max()))
    text = encoder.token_dim if axis in NEEDS_PROMPT else 0
    return replace(recipe.settings, frame_dim=encoder.frame_dim, token_dim=text, scale=scale)


def _card(
    prepared: PreparedFrames,
    encoder: FrameEncoder,
    recipe: FrameRecipe,
    fits: dict[str, list[Fit]],
    best: dict[str, Fit],
) -> Card:
    study, parts, sizes = prepared.study, prepared.parts, asdict(recipe.settings)
    branches = {axis: fitted.head for axis, fitted in best.items()}
    who = "simulated " if study.kind == "simulated" else ""
    kept = {key: sizes[key] for key in ("width", "layers", "heads", "pooling", "output", "bins", "dropout")}
    fitting = {key: value for key, value in describe(recipe.config).items() if key not in ("hidden", "dropout")}
    return Card(
        name=recipe.name,
        kind=study.kind,
        encoder={
            "name": encoder.name,
            "revision": encoder.revision,
            "frames": f"{encoder.key}, {encoder.frame_dim} numbers, {encoder.frame_rate:g} a second",
            "key": encoder.key,
        },
        study=study_summary(study),
        objective={axis: in_words(recipe.objective(axis), recipe.settings.output) for axis in fits},
        training={
            "command": recipe.command,
            "model": "dual branch: "
            + ", ".join(f"{axis} {count_parameters(branch):,} parameters" for axis, branch in branches.items()),
            "seeds": list(recipe.seeds),
            "clips": {part: len(parts[part]) for part in PARTS},
            "best epoch": {axis: fitted.best_epoch for axis, fitted in best.items()},
            **kept,
            **fitting,
            **versions(),
            "seconds": round(sum(fitted.seconds for found in fits.values() for fitted in found), 1),
            "device": recipe.device,
        },
        metrics=held_out_metrics(prepared, branches),
        half_width=half_widths(prepared, branches),
        interval=f"{100 * LEVEL:.0f} % split-conformal interval from {len(parts['calibration'])} held-out {who}clips",
    )
