"""Raters side by side: bias, consistency, agreement with the others, and who strays, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.rater_bootstrap import RatingMatrix, rating_matrix
from qamro.evaluation.raters.model import MODELS, RanAway, RaterModel, rater_model, scatter_about

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

WILD = 1.5
"""A rater strays when the interval of the inconsistency lies above so many times the median one."""
FAR = 3.0
"""A bias is far when it lies so many robust standard deviations from the median one."""
_NORMAL, _MAD = 1.959964, 1.482602


@dataclass(frozen=True)
class Panel:
    """What the rater models say together on one axis.

    Attributes:
        raters: Those of the main model's ``RaterModel.raters`` without ``rejected``, and ``agreement`` (rank
            correlation with the mean of the others), ``agreement_low``, ``agreement_high``, ``reason`` (why the rater
            strays; empty for most).
        models: What each model answered, by its key in ``MODELS``; the main one first: P.910, where it has an answer.
        problem: Why P.910 has none; empty where it has.
    """

    raters: pd.DataFrame
    models: dict[str, RaterModel]
    problem: str = ""

    @property
    def main(self) -> RaterModel:
        """The model that bias and inconsistency are of."""
        return next(iter(self.models.values()))

    @property
    def straying(self) -> dict[str, str]:
        """The raters who stray, each with the reason."""
        rows = self.raters[self.raters["reason"] != ""]
        return dict(zip(rows["rater"], rows["reason"], strict=True))


def panel(study: Study, axis: str) -> Panel:
    """Looks at every rater of an axis. Nobody is removed: that is for people to decide.

    A rater strays who is rejected by BT.500 or P.913; whose inconsistency is, by the lower end of its interval, above
    ``WILD`` times the median one; whose bias is ``FAR`` robust standard deviations from the median one, which its
    interval does not hold; who agrees with the others less than half as well as the median rater, by the upper end of
    the interval; or who gave all clips one score. In a large panel a few stray by chance.

    Raises:
        KeyError: Nobody rated this axis.
        RatersUnknown: The ratings are anonymous, or fewer than two raters have enough ratings.
    """
    models, problem = {}, ""
    for key in MODELS:
        try:
            models[key] = rater_model(study, axis, key)
        except RanAway as why:
            problem = str(why)
    matrix = rating_matrix(study, axis)
    raters = scatter_about(matrix, models["P.913"]) if problem else models["P.910"].raters
    raters = raters.drop(columns="rejected")
    low, value, high = with_the_others(matrix, raters["rater"].tolist())
    raters = raters.assign(agreement=value, agreement_low=low, agreement_high=high)
    raters["reason"] = _reasons(raters, models)
    return Panel(raters, models, problem)


def with_the_others(matrix: RatingMatrix, raters: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rank correlation of each rater with the mean of the others, over the clips that they share.

    The interval takes clips for independent (Bonett & Wright 2000, Psychometrika 65, 23-28).

    Args:
        matrix: Ratings by named raters.
        raters: Which ones.

    Returns:
        Lower ends, values and upper ends, each of shape (raters,); NaN where a rater shares fewer than four clips or
        gave them one score.
    """
    from scipy.stats import spearmanr

    known = np.isfinite(matrix.scores)
    total, count = np.nansum(matrix.scores, axis=1), known.sum(axis=1)
    values, sizes = np.full(len(raters), np.nan), np.zeros(len(raters))
    for i, name in enumerate(raters):
        column = matrix.raters.index(name)
        shared = known[:, column] & (count > 1)
        own = matrix.scores[shared, column]
        others = (total[shared] - own) / (count[shared] - 1)
        sizes[i] = own.size
        if own.size > 3 and np.ptp(own) > 0 and np.ptp(others) > 0:
            values[i] = spearmanr(own, others).statistic
    with np.errstate(invalid="ignore", divide="ignore"):
        free, error = np.arctanh(values), np.sqrt((1 + values**2 / 2) / (sizes - 3))
        return np.tanh(free - _NORMAL * error), values, np.tanh(free + _NORMAL * error)


def _reasons(raters: pd.DataFrame, models: dict[str, RaterModel]) -> list[str]:
    rejected = {
        key: set(model.raters.loc[model.raters["rejected"], "rater"]) for key, model in models.items() if key != "P.910"
    }
    typical = raters[["bias", "inconsistency", "agreement"]].median()
    spread = _MAD * (raters["bias"] - typical["bias"]).abs().median()
    found = []
    for row in raters.itertuples():
        why = [f"rejected by {key}" for key, names in rejected.items() if row.rater in names]
        if row.sd == 0:
            why.append("gave every clip the same score")
        if row.inconsistency_low > WILD * typical["inconsistency"]:
            times = row.inconsistency / typical["inconsistency"]
            why.append(f"{times:.1f} times as inconsistent as the median rater")
        outside = not row.bias_low <= typical["bias"] <= row.bias_high
        if outside and abs(row.bias - typical["bias"]) > FAR * spread:
            why.append(f"scores {abs(row.bias):.2g} points {'above' if row.bias > 0 else 'below'} the other raters")
        if row.agreement_high < typical["agreement"] / 2:
            why.append(f"hardly ranks clips as the others do (SRCC {row.agreement:.2f})".replace("-", "−"))
        found.append("; ".join(why))
    return found
