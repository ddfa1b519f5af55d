"""Which systems differ over common content: Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.counts import count

if TYPE_CHECKING:
    import pandas as pd

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
