"""Average ranks of objectives over folds, and how far apart they must be to differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.significance import CriticalDifference, critical_difference
from qamro.training.compare_objectives.contest import Contest
from qamro.training.sweeps.judged import sample_of_fit

if TYPE_CHECKING:
    import pandas as pd


def scores_in_blocks(contest: Contest) -> pd.DataFrame:
    """Returns each objective's utterance SRCC within each fold, mean over seeds; rows are folds, columns objectives.

    A head that predicts one value has no correlation and counts as 0.
    """
    import pandas as pd

    rows = {}
    for key, table in contest.sweep.predictions.groupby(["fold", "variant", "seed"], sort=False):
        rows[key] = sample_of_fit(table).measure("utterance", ("SRCC",))["SRCC"]
    index = pd.MultiIndex.from_tuples(rows, names=["fold", "variant", "seed"])
    values = pd.Series(np.nan_to_num(list(rows.values())), index=index)
    means = values.groupby(["fold", "variant"]).mean().unstack("variant")
    return means[[variant.label for variant in contest.variants]]


def average_ranks(blocks: pd.DataFrame, *, alpha: float = 0.05) -> CriticalDifference | None:
    """Ranks objectives in every block and compares their average ranks (Friedman, Nemenyi).

    Folds share most of their training clips, so that their ranks agree more than those of separate studies would: what
    differs here need not differ on the next study.

    Args:
        blocks: From ``scores_in_blocks``, of one study and axis or of several, one above the other.
        alpha: Chance of a false difference that is accepted.

    Returns:
        None with fewer than two blocks.
    """
    if len(blocks) < 2:
        return None
    return critical_difference(blocks.to_numpy(float), [str(name) for name in blocks.columns], alpha=alpha)
