"""Trains heads on frozen embeddings, one or many side by side, with early stopping."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from qamro.heads import ScoreHead
from qamro.heads.kinds import Head
from qamro.training.distributed import ALONE, World
from qamro.training.fit_config import FitConfig
from qamro.training.objective import Objective
from qamro.training.ridge import fit_ridge
from qamro.training.run import Data, Fit, Run

_SEEDING = threading.Lock()
"""Initial weights are drawn from torch's one generator, which all threads share."""


def fit(
    data: Data,
    objective: Objective,
    config: FitConfig | None = None,
    *,
    on_epoch: Callable[[dict[str, float]], bool | None] | None = None,
    checkpoint: Path | None = None,
    device: str | torch.device = "cpu",
) -> Fit:
    """Trains a head until the validation loss stops falling.

    Args:
        data: Embeddings and MOS.
        objective: The loss.
        config: How to fit.
        on_epoch: Called with each row of the history; returning True stops.
        checkpoint: A file written after every epoch; when it is there, training goes on from it.
        device: Where to train.

    Raises:
        ValueError: There are no training or no validation clips, or the checkpoint is another run's.
    """
    config = config or FitConfig()
    report = None if on_epoch is None else (lambda rows: on_epoch(rows[0]))
    return fit_many(data, [objective], [config.seed], config, on_epoch=report, checkpoint=checkpoint, device=device)[0]


def fit_many(
    data: Data,
    objectives: Sequence[Objective],
    seeds: Sequence[int],
    config: FitConfig | None = None,
    *,
    on_epoch: Callable[[list[dict[str, float]]], bool | None] | None = None,
    checkpoint: Path | None = None,
    device: str | torch.device = "cpu",
    make_head: Callable[[], Head] | None = None,
    world: World = ALONE,
) -> list[Fit]:
    """Trains many heads side by side, each as it would be trained alone.

    Heads differ in objective and seed. The seed gives the initial weights and the dropout; the order of the batches
    follows from ``config.order`` and is the same for all, so that all rank the same clips in every step. A head whose
    validation loss has not fallen for ``patience`` epochs is done; its best weights stand whatever the others do.

    Args:
        data: Embeddings and MOS, shared by all.
        objectives: M objectives.
        seeds: M seeds; ``config.seed`` is not used.
        config: How to fit.
        on_epoch: Called with the newest M rows of the histories; returning True stops.
        checkpoint: A file written after every epoch; when it is there, training goes on from it.
        device: Where to train.
        make_head: Makes an untrained head; without it, a ``ScoreHead`` as ``config`` says. All heads are of one kind.
        world: The processes that share the work; all get the same fits.

    Returns:
        M fits.

    Raises:
        ValueError: There are no training or no validation clips, the lengths differ, or the checkpoint is another
            run's.
    """
    config = config or FitConfig()
    if len(objectives) != len(seeds):
        raise ValueError(f"{len(objectives)} objectives but {len(seeds)} seeds")
    if len(data.targets) == 0 or len(data.val_targets) == 0:
        raise ValueError("training needs clips to fit and clips to stop by; one of the two parts is empty")
    exact = [objective.solved for objective in objectives]
    if any(exact):
        return _with_solved(
            data,
            objectives,
            seeds,
            config,
            exact,
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            device=device,
            make_head=make_head,
            world=world,
        )
    make = make_head or partial(ScoreHead, data.features.shape[1], config.hidden, config.dropout)
    heads: list[Any] = []
    for seed in seeds:
        with _SEEDING, torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            head = make()
        if heads:  # all have the same clips: what a pass over them tells is the same
            head.calibrate_like(heads[0])
        else:
            head.calibrate_scales(data.features, data.targets)
        heads.append(head)
    heads = [head.to(device) for head in heads]
    run = Run(type(heads[0]).stack(heads, seeds), objectives, config, data, world=world)
    if checkpoint is not None and checkpoint.is_file():
        run.restore(checkpoint)
    while not run.done:
        rows = run.epoch()
        if checkpoint is not None:
            run.save(checkpoint)
        if world.any(bool(on_epoch is not None and on_epoch(rows))):
            break
    return run.finish()


def _with_solved(
    data: Data,
    objectives: Sequence[Objective],
    seeds: Sequence[int],
    config: FitConfig,
    solved: Sequence[bool],
    *,
    on_epoch: Callable[[list[dict[str, float]]], bool | None] | None,
    **how: Any,
) -> list[Fit]:
    """Solves what has a solution, once, and trains the others."""
    answer = fit_ridge(data)
    if on_epoch is not None and all(solved):
        on_epoch([answer.history[0]] * len(objectives))
    rest = [m for m, done in enumerate(solved) if not done]
    fits = [answer] * len(objectives)
    if rest:
        trained = fit_many(
            data, [objectives[m] for m in rest], [seeds[m] for m in rest], config, on_epoch=on_epoch, **how
        )
        for m, fitted in zip(rest, trained, strict=True):
            fits[m] = fitted
    return fits
