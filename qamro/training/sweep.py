"""Sweeps: many objectives and seeds trained as one batched model, each judged on the same held-out clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from qamro.axes import get_axis
from qamro.training.objective import Objective, paper_objective
from qamro.training.prepared import Prepared
from qamro.training.run import Fit, FitConfig
from qamro.training.trainer import fit_many

if TYPE_CHECKING:
    import pandas as pd

BASELINES = ("regression alone", "margin ranking", "without weighting", "without adaptive margin")
"""What beta curves are held against: no ranking term, Eq. 1, beta = 1, and weights with a fixed margin."""


@dataclass(frozen=True)
class Variant:
    """One objective of a sweep.

    Attributes:
        label: For tables and figures.
        objective: What it trains with.
        baseline: Whether it is one of ``BASELINES`` rather than a point of the curve.
    """

    label: str
    objective: Objective
    baseline: bool = False


@dataclass(frozen=True)
class Plan:
    """What a sweep trains.

    Attributes:
        betas: Preference factors.
        alphas: Slopes of the adaptive margin.
        seeds: One fit of every variant each.
        baselines: Which of ``BASELINES`` to add.
        config: How to fit.
    """

    betas: Sequence[float] = (1, 3, 5, 7, 9, 11)
    alphas: Sequence[float] = (0.2,)
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    baselines: Sequence[str] = BASELINES
    config: FitConfig = field(default_factory=FitConfig)

    def variants(self, axis: str) -> list[Variant]:
        """Returns the objectives of the sweep for an axis: baselines, then every alpha with every beta."""
        from dataclasses import replace

        paper = paper_objective(axis)
        made = {
            "regression alone": replace(paper, ranking="none"),
            "margin ranking": replace(paper, ranking="mr"),
            "without weighting": replace(paper, ranking="qamro-unweighted"),
            "without adaptive margin": replace(paper, ranking="qamro-fixed-margin"),
        }
        points = [
            Variant(f"alpha {alpha:g}, beta {beta:g}", replace(paper, alpha=alpha, beta=beta))
            for alpha in self.alphas
            for beta in self.betas
        ]
        return [Variant(name, made[name], baseline=True) for name in self.baselines] + points


@dataclass
class Sweep:
    """What a sweep found.

    Attributes:
        runs: One row a fit, level and metric: ``axis``, ``variant``, ``baseline``, ``ranking``, ``alpha``, ``beta``,
            ``seed``, ``best_epoch``, ``level``, ``metric``, ``value``, ``clips``, ``systems``.
        predictions: One row a test clip and fit: ``axis``, ``variant``, ``seed``, ``clip``, ``system``, ``human``,
            ``predicted``.
    """

    runs: pd.DataFrame
    predictions: pd.DataFrame


def run_sweep(
    prepared: Prepared,
    axes: Sequence[str],
    plan: Plan,
    *,
    on_epoch: Callable[[str, int], bool | None] | None = None,
    device: str = "cpu",
) -> Sweep:
    """Trains every variant with every seed and judges it on the test part.

    Args:
        prepared: The study, embedded and split.
        axes: Which axes.
        plan: What to train.
        on_epoch: Called with the axis and its epoch; returning True ends that axis's training.
        device: Where to train.

    Raises:
        ValueError: An axis is not rated, or a part of the split is empty.
    """
    import pandas as pd

    runs, predictions = [], []
    for axis in axes:
        pairs = [(variant, seed) for variant in plan.variants(axis) for seed in plan.seeds]

        def report(rows: list[dict[str, float]], axis: str = axis) -> bool | None:
            return on_epoch(axis, int(rows[0]["epoch"])) if on_epoch is not None else None

        objectives, seeds = [variant.objective for variant, _ in pairs], [seed for _, seed in pairs]
        fits = fit_many(prepared.data(axis), objectives, seeds, plan.config, on_epoch=report, device=device)
        judged = _judge(prepared, axis, pairs, fits)
        runs.append(judged.runs)
        predictions.append(judged.predictions)
    return Sweep(pd.concat(runs, ignore_index=True), pd.concat(predictions, ignore_index=True))


def _judge(prepared: Prepared, axis: str, pairs: list[tuple[Variant, int]], fits: list[Fit]) -> Sweep:
    import pandas as pd

    from qamro.evaluation.levels import LEVELS, Sample

    clips, features, targets = prepared.test(axis)
    human = targets.double().numpy()
    system_of = dict(zip(prepared.study.clips["clip"], prepared.study.clips["system"], strict=True))
    systems = pd.Series(clips).map(system_of).to_numpy(dtype=str)
    scale = get_axis(axis)
    rows, tables = [], []
    for (variant, seed), fitted in zip(pairs, fits, strict=True):
        with torch.inference_mode():
            scores = fitted.head(features)
        predicted = (scores.clamp(scale.low, scale.high) if scale.has_range else scores).double().numpy()
        sample = Sample(predicted, human, systems)
        objective = variant.objective
        about = {
            "axis": axis,
            "variant": variant.label,
            "baseline": variant.baseline,
            "ranking": objective.ranking,
            "alpha": objective.alpha,
            "beta": objective.beta,
            "seed": seed,
            "best_epoch": fitted.best_epoch,
            "clips": len(clips),
            "systems": len({system for system in systems if system}),
        }
        for level in LEVELS:
            rows += [about | {"level": level, "metric": key, "value": v} for key, v in sample.measure(level).items()]
        made = {"clip": clips, "system": systems, "human": human, "predicted": predicted}
        tables.append(pd.DataFrame({"axis": axis, "variant": variant.label, "seed": seed} | made))
    return Sweep(pd.DataFrame(rows), pd.concat(tables, ignore_index=True))


def summarise(runs: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Averages the runs over seeds.

    Args:
        runs: ``Sweep.runs``.
        level: Coverage of the interval.

    Returns:
        One row for each axis, variant, level and metric: ``mean`` over seeds, ``low``, ``high`` (t-interval of the
        mean over seeds; NaN with one seed), ``seeds``, and the variant's columns. The interval says how much
        seeds move the mean on this very split; not how much other clips or listeners would.
    """
    import numpy as np
    from scipy.stats import t

    keys = ["axis", "variant", "baseline", "ranking", "alpha", "beta", "clips", "systems", "level", "metric"]
    table = runs.groupby(keys, sort=False)["value"].agg(mean="mean", deviation="std", seeds="count").reset_index()
    half = t.ppf(0.5 + level / 2, table["seeds"] - 1) * table["deviation"] / np.sqrt(table["seeds"])
    return table.assign(low=table["mean"] - half, high=table["mean"] + half).drop(columns="deviation")
