"""What one fit is worth on held-out clips, as rows of ``Sweep.runs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qamro.evaluation.levels import LEVELS, Sample
from qamro.training.sweeps.variants import Variant

if TYPE_CHECKING:
    import pandas as pd


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
