"""What other clips would have said: bootstrap draws of each variant's metric, averaged over its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.bootstrap import DRAWS
from qamro.evaluation.levels import LEVELS, Sample, resample

if TYPE_CHECKING:
    import pandas as pd


def bootstrap_variants(
    predictions: pd.DataFrame,
    axis: str,
    *,
    metrics: Sequence[str] = ("SRCC",),
    levels: Sequence[str] = LEVELS,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[tuple[str, str, str], np.ndarray]:
    """Draws systems, then clips within them, and averages each variant's metric over its seeds.

    All variants see the same draws, so that the difference of two entries is paired.

    Args:
        predictions: ``Sweep.predictions``.
        axis: Which axis.
        metrics: Keys of ``METRICS``.
        levels: ``"utterance"``, ``"system"`` or both.
        draws: Number of draws.
        seed: Seed of the draws.

    Returns:
        For each (variant, level, metric) its value in every draw, shape (draws,); NaN where a draw has none.
    """
    tables = list(predictions[predictions["axis"] == axis].groupby(["variant", "seed"], sort=False))
    samples = [
        Sample(table["predicted"].to_numpy(), table["human"].to_numpy(), table["system"].to_numpy(str))
        for _, table in tables
    ]
    found = resample(samples, metrics, levels=levels, draws=draws, seed=seed)
    collected: dict[tuple[str, str, str], list[np.ndarray]] = {}
    for ((variant, _), _), answer in zip(tables, found, strict=True):
        for level in levels:
            for metric in metrics:
                if answer[level][metric].size:
                    collected.setdefault((str(variant), level, metric), []).append(answer[level][metric])
    return {key: np.mean(values, axis=0) for key, values in collected.items()}
