"""Sweeps: many objectives and seeds trained as one batched model, each judged on the same held-out clips."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qamro.training.embedded_study import EmbeddedStudy, embed_study
from qamro.training.splits import hold_out_parts
from qamro.training.sweeps.runs import Answers, SweepProgress, answer, judged
from qamro.training.sweeps.setup import Experiment, Plan, Variant

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

__all__ = ["Ran", "Sweep", "SweepProgress", "embedded_folds", "run", "run_sweep"]


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


@dataclass
class Ran:
    """An experiment that was run.

    Attributes:
        sweep: What it found.
        folds: The study, embedded and split.
        how: How it was split, in words.
        axes: Which axes were trained.
        seconds: Spent on ``"embedding"`` and ``"training"``.
    """

    sweep: Sweep
    folds: list[EmbeddedStudy]
    how: str
    axes: list[str]
    seconds: dict[str, float]


def run(
    study: Study,
    experiment: Experiment,
    encoder: Any,
    *,
    on_clip: Callable[[int, int], bool | None] | None = None,
    on_embedded: Callable[[list[EmbeddedStudy], list[str]], None] | None = None,
    on_epoch: Callable[[SweepProgress], bool | None] | None = None,
    on_part: Callable[[Callable[[], Sweep]], None] | None = None,
    workers: int = 2,
    device: str = "cpu",
) -> Ran:
    """Splits and embeds a study and runs an experiment on it; what every way to sweep goes through.

    Args:
        study: With ratings and audio.
        experiment: What to train.
        encoder: What embeds the clips.
        on_clip: Called with (clips embedded, clips in all); may raise to stop.
        on_embedded: Called with the folds and the axes before the first epoch.
        on_epoch: As in ``run_sweep``.
        on_part: As in ``run_sweep``.
        workers: Threads that train side by side.
        device: Where to train.

    Raises:
        ValueError: No clip can be read, the study is too small for the folds, or an axis cannot be trained.
    """
    started = time.perf_counter()
    folds, how = embedded_folds(study, encoder, experiment.folds, experiment.hold_out, on_clip=on_clip)
    axes = axes_of(folds, experiment.axes)
    embedded = time.perf_counter()
    if on_embedded is not None:
        on_embedded(folds, axes)
    found = run_sweep(folds, axes, experiment, on_epoch=on_epoch, on_part=on_part, workers=workers, device=device)
    ended = time.perf_counter()
    seconds = {"embedding": round(embedded - started, 1), "training": round(ended - embedded, 1)}
    return Ran(found, folds, how, axes, seconds)


def embedded_folds(
    study: Study,
    encoder: Any,
    count: int,
    hold_out: str,
    *,
    on_clip: Callable[[int, int], bool | None] | None = None,
) -> tuple[list[EmbeddedStudy], str]:
    """Splits and embeds a study.

    Args:
        study: With ratings and audio.
        encoder: What embeds the clips.
        count: Folds of a study that was published without a split; 1 splits once.
        hold_out: See ``hold_out_parts``.
        on_clip: Called with (clips embedded, clips in all).

    Returns:
        The folds, and how it was split, in words.

    Raises:
        ValueError: No clip can be read, or the study is too small for the folds.
    """
    parts, how = hold_out_parts(study, count, hold_out)
    embeddings = embed_study(study, encoder, on_clip=on_clip)
    return [EmbeddedStudy(study, embeddings, part) for part in parts], how


def axes_of(folds: Sequence[EmbeddedStudy], wanted: Sequence[str] | None) -> list[str]:
    """Returns the axes to train: those asked for, or all that can be.

    Raises:
        ValueError: One of them is not rated, or cannot be trained with this encoder.
    """
    trainable = folds[0].trainable
    for axis in wanted or ():
        if axis not in trainable:
            raise ValueError(f"there is no axis {axis!r} to train on; these can be: {', '.join(trainable)}")
    return list(dict.fromkeys(wanted)) if wanted else trainable


def run_sweep(
    folds: EmbeddedStudy | Sequence[EmbeddedStudy],
    axes: Sequence[str],
    plan: Plan | Experiment,
    *,
    variants: Callable[[str], Sequence[Variant]] | None = None,
    on_epoch: Callable[[SweepProgress], bool | None] | None = None,
    on_part: Callable[[Callable[[], Sweep]], None] | None = None,
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
        on_part: Called after every stack with a function that makes the sweep as far as it has come; that judges, and
            need not be called every time.
        workers: Threads that train side by side; the result does not depend on it.
        device: Where to train.

    Raises:
        ValueError: An axis is not rated, a part of a split is empty, or a clip is tested twice.
    """
    given = [folds] if isinstance(folds, EmbeddedStudy) else list(folds)
    tested = [clip for prepared in given for clip in prepared.parts["test"]]
    if len(set(tested)) != len(tested):
        raise ValueError("a clip stands in the test parts of two folds; every clip is judged once")
    parts: list[Sweep] = []
    for axis in axes:
        pairs = [(variant, seed) for variant in (variants or plan.variants)(axis) for seed in plan.seeds]

        def tell(done: list[tuple[Variant, int]], found: list[Answers], axis: str = axis) -> None:
            assert on_part is not None
            before = list(parts)
            on_part(lambda: _together([*before, _judged(axis, done, found)]))

        found = answer(
            given,
            axis,
            pairs,
            plan.config,
            on_epoch=on_epoch,
            on_part=None if on_part is None else tell,
            workers=workers,
            device=device,
        )
        parts.append(_judged(axis, pairs, found))
    return _together(parts)


def _together(parts: Sequence[Sweep]) -> Sweep:
    import pandas as pd

    return Sweep(*(pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in _TABLES))


_TABLES = ("runs", "predictions")


def _judged(axis: str, pairs: Sequence[tuple[Variant, int]], found: Sequence[Answers]) -> Sweep:
    import pandas as pd

    tables = _tables(axis, pairs, found)
    runs: list[dict[str, Any]] = []
    for m, ((variant, seed), table) in enumerate(zip(pairs, tables, strict=True)):
        runs += judged(variant, seed, table, sum(fold.best_epochs[m] for fold in found) / len(found))
    return Sweep(pd.DataFrame(runs), pd.concat(tables, ignore_index=True))


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
