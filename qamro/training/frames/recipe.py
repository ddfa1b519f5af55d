"""From a study to a folder of branches with their card: fit, calibrate, test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from qamro.axes import NEEDS_PROMPT, get_axis
from qamro.heads.bundle import FrameBundle
from qamro.heads.dual_branch import BranchSettings, count_parameters, make_branch
from qamro.heads.score_head import drawn_by
from qamro.training.cards import chosen, domain_tensors, make_card, make_record
from qamro.training.frames.embedded_frames import EmbeddedFrames, FrameData
from qamro.training.frames.run import FrameRun, deramos_objective, in_words
from qamro.training.objective import Objective
from qamro.training.recipe import Progress, Recipe
from qamro.training.trainer import Fit, FitConfig, describe

if TYPE_CHECKING:
    from qamro.encoders.frames import FrameEncoder

FIT = FitConfig(optimizer="adamw", lr=1e-3, batch_size=64, max_epochs=60, patience=8)
"""What a frame-level model is fitted with unless said otherwise."""


@dataclass(frozen=True)
class FrameRecipe(Recipe):
    """How to train a dual-branch model.

    Attributes:
        settings: Sizes of a branch; widths of frames and tokens and the scale are filled in. ``hidden`` and ``dropout``
            of ``config`` are not read: these settings have them.
    """

    objective: Callable[[str], Objective] = deramos_objective
    config: FitConfig = FIT
    settings: BranchSettings = field(default_factory=lambda: BranchSettings(1))


def train_branches(
    prepared: EmbeddedFrames,
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
        settings = _sizes(data, axis, encoder, recipe)
        fits[axis] = []
        for seed in recipe.seeds:
            run = _run(data, axis, settings, recipe, seed)
            file = checkpoint / f"{quote(axis, safe='')}-{seed}.pt" if checkpoint is not None else None
            run.run(partial(_report, axis, on_epoch), file)
            fits[axis].append(run.finish())
    best = chosen(recipe, fits)
    branches = {axis: fitted.head for axis, fitted in best.items()}
    sizes, fitting = asdict(recipe.settings), describe(recipe.config)
    kept = {key: sizes[key] for key in ("width", "layers", "heads", "pooling", "output", "bins", "dropout")}
    card = make_card(
        prepared,
        recipe,
        best,
        encoder={
            "name": encoder.name,
            "revision": encoder.revision,
            "frames": f"{encoder.key}, {encoder.frame_dim} numbers, {encoder.frame_rate:g} a second",
            "key": encoder.key,
        },
        objective={axis: in_words(recipe.objective(axis), recipe.settings.output) for axis in fits},
        settings=kept | {key: value for key, value in fitting.items() if key not in ("hidden", "dropout")},
        seconds=sum(fitted.seconds for found in fits.values() for fitted in found),
        model="dual branch: "
        + ", ".join(f"{axis} {count_parameters(branch):,} parameters" for axis, branch in branches.items()),
    )
    probe = encoder.probe()
    record = make_record(prepared, recipe, card, probe, fits)
    return FrameBundle(branches, card, {"probe": probe} | domain_tensors(prepared), record)  # type: ignore[arg-type]


def _run(data: FrameData, axis: str, sizes: BranchSettings, recipe: FrameRecipe, seed: int) -> FrameRun:
    with drawn_by(seed):
        branch = make_branch(sizes).to(recipe.device)
    return FrameRun(branch, recipe.objective(axis), replace(recipe.config, seed=seed), data)


def _report(axis: str, on_epoch: Callable[[Progress], bool | None] | None, rows: list[dict[str, float]]) -> bool | None:
    return on_epoch(Progress(axis, rows[0], rows)) if on_epoch is not None else None


def _sizes(data: FrameData, axis: str, encoder: FrameEncoder, recipe: FrameRecipe) -> BranchSettings:
    known = get_axis(axis)
    scale = (known.low, known.high) if known.has_range else (float(data.targets.min()), float(data.targets.max()))
    text = encoder.token_dim if axis in NEEDS_PROMPT else 0
    return replace(recipe.settings, frame_dim=encoder.frame_dim, token_dim=text, scale=scale)
