"""The runs of a sweep: heads trained side by side in small stacks, and what each is worth on held-out clips."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from qamro.axes import get_axis
from qamro.evaluation.levels import LEVELS, Sample
from qamro.training.embedded_study import EmbeddedStudy
from qamro.training.objective import Objective
from qamro.training.sweeps.setup import Variant
from qamro.training.trainer import Fit, FitConfig, fit_many, head_maker

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Job = TypeVar("Job")
Done = TypeVar("Done")


def heads_at_once(batch: int) -> int:
    """How many heads make the best stack on a CPU.

    More than 25 wait too long for the last one to stop (half the time of 100). In large batches, fewer are faster:
    what the first layers make of them stays in the cache.

    Args:
        batch: Clips in a step.
    """
    return max(2, min(25, 2560 // max(batch, 1)))


@dataclass(frozen=True)
class SweepProgress:
    """What a sweep reports after every epoch of a stack of heads.

    Attributes:
        axis: Being swept.
        fold: Which fold, from 1.
        folds: How many there are.
        epoch: Epochs done in this fold.
        heads: How many heads train side by side.
        done: Fits of this axis that are finished, over all folds.
        total: Fits of this axis, over all folds.
    """

    axis: str
    fold: int
    folds: int
    epoch: int
    heads: int
    done: int
    total: int


@dataclass
class Answers:
    """What the heads of one fold answered for its test clips.

    Attributes:
        clips: n names.
        systems: Their systems.
        human: (n,) MOS.
        predicted: (M, n) scores, one row a fit.
        best_epochs: M numbers.
        val_srcc: M correlations (Spearman) on the validation clips at the best epoch; NaN where undefined.
    """

    clips: list[str]
    systems: list[str]
    human: np.ndarray
    predicted: np.ndarray
    best_epochs: list[int]
    val_srcc: list[float]


def answer(
    folds: Sequence[EmbeddedStudy],
    axis: str,
    pairs: Sequence[tuple[Variant, int]],
    config: FitConfig,
    *,
    on_epoch: Callable[[SweepProgress], bool | None] | None = None,
    on_part: Callable[[list[tuple[Variant, int]], list[Answers]], None] | None = None,
    workers: int = 1,
    device: str = "cpu",
) -> list[Answers]:
    """Trains every pair of variant and seed on every fold; what comes to the same is trained once.

    Args:
        folds: The study, embedded and split.
        axis: Which axis.
        pairs: M variants with their seeds.
        config: How to fit.
        on_epoch: Called after every epoch of a stack, by one thread at a time; True ends the training of that stack,
            an exception everything.
        on_part: Called after every stack with the pairs that are done so far, and their answers on the folds that
            all of these have: first a part of the clips, then more and more seeds.
        workers: Threads; the answers do not depend on it.
        device: Where to train.

    Raises:
        ValueError: A fold has no test clip that is rated on the axis.
    """
    wanted = [(plain(variant.objective), 0 if variant.objective.solved else seed) for variant, seed in pairs]
    fits = list(dict.fromkeys(wanted))
    fits.sort(key=lambda fit: fit[1])
    tests = [_test(prepared, axis) for prepared in folds]
    datas = [prepared.data(axis) for prepared in folds]
    longest = max(len(data.targets) for data in datas)
    size = heads_at_once(min(config.batch_size or longest, longest)) if device == "cpu" else len(fits)
    stacks = [fits[start : start + size] for start in range(0, len(fits), size)]
    makers = [head_maker(prepared, axis, [objective for objective, _ in fits], config) for prepared in folds]
    total, done, turn, stopped = len(fits) * len(folds), 0, threading.Lock(), threading.Event()
    found: dict[tuple[int, int], tuple[torch.Tensor, list[tuple[int, float]]]] = {}
    systems = dict(zip(folds[0].study.clips["clip"], folds[0].study.clips["system"], strict=True))

    def gather(of_stacks: Sequence[int], of_folds: Sequence[int]) -> tuple[list[tuple[Variant, int]], list[Answers]]:
        place = {fit: row for row, fit in enumerate(fit for stack in of_stacks for fit in stacks[stack])}
        there = [k for k, fit in enumerate(wanted) if fit in place]
        rows = [place[wanted[k]] for k in there]
        answers = []
        for fold in of_folds:
            clips, _, human = tests[fold]
            mine = [found[stack, fold] for stack in of_stacks]
            bests = [best for _, stack in mine for best in stack]
            answers.append(
                Answers(
                    clips,
                    [systems[clip] for clip in clips],
                    human.double().numpy(),
                    torch.cat([scores for scores, _ in mine])[rows].numpy(),
                    [bests[row][0] for row in rows],
                    [bests[row][1] for row in rows],
                )
            )
        return [pairs[k] for k in there], answers

    def so_far() -> tuple[list[int], list[int]]:
        of_folds = [fold for fold in range(len(folds)) if (0, fold) in found]
        return [s for s in range(len(stacks)) if all((s, fold) in found for fold in of_folds)], of_folds

    def train(job: tuple[int, int]) -> None:
        nonlocal done
        place, fold = job
        stack = stacks[place]

        def tell(rows: list[dict[str, float]]) -> bool | None:
            with turn:
                if stopped.is_set():
                    raise _OtherStopped
                try:
                    if on_epoch is None:
                        return None
                    epoch = int(max(row["epoch"] for row in rows))
                    return on_epoch(SweepProgress(axis, fold + 1, len(folds), epoch, len(rows), done, total))
                except BaseException:
                    stopped.set()
                    raise

        objectives, seeds = [list(column) for column in zip(*stack, strict=True)]
        fitted = fit_many(datas[fold], objectives, seeds, config, on_epoch=tell, device=device, make_head=makers[fold])
        with torch.inference_mode():
            scores = torch.stack([each.head(tests[fold][1]) for each in fitted]).double()
        with turn:
            done += len(stack)
            found[job] = _on_scale(scores, axis), [(each.best_epoch, _val_srcc(each)) for each in fitted]
            if on_part is not None and (0, fold) in found:
                on_part(*gather(*so_far()))

    # All folds of the first seeds before the next seeds: so a whole curve is there early.
    _spread(train, [(stack, fold) for stack in range(len(stacks)) for fold in range(len(folds))], workers, stopped)
    return gather(range(len(stacks)), range(len(folds)))[1]


class _OtherStopped(Exception):  # noqa: N818
    """Ends the training of a stack because another one's was stopped, which says why."""


