"""Whether planning says beforehand which share of pairs a design will tell apart: against replays of rated studies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamro.evaluation.planning import Design, Plan
from qamro.evaluation.significance import compare_systems
from qamro.evaluation.variances import estimate
from qamro.studies import Study
from qamro.studies.registry import open_study

DESIGNS = ("20x5", "40x2", "85x1", "85x10")
HEAD = "| axis | clips x ratings | predicted | replayed | points apart |\n|---|---|--:|--:|--:|"
_DRAWS = 300


def replayed(study: Study, axis: str, design: Design, runs: int) -> list[float]:
    """Shares of pairs that ``tell_apart`` sets apart with clips and ratings drawn at random, none twice."""
    table = study.counted[study.counted["axis"] == axis]
    scores = table.groupby("clip")["score"].apply(np.array)
    system = study.clips.set_index("clip").loc[scores.index, "system"].to_numpy(str)
    names, shares = np.unique(system), []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        keep = np.concatenate([rng.permutation(np.flatnonzero(system == k))[: design.clips] for k in names])
        means = np.array([rng.permutation(scores.iloc[i])[: design.ratings].mean() for i in keep])
        pairs = compare_systems(means, system[keep], draws=_DRAWS, seed=seed)
        shares.append(float(pairs.differ.sum() / len(names) / (len(names) - 1)))
    return shares


def rows(ratings: str, runs: int) -> Iterator[str]:
    """One row an axis and design."""
    study = open_study(ratings)
    for axis in study.axes:
        plan = Plan.of(estimate(study, axis))
        for text in DESIGNS:
            design = Design.parse(text)
            share = float(np.mean(replayed(study, axis, design, 1 if text == "85x10" else runs)))
            said = plan.outlook(design).apart
            gap = f"{100 * (said - share):+.1f}".replace("-", "−")
            yield f"| {axis} | {design} | {100 * said:.1f} % | {100 * share:.1f} % | {gap} |"


def about(runs: int) -> str:
    """What the table shows."""
    return (
        "`python -m benchmarks.coverage --part planning --annotations JSONL --write` makes this table: AudioMOS 2025 "
        "track 2, 36 systems x 85 clips x 10 anonymous ratings. Predicted by `qamro.evaluation.planning` from REML "
        f"components of all ratings, replayed {runs} times with clips and ratings drawn at random without repeats "
        "(85 x 10 is the study itself), told apart by `tell_apart` (5 % family-wise over 630 pairs)."
    )
