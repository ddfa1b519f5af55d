"""From a study to a folder of heads with the encoder that was trained with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from qamro.axes import NEEDS_PROMPT, get_axis
from qamro.encoders.loading import FOLDER, open_tuned
from qamro.heads import HeadBundle
from qamro.heads.bundle import SingleHead, head_for
from qamro.heads.score_head import drawn_by
from qamro.predictors.head_predictor import TRAINED_WITH
from qamro.training.distributed import ALONE, World
from qamro.training.embedded_study import EmbeddedStudy, embed_study
from qamro.training.end_to_end.network import Clips, Network
from qamro.training.end_to_end.run import EndToEndConfig, EndToEndRun, Rated
from qamro.training.end_to_end.tower import Tower
from qamro.training.objective import Objective
from qamro.training.recipe import Recipe, bundle_of

if TYPE_CHECKING:
    from qamro.studies import Study

CALIBRATION = 256
"""Clips from which heads take the standardisation of their inputs, before training."""


def train_end_to_end(
    study: Study,
    parts: Mapping[str, list[str]],
    tower: Tower,
    recipe: Recipe,
    out: Path,
    *,
    on_clip: Callable[[int, int], bool | None] | None = None,
    on_step: Callable[[int, int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], bool | None] | None = None,
    checkpoint: Path | None = None,
    world: World = ALONE,
) -> tuple[HeadBundle, dict[str, str]] | None:
    """Trains an encoder together with a head for every axis, as the paper does, and tests what was saved.

    The audio embedding goes to every head, the prompt's besides to TA's. The figures on the card are of the encoder as
    it was written to disk and opened again, on clips that training never saw.

    Args:
        study: With audio.
        parts: For each part, its clips; see ``splits.split``.
        tower: The encoder, on the device where it is to be trained.
        recipe: Its ``config`` is an ``EndToEndConfig``; it has one seed.
        out: Folder for heads, card, record and encoder.
        on_clip: Called with (clips read, clips in all) before training and before the test; returning True stops.
        on_step: Called with (epoch from 1, clips done, clips in all).
        on_epoch: Called with each row of the history; returning True stops.
        checkpoint: A file written after every epoch; when it is there, training goes on from it.
        world: The processes that train together.

    Returns:
        The heads with their card and the clips that could not be read, with reasons; None in all processes but the
        first.

    Raises:
        ValueError: An axis is not rated, the encoder reads no prompts and an axis needs them, a part is empty, or
            the checkpoint is another run's.
        InterruptedError: ``on_clip`` asked to stop.
    """
    config = recipe.config
    if not isinstance(config, EndToEndConfig):
        raise ValueError("end-to-end training takes an EndToEndConfig")
    wanted = list(recipe.axes) if recipe.axes is not None else list(study.axes)
    axes = [axis for axis in wanted if recipe.axes is not None or axis not in NEEDS_PROMPT or _prompts(study, tower)]
    clips = Clips(study, tower)
    try:
        names = [clip for part in ("train", "validation") for clip in parts[part]]
        readable = set(clips.readable(names, on_clip=on_clip))
        train, validation = (
            _rated(study, [c for c in parts[p] if c in readable], axes) for p in ("train", "validation")
        )
        objectives = {axis: recipe.objective(axis) for axis in axes}
        network = _network(tower, clips, train, objectives, config)
        given: dict[str, Any] = {"clips": clips, "train": train, "validation": validation}
        run = EndToEndRun(network, objectives, config, **given, on_step=on_step, world=world)
        run.run(None if on_epoch is None else lambda rows: on_epoch(rows[0]), checkpoint)
    finally:
        clips.close()
    run.finish()
    if not world.first:
        return None
    weights = tower.save(out / FOLDER)
    bundle, failed = _bundle(study, parts, recipe, run, out, failed=clips.failed, on_clip=on_clip)
    bundle.card.training["encoder file"] = f"{FOLDER}/{weights.name}, {weights.stat().st_size / 1e6:,.0f} MB"
    bundle.save(out)
    return bundle, failed


def _bundle(
    study: Study,
    parts: Mapping[str, list[str]],
    recipe: Recipe,
    run: EndToEndRun,
    out: Path,
    *,
    failed: Mapping[str, str],
    on_clip: Callable[[int, int], bool | None] | None,
) -> tuple[HeadBundle, dict[str, str]]:
    encoder = open_tuned(out, device=recipe.device, cache=False)
    embeddings = embed_study(study, encoder, on_clip=on_clip)  # training clips, too: the card keeps what they are like
    prepared = EmbeddedStudy(study, embeddings, dict(parts), recipe.hold_out)
    prepared.embeddings.failed = {**failed, **prepared.embeddings.failed}
    fits = {axis: [replace(run.fits[0], head=head.cpu())] for axis, head in run.module.heads.items()}
    bundle = bundle_of(prepared, encoder, recipe, fits)
    bundle.card.encoder[TRAINED_WITH] = f"from {run.module.tower.kind} weights {run.module.tower.source}"
    return bundle, prepared.embeddings.failed


def _network(
    tower: Tower, clips: Clips, train: Rated, objectives: Mapping[str, Objective], config: EndToEndConfig
) -> Network:
    """Makes the heads; they are standardised by what the tower answers before training."""
    heads: dict[str, SingleHead] = {}
    with drawn_by(config.seed):
        for axis, objective in objectives.items():
            text_dim, scale = tower.text_dim if axis in NEEDS_PROMPT else 0, get_axis(axis)
            heads[axis] = head_for(
                logits=objective.needs_logits,
                similarity=objective.needs_similarity,
                dim=tower.audio_dim + text_dim,
                text_dim=text_dim,
                hidden=config.hidden,
                dropout=config.dropout,
                scale=(scale.low, scale.high) if scale.has_range else None,
            )
    device = next(tower.parameters()).device
    network = Network(tower, heads, config.dtype).to(device).eval()
    chosen = torch.randperm(len(train.clips), generator=torch.Generator().manual_seed(0))[:CALIBRATION].sort().values
    with torch.inference_mode():
        rows = [
            network.features(clips.items([train.clips[i] for i in part.tolist()]))
            for part in chosen.split(config.micro_batch)
        ]
    clips.release()
    for axis, head in network.heads.items():
        features = torch.cat([found[axis in NEEDS_PROMPT] for found in rows]).clone()
        targets = train.targets[axis].to(device)
        head.calibrate_scales(features, targets[~torch.isnan(targets)])
    return network


def _rated(study: Study, names: list[str], axes: list[str]) -> Rated:
    means = study.clip_means()
    targets = {}
    for axis in axes:
        of_axis = means[means["axis"] == axis].set_index("clip")["mean"]
        if of_axis.empty:
            raise ValueError(f"study {study.name!r} rates {', '.join(study.axes)}; it has no axis {axis!r} to train on")
        targets[axis] = torch.tensor(of_axis.reindex(names).to_numpy(dtype="float32", copy=True))
    rated = [i for i in range(len(names)) if any(not values[i].isnan() for values in targets.values())]
    if not rated:
        raise ValueError("training needs clips to fit and clips to stop by; one of the two parts is empty")
    return Rated([names[i] for i in rated], {axis: values[rated] for axis, values in targets.items()})


def _prompts(study: Study, tower: Tower) -> bool:
    return tower.text_dim > 0 and bool((study.clips["prompt"] != "").any())
