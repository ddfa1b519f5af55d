"""What a simulated study is like: spread, correlation of the axes, agreement of the panel, time to render.

``python -m qamro.studies.simulated.statistics`` prints the tables of docs/simulated-study.md.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import AXES
from qamro.studies.simulated.build import SimulatedStudy, build

if TYPE_CHECKING:
    import pandas as pd


def true_system_means(sim: SimulatedStudy) -> pd.DataFrame:
    """Returns the mean true score of each system (index) on each axis (columns)."""
    table = sim.truth.merge(sim.study.clips[["clip", "system"]], on="clip")
    return table.pivot_table(index="system", columns="axis", values="score")[list(AXES)]


def split_half(sim: SimulatedStudy, splits: int = 100, seed: int = 0) -> pd.DataFrame:
    """Returns how well two random halves of the panel agree: mean SRCC over many splits, by axis.

    Args:
        sim: The study.
        splits: How many random splits of the panel.
        seed: Chooses them.

    Returns:
        Index the axes; columns ``clip`` and ``system`` (the level of the means that are correlated).
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    raters = np.array(sorted(sim.study.ratings["rater"].unique()))
    orders = [rng.permutation(raters) for _ in range(splits)]
    system = sim.study.clips.set_index("clip")["system"]
    rows = {}
    for axis, ratings in sim.study.ratings.groupby("axis"):
        wide = ratings.pivot_table(index="clip", columns="rater", values="score")
        found = []
        for order in orders:
            halves = [wide[half].mean(axis=1) for half in np.array_split(order, 2)]
            clips = pd.concat(halves, axis=1).dropna()
            levels = (clips, clips.groupby(system).mean())
            found.append([float(level.corr("spearman").to_numpy()[0, 1]) for level in levels])
        rows[axis] = np.mean(found, axis=0)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["clip", "system"]).loc[list(AXES)]


def _print(title: str, table: pd.DataFrame, digits: int) -> None:
    print(f"\n{title}\n\n| | {' | '.join(map(str, table.columns))} |\n|---|{'---|' * len(table.columns)}")
    for name, row in table.iterrows():
        print(f"| {name} | {' | '.join(f'{value:.{digits}f}' for value in row)} |")


def main() -> None:
    """Builds a study of 12 and one of 60 systems in a temporary folder and prints what they are like."""
    with tempfile.TemporaryDirectory() as folder:
        for systems, prompts in ((12, 12), (60, 24)):
            start, cpu = time.perf_counter(), time.process_time()
            sim = build(systems, prompts, folder=Path(folder) / str(systems))
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            megabytes = sum(path.stat().st_size for path in sim.folder.rglob("*.flac")) / 1e6
            print(f"\n## {sim.study.name}")
            print(f"{seconds:.1f} s ({cpu:.1f} s of one core), {megabytes:.0f} MB, {len(sim.study.ratings)} ratings")
            means = true_system_means(sim)
            _print("True means of the systems", means.agg(["min", "mean", "max", "std"]), 2)
            _print("Rank correlation of the axes over systems", means.corr("spearman"), 2)
            _print("Agreement of two halves of the listeners (SRCC)", split_half(sim).T, 3)


if __name__ == "__main__":
    main()
