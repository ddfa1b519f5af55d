"""Paired tests, Williams, Friedman with Nemenyi, Holm's correction, and which systems cannot be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from qamro.counts import count
from qamro.evaluation.levels import Sample
from qamro.evaluation.metrics import METRICS, Pairs

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from qamro.studies import Study

BLOCK_COLUMNS = ("source", "content", "prompt")
"""Columns of the clips table that may say what versions of a clip share, in this order."""


class NoBlocks(ValueError):  # noqa: N818 - reads as what happened
    """The systems were not heard on common content; the message says what is missing."""


@dataclass(frozen=True)
class CriticalDifference:
    """Average ranks of systems over blocks, and how far apart they must be to differ.

    Attributes:
        systems: Names, best first.
        ranks: Average rank of each (1 is best), shape (k,).
        blocks: Number of blocks N (prompts or raters).
        statistic: Friedman's chi-square, corrected for ties; NaN when every block ties all systems.
        p: Its p value: that systems are all alike.
        difference: Nemenyi's critical difference of average ranks.
        groups: Largest sets of systems, first and last position, within which none differs from another; only sets of
            two or more.
    """

    systems: list[str]
    ranks: np.ndarray
    blocks: int
    statistic: float
    p: float
    difference: float
    groups: list[tuple[int, int]]


def critical_difference(scores: np.ndarray, systems: list[str], *, alpha: float = 0.05) -> CriticalDifference:
    """Compares systems over blocks (Demšar 2006, "Statistical comparisons of classifiers over multiple data sets").

    Args:
        scores: Mean score of each system in each block, higher is better, shape (N blocks, k systems), no NaN.
        systems: Names of the k systems.
        alpha: Chance of a false difference that is accepted.

    Raises:
        ValueError: Fewer than two blocks or two systems, a score is missing, or the shapes do not fit.
    """
    from scipy.stats import chi2, rankdata, studentized_range

    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or scores.shape[1] != len(systems) or min(scores.shape) < 2:
        raise ValueError(f"scores of shape {scores.shape} for {count(len(systems), 'system')}; both need two or more")
    if not np.isfinite(scores).all():
        raise ValueError("every system needs a score in every block")
    blocks, k = scores.shape
    ranks = rankdata(-scores, axis=1)
    mean = ranks.mean(axis=0)
    # Friedman's statistic with the correction for ties, the form that scipy and Conover use.
    spread = ((ranks - (k + 1) / 2) ** 2).sum()
    statistic = (k - 1) * blocks**2 * ((mean - (k + 1) / 2) ** 2).sum() / spread if spread else float("nan")
    width = studentized_range.ppf(1 - alpha, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * blocks))
    order = np.argsort(mean, kind="stable")
    return CriticalDifference(
        [systems[i] for i in order],
        mean[order],
        blocks,
        float(statistic),
        float(chi2.sf(statistic, k - 1)),
        float(width),
        _groups(mean[order], float(width)),
    )


def _groups(ranks: np.ndarray, width: float) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first in range(ranks.size):
        last = int(np.flatnonzero(ranks <= ranks[first] + width)[-1])
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def blocks_of(study: Study, axis: str, by: str | None = None) -> tuple[np.ndarray, list[str], str]:
    """Lays out mean scores of systems by what they share: content if the study names it, otherwise raters.

    Args:
        study: The ratings.
        axis: The axis.
        by: A column of the clips table, or ``"rater"``; None takes the first that is complete.

    Returns:
        Scores of shape (blocks, systems) of the complete blocks, the systems, and what a block is.

    Raises:
        NoBlocks: No column puts all systems side by side at least twice.
    """
    table = study.counted[study.counted["axis"] == axis].merge(study.clips, on="clip", suffixes=("", "_clip"))
    table = table[table["system"] != ""]
    systems = sorted(table["system"].unique())
    choices = [by] if by else [column for column in BLOCK_COLUMNS if column in table.columns] + ["rater"]
    for column in choices:
        if column not in table.columns:
            raise NoBlocks(f"the clips table has no column {column!r}")
        scores = _complete(table[table[column].fillna("").astype(str) != ""], column, systems)
        if len(systems) > 1 and len(scores) > 1:
            return scores.to_numpy(float), systems, column
    raise NoBlocks(
        f"no two contents were heard from all {count(len(systems), 'system')} (looked at {', '.join(choices)}); name "
        "what clips share in a column 'source' of the clips table"
    )


def _complete(table: pd.DataFrame, column: str, systems: list[str]) -> pd.DataFrame:
    # A clip's MOS first: a system with more clips or ratings of a content must not weigh more.
    means = table.groupby([column, "system", "clip"])["score"].mean().groupby([column, "system"]).mean().unstack()
    return means.reindex(columns=systems).dropna()


# Holm's correction for several tests.


def holm(p_values: ArrayLike) -> np.ndarray:
    """Adjusts p values so that any false claim among all of them is as unlikely as each promises (Holm 1979).

    Args:
        p_values: Shape (m,); NaN for a test that could not be made, which does not count.

    Returns:
        Adjusted p values of the same shape, at most 1; NaN stays NaN.

    Raises:
        ValueError: A p value lies outside 0 to 1.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    known = np.flatnonzero(~np.isnan(p))
    if ((p[known] < 0) | (p[known] > 1)).any():
        raise ValueError("p values lie between 0 and 1")
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(order.size, 0, -1)
    adjusted = np.full(p.shape, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


# Tests of the difference between two predictors on the same clips.


def bootstrap_p(differences: np.ndarray) -> float:
    """Two-sided p value that a difference is zero, from its paired bootstrap draws.

    Twice the share of draws on the far side of zero, with one added to both counts so that it is never zero (Davison &
    Hinkley 1997, section 4.2): a thousand draws cannot promise less than .002.

    Args:
        differences: Difference in each draw, shape (draws,); NaN draws are left out.

    Returns:
        The p value; NaN without draws.
    """
    known = differences[~np.isnan(differences)]
    if not known.size:
        return math.nan
    fewer = min((known <= 0).sum(), (known >= 0).sum())
    return float(min(1.0, 2 * (fewer + 1) / (known.size + 1)))


def between(first: Sample, second: Sample, level: str, metric: str) -> WilliamsTest:
    """Williams' test of two predictors' correlations with the same human scores.

    Args:
        first: One predictor's scores with the human ones.
        second: The other's, of the same clips.
        level: ``"utterance"`` or ``"system"``.
        metric: ``"LCC"`` or ``"SRCC"``; for others the answer is NaN.
    """
    if metric not in ("LCC", "SRCC"):
        return WilliamsTest(math.nan, 0, math.nan)
    one, other = first.pairs(level), second.pairs(level)
    n = one.predictions.size
    if n < 4:
        return WilliamsTest(math.nan, n - 3, math.nan)
    core = METRICS[metric].core
    together = Pairs(one.predictions, other.predictions)
    return williams(float(core(one)), float(core(other)), float(core(together)), n)


# Williams' test: do two predictors correlate differently with the same human scores?


class WilliamsTest(NamedTuple):
    """What the test answers.

    Attributes:
        t: Test statistic; above zero where the first correlation is higher. NaN where the test cannot be made.
        freedom: Degrees of freedom, n - 3.
        p: Two-sided p value.
    """

    t: float
    freedom: int
    p: float


def williams(first: float, second: float, between: float, n: int) -> WilliamsTest:
    """Tests two dependent correlations that share a variable (Williams 1959, in the form of Steiger 1980, Eq. 7).

    It assumes independent items with normal scores. For rank correlations it is an approximation, and for clips of the
    same systems it promises too much: the paired bootstrap, which draws systems, is the one to believe there.

    Args:
        first: Correlation of the first predictor with the human scores.
        second: Correlation of the second one with them.
        between: Correlation between the two predictors.
        n: Number of items.

    Returns:
        The statistic and its p value; NaN with fewer than four items, an undefined correlation, or two predictors
        that say the same.
    """
    if n < 4 or any(math.isnan(r) for r in (first, second, between)) or between >= 1:
        return WilliamsTest(math.nan, n - 3, math.nan)
    from scipy.stats import t as student

    # The determinant of the three correlations; rounding may take it below zero.
    determinant = max(1 - first**2 - second**2 - between**2 + 2 * first * second * between, 0.0)
    mean = (first + second) / 2
    scale = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - between) ** 3
    if scale <= 0:
        return WilliamsTest(math.nan, n - 3, math.nan)
    t = (first - second) * math.sqrt((n - 1) * (1 + between) / scale)
    return WilliamsTest(t, n - 3, float(2 * student.sf(abs(t), n - 3)))
