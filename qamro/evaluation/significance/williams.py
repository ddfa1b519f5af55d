"""Williams' test: do two predictors correlate differently with the same human scores?"""

from __future__ import annotations

import math
from typing import NamedTuple


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
