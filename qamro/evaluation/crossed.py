"""Raters and prompts drawn anew, both at once: the intervals of votes and of listening tests.

Ten answers of one person are not ten opinions, and ten on one prompt are not ten prompts. Each draw weighs a row by how
often its rater and its prompt were drawn (the pigeonhole bootstrap, Owen 2007, Annals of Applied Statistics 1(2)),
which is a little too wide rather than too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Crossed:
    """What is drawn anew for the rows of a table.

    Attributes:
        rows: Number of rows.
        kinds: For raters and for prompts (where known), to which of them each row belongs (rows,), and their number.
    """

    rows: int
    kinds: tuple[tuple[np.ndarray, int], ...]

    @classmethod
    def of(cls, table: pd.DataFrame, columns: Sequence[str] = ("rater", "prompt")) -> Crossed:
        """Reads a table's columns; one that is missing, has an empty cell, or holds one name only is not drawn."""
        kinds = []
        for column in columns:
            if column not in table.columns:
                continue
            given = table[column].fillna("").astype(str).to_numpy(str)
            if (given == "").any():
                continue
            names, members = np.unique(given, return_inverse=True)
            if names.size > 1:
                kinds.append((members, int(names.size)))
        return cls(len(table), tuple(kinds))

    @property
    def clusters(self) -> int:
        """Number of what is drawn: raters or prompts, whichever are fewer, or single rows where neither is known."""
        return min((number for _, number in self.kinds), default=self.rows)

    def weights(self, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Yields for each draw how often every row counts, shape (rows,); without kinds single rows are drawn."""
        for _ in range(draws):
            if not self.kinds:
                yield np.bincount(rng.integers(self.rows, size=self.rows), minlength=self.rows).astype(float)
                continue
            weight = np.ones(self.rows)
            for members, number in self.kinds:
                weight *= np.bincount(rng.integers(number, size=number), minlength=number)[members]
            yield weight

    def wider(self, width: float) -> float:
        """Widens so many standard errors of a normal interval to Student's: few raters tell little of their spread.

        The draws' spread is too small by the usual factor n / (n - 1) as well.
        """
        from scipy.special import ndtr, stdtrit

        n = self.clusters
        return width if n < 2 else float(stdtrit(n - 1, ndtr(width)) * np.sqrt(n / (n - 1)))

    def tail(self, level: float) -> float:
        """How many standard errors of the draws an interval reaches on either side."""
        from scipy.special import ndtri

        return self.wider(float(ndtri((1 + level) / 2)))


def joint_width(drawn: np.ndarray, spread: np.ndarray, level: float, crossed: Crossed, least: float = 0.0) -> float:
    """How many standard errors intervals need that hold all at once: the largest studentised deviation of the draws.

    The spreads are themselves estimated from the draws, so the width is that of a Student's distribution of as many.

    Args:
        drawn: Values in every draw, shape (D, N).
        spread: Their standard deviations, shape (N,).
        level: Chance that all hold.
        crossed: What was drawn.
        least: Lowest width by theory, in standard errors.
    """
    from scipy.special import ndtr, stdtrit

    with np.errstate(divide="ignore", invalid="ignore"):
        studentised = np.abs(drawn - drawn.mean(axis=0)) / spread
    largest = np.where(spread > 0, studentised, 0.0).max(axis=1)
    width = max(float(np.quantile(largest, level, method="higher")), least)
    return crossed.wider(float(stdtrit(len(drawn) - 1, ndtr(min(width, 8.0)))))


@lru_cache(maxsize=64)
def range_width(k: int, level: float) -> float:
    """Tukey's width for all pairs of k independent means, in standard errors of a difference.

    The range of k standard normal values stays below q with chance k * integral of phi(z) (Phi(z) - Phi(z - q))^(k-1).
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    z = np.linspace(-8, 8, 1601)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

    def excess(q: float) -> float:
        return float(k * np.trapezoid(density * (ndtr(z) - ndtr(z - q)) ** (k - 1), z) - level)

    return float(brentq(excess, 1e-6, 20)) / np.sqrt(2)


def pair_differences(
    names: Sequence[str], values: np.ndarray, drawn: np.ndarray, level: float, crossed: Crossed
) -> pd.DataFrame:
    """Differences of all pairs, with intervals that hold at once: the wider one of ``joint_width`` and Tukey's.

    Args:
        names: What is compared, K of them.
        values: A value of each, shape (K,).
        drawn: The same in every draw, shape (D, K).
        level: Chance that all intervals hold at once.
        crossed: What was drawn.

    Returns:
        One row a pair: ``first``, ``second``, ``difference``, ``low``, ``high``, ``differ``.
    """
    import pandas as pd

    one, two = np.triu_indices(len(names), 1)
    gap, gaps = values[one] - values[two], drawn[:, one] - drawn[:, two]
    spread = gaps.std(axis=0, ddof=1)
    least = range_width(len(names), level) if len(names) > 1 else 0.0
    width = joint_width(gaps, spread, level, crossed, least) * spread if gap.size else spread
    return pd.DataFrame(
        {
            "first": [names[int(i)] for i in one],
            "second": [names[int(i)] for i in two],
            "difference": gap,
            "low": gap - width,
            "high": gap + width,
            "differ": (np.abs(gap) > width) & (spread > 0),
        }
    )


def runs(differ: np.ndarray) -> list[tuple[int, int]]:
    """Largest runs of an order in which no pair differs: first and last place, of two or more.

    Args:
        differ: Whether two of the order are told apart, shape (K, K).
    """
    found: list[tuple[int, int]] = []
    for first in range(len(differ)):
        last = first
        while last + 1 < len(differ) and not differ[first : last + 1, last + 1].any():
            last += 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found