def _test(prepared: EmbeddedStudy, axis: str) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    clips, features, targets = prepared.test(axis)
    if not clips:
        raise ValueError(f"no test clip of study {prepared.study.name!r} is rated on {axis!r}; choose another split")
    return clips, features, targets


def _on_scale(scores: torch.Tensor, axis: str) -> torch.Tensor:
    scale = get_axis(axis)
    return scores.clamp(scale.low, scale.high) if scale.has_range else scores


def _val_srcc(fit: Fit) -> float:
    return next((row["val_srcc"] for row in fit.history if row["epoch"] == fit.best_epoch), float("nan"))


def plain(objective: Objective) -> Objective:
    """Returns an objective in the one form of all that train the same: beta = 1 is QAMRO without weighting."""
    if objective.ranking == "qamro-unweighted":
        return replace(objective, ranking="qamro", beta=1.0)
    return objective


def _spread(work: Callable[[Job], Done], jobs: Sequence[Job], workers: int, stopped: threading.Event) -> list[Done]:
    """Does jobs on several threads, each with one thread of torch's own, so that they do not fight over the cores.

    ``stopped`` is set when one fails, or the user interrupts, so that the others need not be waited for to the end.
    """
    if workers <= 1:
        return [work(job) for job in jobs]
    threads = torch.get_num_threads()
    ready = threading.Barrier(workers)

    def alone() -> None:
        torch.set_num_threads(1)  # counts for this thread, and for threads that are still to come
        ready.wait()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda _: alone(), range(workers)))
        torch.set_num_threads(threads)
        futures = [pool.submit(work, job) for job in jobs]
        try:
            return [future.result() for future in futures]
        except BaseException as problem:
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            if not isinstance(problem, _OtherStopped):
                raise
            found = (future.exception() for future in futures if future.done() and not future.cancelled())
            raise next(each for each in found if each and not isinstance(each, _OtherStopped)) from None


# What one fit is worth on held-out clips, as rows of ``Sweep.runs``.


def sample_of_fit(table: pd.DataFrame) -> Sample:
    """Returns a fit's predictions (``human``, ``predicted``, ``system``) as what metrics are computed from."""
    return Sample(table["predicted"].to_numpy(), table["human"].to_numpy(), table["system"].to_numpy(str))


def judged(variant: Variant, seed: int, table: pd.DataFrame, best_epoch: float) -> list[dict[str, Any]]:
    """Measures a fit.

    Args:
        variant: What it was trained with.
        seed: Its seed.
        table: Its rows of ``Sweep.predictions``.
        best_epoch: Mean over folds.

    Returns:
        One row a level and metric, with the columns of ``Sweep.runs``.
    """
    sample = sample_of_fit(table)
    about = {
        "axis": table["axis"].iloc[0],
        "variant": variant.label,
        "baseline": variant.baseline,
        "ranking": variant.objective.ranking,
        "alpha": variant.objective.alpha,
        "beta": variant.objective.beta,
        "at": variant.at,
        "curve": variant.curve,
        "seed": seed,
        "best_epoch": best_epoch,
        "clips": len(table),
        "systems": int(table.loc[table["system"] != "", "system"].nunique()),
    }
    return [
        about | {"level": level, "metric": key, "value": value}
        for level in LEVELS
        for key, value in sample.measure(level).items()
    ]
