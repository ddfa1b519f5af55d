"""Mean scores of systems, predicted and human, each with an interval over clips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.bootstrap import DRAWS, interval

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation.sample import Sample

_SIDES = ["human", "human_low", "human_high", "predicted", "predicted_low", "predicted_high"]
COLUMNS = ["system", "axis", *_SIDES, "clips"]


def mean_draws(sample: Sample, *, draws: int = DRAWS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draws clips within every system, while the systems stay, and takes the means.

    Args:
        sample: Clips that all have a system.
        draws: Number of draws D.
        seed: Seed of the draws.

    Returns:
        Mean predictions and mean targets, each of shape (D, K), systems sorted by name; the two sides of a draw rest
        on the same clips.
    """
    random = np.random.default_rng(seed)
    names, codes = np.unique(sample.systems, return_inverse=True)
    predictions, targets = np.empty((draws, names.size)), np.empty((draws, names.size))
    for k in range(names.size):
        mine = np.flatnonzero(codes == k)
        picks = mine[random.integers(mine.size, size=(draws, mine.size))]
        predictions[:, k] = sample.predictions[picks].mean(axis=1)
        targets[:, k] = sample.targets[picks].mean(axis=1)
    return predictions, targets


def system_table(sample: Sample, axis: str, *, draws: int = DRAWS, seed: int = 0, level: float = 0.95) -> pd.DataFrame:
    """Returns the systems with their means and intervals.

    Args:
        sample: Clips that all have a system.
        axis: What to write in the column ``axis``.
        draws: Number of draws.
        seed: Seed of the draws.
        level: Coverage of the intervals.

    Returns:
        Columns ``system``, ``axis``, ``human``, ``human_low``, ``human_high``, ``predicted``, ``predicted_low``,
        ``predicted_high``, ``clips``; the ends are NaN for a system of one clip.
    """
    import pandas as pd

    if not sample.targets.size:
        return pd.DataFrame(columns=COLUMNS)
    names, predicted, human, counts = sample.system_means
    predicted_draws, human_draws = mean_draws(sample, draws=draws, seed=seed)
    rows = []
    for k, name in enumerate(names):
        # The mean of one clip drawn again and again does not vary, which is no knowledge of it.
        seen = slice(None) if counts[k] > 1 else slice(0)
        people, machine = interval(human_draws[seen, k], level), interval(predicted_draws[seen, k], level)
        sides = [float(human[k]), people.low, people.high, float(predicted[k]), machine.low, machine.high]
        rows.append([name, axis, *sides, int(counts[k])])
    return pd.DataFrame(rows, columns=COLUMNS)
