"""Sweeps: many objectives and seeds trained as one batched model, each judged on the same held-out clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qamro.training.embedded_study import EmbeddedStudy
from qamro.training.sweeps.runs import Answers, SweepProgress, answer, judged
from qamro.training.sweeps.setup import Plan, Variant

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sweep", "SweepProgress", "run_sweep"]


@dataclass
class Sweep:
    """What a sweep found.

    Attributes:
        runs: One row a fit, level and metric: ``axis``, ``variant``, ``baseline``, ``ranking``, ``alpha``, ``beta``,
            ``at`` and ``curve`` (see ``Variant``), ``seed``, ``best_epoch`` (mean over folds), ``level``, ``metric``,
            ``value``, ``clips``, ``systems``.
        predictions: One row a test clip and fit: ``axis``, ``variant``, ``seed``, ``clip``, ``system``, ``human``,
            ``predicted``.
    """

    runs: pd.DataFrame
    predictions: pd.DataFrame


def run_sweep(
    folds: EmbeddedStudy | Sequence[EmbeddedStudy],
    axes: Sequence[str],
    plan: Plan,
    *,
    variants: Callable[[str], Sequence[Variant]] | None = None,
    on_epoch: Callable[[SweepProgress], bool | None] | None = None,
    workers: int = 1,
    device: str = "cpu",
) -> Sweep:
    """Trains every variant with every seed and judges it on clips that training never saw.

    Args:
        folds: The study, embedded and split; with several splits of it (``splits.folds``), the predictions for their
            test parts are put together and judged as one.
        axes: Which axes.
        plan: What to train.
        variants: Gives the variants of an axis instead of ``plan.variants``.
        on_epoch: Called after every epoch of a stack of heads, by one thread at a time; returning True ends the
            training of that stack, an exception ends the sweep.
        workers: Threads that train side by side; the result does not depend on it.
        device: Where to train.

    Raises:
        ValueError: An axis is not rated, a part of a split is empty, or a clip is tested twice.
    """
    import pandas as pd

    given = [folds] if isinstance(folds, EmbeddedStudy) else list(folds)
    tested = [clip for prepared in given for clip in prepared.parts["test"]]
    if len(set(tested)) != len(tested):
        raise ValueError("a clip stands in the test parts of two folds; every clip is judged once")
    runs: list[dict[str, Any]] = []
    predictions: list[pd.DataFrame] = []
    for axis in axes:
        pairs = [(variant, seed) for variant in (variants or plan.variants)(axis) for seed in plan.seeds]
        found = answer(given, axis, pairs, plan.config, on_epoch=on_epoch, workers=workers, device=device)
        tables = _tables(axis, pairs, found)
        for m, ((variant, seed), table) in enumerate(zip(pairs, tables, strict=True)):
            runs += judged(variant, seed, table, sum(fold.best_epochs[m] for fold in found) / len(found))
        predictions += tables
    return Sweep(pd.DataFrame(runs), pd.concat(predictions, ignore_index=True))


def _tables(axis: str, pairs: Sequence[tuple[Variant, int]], found: Sequence[Answers]) -> list[pd.DataFrame]:
    import numpy as np
    import pandas as pd

    shared = {
        "clip": [clip for fold in found for clip in fold.clips],
        "system": [system for fold in found for system in fold.systems],
        "human": np.concatenate([fold.human for fold in found]),
    }
    predicted = np.concatenate([fold.predicted for fold in found], axis=1)
    return [
        pd.DataFrame({"axis": axis, "variant": variant.label, "seed": seed} | shared | {"predicted": predicted[m]})
        for m, (variant, seed) in enumerate(pairs)
    ]
