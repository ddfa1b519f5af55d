"""A comparison of objectives on equal terms: folds, batches, architecture and budget are the same for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qamro.training.compare_objectives.fold_runs import Budget, FoldRun, train_piece
from qamro.training.embedded_study import EmbeddedStudy
from qamro.training.objective.objective import OBJECTIVES, named
from qamro.training.objective.table import COMPARED, SAMA, TABLE
from qamro.training.sweeps.runs import SweepProgress, judged
from qamro.training.sweeps.setup import RIDGE, Variant
from qamro.training.sweeps.sweep import Sweep

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class ObjectiveComparison:
    """What a comparison on one axis found.

    Attributes:
        axis: The axis.
        variants: The objectives; the first is the reference.
        sweep: ``runs`` and ``predictions`` at the chosen learning rates; predictions also have ``fold``.
        rates: One row a fold, objective and learning rate: ``axis``, ``fold``, ``variant``, ``rate``, ``val_srcc``
            (mean over seeds), ``best_epoch`` (mean over seeds), ``chosen``.
        notes: What to say about it.
    """

    axis: str
    variants: list[Variant]
    sweep: Sweep
    rates: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def run_contest(
    folds: Sequence[EmbeddedStudy],
    axis: str,
    variants: Sequence[Variant],
    budget: Budget,
    *,
    notes: Sequence[str] = (),
    keep: Path | None = None,
    on_epoch: Callable[[SweepProgress], bool | None] | None = None,
    workers: int = 1,
    device: str = "cpu",
) -> ObjectiveComparison:
    """Trains every objective with every seed on every fold, and judges it on clips that training never saw.

    A head stops by its own validation loss. Of the learning rates, each objective gets, in each fold, the one with
    the highest validation SRCC (mean over seeds), a criterion that is none of the losses; the fold's test clips take
    no part.

    Args:
        folds: The study, embedded and split; every clip is tested once at most.
        axis: What to predict.
        variants: The objectives; the first is the reference.
        budget: What each gets.
        notes: What to say about it.
        keep: A folder for finished pieces; a comparison that was interrupted goes on from them.
        on_epoch: Called after every epoch of a stack of heads, with fits counted over all folds and rates; an
            exception ends the training.
        workers: Threads that train side by side.
        device: Where to train.

    Raises:
        ValueError: A part of a split is empty, or a clip is tested twice.
    """
    tested = [clip for prepared in folds for clip in prepared.parts["test"]]
    if len(set(tested)) != len(tested):
        raise ValueError("a clip stands in the test parts of two folds; every clip is judged once")
    pieces: list[list[FoldRun]] = [[] for _ in folds]
    count = len(folds) * len(budget.rates)
    for number, prepared in enumerate(folds):
        for rate in budget.rates:
            before = sum(map(len, pieces))

            def report(event: SweepProgress, fold: int = number + 1, before: int = before) -> bool | None:
                done, total = before * event.total + event.done, count * event.total
                event = replace(event, fold=fold, folds=len(folds), done=done, total=total)
                return on_epoch(event) if on_epoch is not None else None

            pieces[number].append(
                train_piece(
                    prepared, axis, variants, budget, rate, keep=keep, on_epoch=report, workers=workers, device=device
                )
            )
    rates = _rates(axis, variants, budget, pieces)
    predictions = _predictions(folds, axis, variants, budget, pieces=pieces, rates=rates)
    runs = _runs(variants, predictions, rates)
    return ObjectiveComparison(axis, list(variants), Sweep(runs, predictions), rates, list(notes))


def _rates(axis: str, variants: Sequence[Variant], budget: Budget, pieces: Sequence[Sequence[FoldRun]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for fold, row in enumerate(pieces, 1):
        for v, variant in enumerate(variants):
            # A head that predicts one value has no correlation: as good as none.
            scores = [float(np.nan_to_num(piece.val_srcc[v]).mean()) for piece in row]
            best = int(np.argmax(scores))
            rows += [
                {"axis": axis, "fold": fold, "variant": variant.label, "rate": rate, "val_srcc": scores[k]}
                | {"best_epoch": float(row[k].best_epoch[v].mean()), "chosen": k == best}
                for k, rate in enumerate(budget.rates)
            ]
    return pd.DataFrame(rows)


def _predictions(
    folds: Sequence[EmbeddedStudy],
    axis: str,
    variants: Sequence[Variant],
    budget: Budget,
    *,
    pieces: Sequence[Sequence[FoldRun]],
    rates: pd.DataFrame,
) -> pd.DataFrame:
    import pandas as pd

    chosen = rates[rates["chosen"]].set_index(["fold", "variant"])["rate"]
    tables = []
    for fold, (prepared, row) in enumerate(zip(folds, pieces, strict=True), 1):
        clips, _, targets = prepared.test(axis)
        system_of = dict(zip(prepared.study.clips["clip"], prepared.study.clips["system"], strict=True))
        shared = {"clip": clips, "system": [system_of[clip] for clip in clips], "human": targets.double().numpy()}
        for v, variant in enumerate(variants):
            piece = row[list(budget.rates).index(chosen[fold, variant.label])]
            for s, seed in enumerate(budget.seeds):
                about = {"axis": axis, "variant": variant.label, "seed": seed, "fold": fold}
                tables.append(pd.DataFrame(about | shared | {"predicted": piece.predicted[v, s]}))
    return pd.concat(tables, ignore_index=True)


def _runs(variants: Sequence[Variant], predictions: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    epochs = rates[rates["chosen"]].groupby("variant")["best_epoch"].mean()
    named = {variant.label: variant for variant in variants}
    rows = []
    for (label, seed), table in predictions.groupby(["variant", "seed"], sort=False):
        rows += judged(named[str(label)], int(seed), table, float(epochs[label]))
    return pd.DataFrame(rows)


# Who is compared: objectives by name, each once, with what an axis cannot have left out and said.


def entries(axis: str, names: Sequence[str] = COMPARED) -> tuple[list[Variant], list[str]]:
    """Returns the objectives of a comparison.

    Args:
        axis: What they are trained for; without a prompt to align with, SAMA falls away.
        names: Keys of ``OBJECTIVES``; the first is what the others are tested against. Ridge regression on the same
            features is added where it is not among them.

    Returns:
        One variant an objective, and notes on what was left out.

    Raises:
        ValueError: A name is unknown, or fewer than two objectives are left.
    """
    unknown = [name for name in names if name not in OBJECTIVES]
    if unknown:
        raise ValueError(f"there is no objective {unknown[0]!r}; these are known: {', '.join(OBJECTIVES)}")
    found: list[Variant] = []
    notes: list[str] = []
    for name in dict.fromkeys([*names, "ridge"]):
        objective, title = OBJECTIVES[name](axis), TABLE[name].short
        if SAMA in TABLE[name].terms and not objective.needs_similarity:
            others = [row.short for row in TABLE.values() if SAMA not in row.terms and named(row, axis) == objective]
            plain = others[0] if others else str(objective)
            notes.append(f"{axis} is judged without a prompt, so that {title} is {plain} there.")
            title = plain
        if not any(objective == other.objective for other in found):
            found.append(Variant(title, objective, baseline=not found))
    if len({variant.label for variant in found} - {RIDGE}) < 2 and "ridge" not in names:
        raise ValueError(f"a comparison needs two different objectives; on {axis} these are {found[0].label} alone")
    return found, notes
