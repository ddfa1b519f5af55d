"""One piece of a comparison: every objective with every seed on one fold at one learning rate, kept when asked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from qamro.training.embedded_study import EmbeddedStudy
from qamro.training.sweeps.runs import SweepProgress, answer
from qamro.training.sweeps.setup import Variant
from qamro.training.trainer import FitConfig


@dataclass(frozen=True)
class Budget:
    """What every objective gets, the same for all.

    Attributes:
        seeds: One fit each, of initial weights and dropout.
        rates: Learning rates to choose from, on the validation part of each fold.
        config: Optimiser, batches and their order, most epochs, patience, sizes of the head; its ``lr`` is not used.
    """

    seeds: Sequence[int] = tuple(range(10))
    rates: Sequence[float] = (3e-4, 1e-3, 3e-3, 1e-2)
    config: FitConfig = field(default_factory=lambda: FitConfig("adamw", max_epochs=300, hidden=(32, 16)))


@dataclass(frozen=True)
class FoldRun:
    """What V objectives with S seeds answered on a fold's n test clips.

    Attributes:
        predicted: (V, S, n) scores, held to the axis's scale.
        val_srcc: (V, S) Spearman's correlation on the validation part, at the best epoch; NaN where undefined.
        best_epoch: (V, S) with the lowest validation loss, from 1.
    """

    predicted: np.ndarray
    val_srcc: np.ndarray
    best_epoch: np.ndarray


def train_piece(
    prepared: EmbeddedStudy,
    axis: str,
    variants: Sequence[Variant],
    budget: Budget,
    rate: float,
    *,
    keep: Path | None = None,
    on_epoch: Callable[[SweepProgress], bool | None] | None = None,
    workers: int = 1,
    device: str = "cpu",
) -> FoldRun:
    """Trains a piece, or reads it back where it was kept.

    Args:
        prepared: The study, embedded, and one of its folds.
        axis: What to predict.
        variants: V objectives; all heads have the same architecture and batches.
        budget: What each gets.
        rate: The learning rate.
        keep: A folder for finished pieces, so that a comparison goes on after an interruption; a piece is read only
            if its clips, scores, objectives and settings are the same.
        on_epoch: Called after every epoch of a stack of heads; an exception ends the training.
        workers: Threads that train side by side.
        device: Where to train.

    Raises:
        ValueError: A part of the fold is empty, or an objective does not fit the axis.
    """
    config = replace(budget.config, lr=rate)
    file = None if keep is None else keep / f"{axis}-{_fingerprint(prepared, axis, variants, budget, config)}.npz"
    if file is not None and file.is_file():
        with np.load(file) as stored:
            return FoldRun(**{name: stored[name] for name in ("predicted", "val_srcc", "best_epoch")})
    pairs = [(variant, seed) for variant in variants for seed in budget.seeds]
    (found,) = answer([prepared], axis, pairs, config, on_epoch=on_epoch, workers=workers, device=device)
    shape = (len(variants), len(budget.seeds))
    piece = FoldRun(
        found.predicted.reshape(*shape, -1),
        np.array(found.val_srcc).reshape(shape),
        np.array(found.best_epochs).reshape(shape),
    )
    if file is not None:
        _save(file, piece)
    return piece


def _fingerprint(
    prepared: EmbeddedStudy, axis: str, variants: Sequence[Variant], budget: Budget, config: FitConfig
) -> str:
    data, (_, features, _) = prepared.data(axis), prepared.test(axis)
    digest = hashlib.sha256()
    for tensor in (data.features, data.targets, data.val_features, data.val_targets, features):
        digest.update(tensor.contiguous().numpy().tobytes())
    # A setting that is newer than kept pieces counts only where it is used.
    fitting = {name: value for name, value in asdict(config).items() if (name, value) != ("stop_by", "loss")}
    settings = [[variant.objective.record() for variant in variants], list(budget.seeds), fitting]
    digest.update(json.dumps(settings, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _save(file: Path, piece: FoldRun) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as stream:
        np.savez_compressed(stream, **asdict(piece))
    os.replace(part, file)
