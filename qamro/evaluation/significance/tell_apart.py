"""Which systems can be told apart: every pair with an interval, all pairs at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.bootstrap import DRAWS, settle
from qamro.evaluation.racing import after_race

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

PRIOR = 4.0
"""How many degrees of freedom the variance of all systems together counts beside a system's own."""

_CELLS = 1 << 22  # draws times pairs that are held at once


@dataclass(frozen=True)
class SystemPairs:
    """Systems by their mean scores, and all their pairs.

    Attributes:
        systems: Names, sorted, K of them.
        clips: Number of clips of each, shape (K,).
        means: Mean scores, shape (K,).
        error: Standard error of each pair's difference, shape (K, K); NaN where it cannot be known.
        limit: How many standard errors a difference must exceed; infinite where the draws allow no claim.
        differ: Whether two systems differ, all pairs at once, shape (K, K).
    """

    systems: list[str]
    clips: np.ndarray
    means: np.ndarray
    error: np.ndarray
    limit: float
    differ: np.ndarray

    def table(self) -> pd.DataFrame:
        """Returns the pairs, the better system of each first (see ``tell_apart``)."""
        import pandas as pd

        order = np.argsort(-self.means, kind="stable")
        first, second = (order[side] for side in np.triu_indices(order.size, 1))
        gap, error = self.means[first] - self.means[second], self.error[first, second]
        width = self.limit * error
        names = np.array(self.systems, dtype=object)
        return pd.DataFrame({
            "first": names[first], "second": names[second], "difference": gap,
            "low": gap - width, "high": gap + width, "differ": self.differ[first, second],
        })  # fmt: skip


def tell_apart(study: Study, axis: str, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Compares every two systems of a study by their mean scores, with one promise for all pairs.

    With probability ``level`` every interval holds its true difference, so not one pair of equal systems is set apart
    (the studentised maximum of Romano & Wolf 2005, "Exact and approximate stepdown methods for multiple hypothesis
    testing"): clips are drawn within systems, each draw's differences are divided by that draw's own standard errors,
    and the limit is the quantile of the largest of them. It speaks of these systems with other clips like theirs; that
    other raters would say the same it does not say.

    Args:
        study: The ratings; clips without a system take no part.
        axis: The rated axis.
        level: Joint coverage of all intervals.
        draws: Bootstrap draws; fewer than ``1 / (1 - level) - 1`` allow no claim.
        seed: Their seed.

    Returns:
        One row a pair, best systems first: ``first``, ``second`` (its mean is not the higher one), ``difference``
        (first minus second), ``low``, ``high``, ``differ`` (whether the interval leaves zero out). Where one of the two
        has a single clip, or no system's clips vary, the ends are NaN and ``differ`` is False. ``attrs["note"]`` says
        what the intervals are worth where the ratings were handed out by a race, and is empty elsewhere.

    Raises:
        KeyError: Nobody rated this axis.
        ValueError: ``level`` is not a share between 0 and 1, or ``draws`` is below 1.
    """
    means = study.clip_means()
    means = means[means["axis"] == axis]
    if means.empty:
        raise KeyError(f"nobody rated {axis!r} in study {study.name!r}; its axes are {', '.join(study.axes)}")
    means = means[means["system"] != ""]
    scores, systems = means["mean"].to_numpy(float), means["system"].to_numpy(str)
    found = compare_systems(scores, systems, level=level, draws=draws, seed=seed).table()
    found.attrs["note"] = after_race(study, axis)
    return found


def compare_systems(
    scores: np.ndarray, systems: np.ndarray, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> SystemPairs:
    """Does the work of ``tell_apart`` for any scores of clips, people's or a predictor's.

    A system's variance counts with n - 1 degrees of freedom and that of all systems together with ``PRIOR``, in the
    data and in every draw: of few clips, or many equal ones, a draw may hold no variance at all.

    Args:
        scores: One score a clip, shape (n,).
        systems: Each clip's system, none empty, shape (n,).
        level: Joint coverage.
        draws: Bootstrap draws.
        seed: Their seed.

    Raises:
        ValueError: ``level`` is not a share between 0 and 1, or ``draws`` is below 1.
    """
    if not 0 < level < 1 or draws < 1:
        raise ValueError(f"level is a share between 0 and 1 and draws 1 or more, not {level} and {draws}")
    names, codes, counts = np.unique(systems, return_inverse=True, return_counts=True)
    k = names.size
    centres = np.bincount(codes, weights=scores, minlength=k) / counts
    rest = scores - centres[codes]
    # Equal scores have no spread, whatever rounding leaves of it.
    rest[np.abs(rest) < 1e-12 * np.abs(scores).max(initial=0)] = 0
    means, error, differ = settle(centres), np.full((k, k), np.nan), np.zeros((k, k), dtype=bool)
    first, second = (side for side in np.triu_indices(k, 1))
    known = (counts[first] > 1) & (counts[second] > 1)
    first, second = first[known], second[known]
    squares = np.bincount(codes, weights=rest**2, minlength=k)
    if not first.size or not squares.any():
        return SystemPairs([str(name) for name in names], counts, means, error, math.inf, differ)
    drawn = _draws([rest[codes == i] for i in range(k)], draws, seed)
    largest = _largest(*drawn, counts, (first, second))
    place = math.ceil(level * (draws + 1)) - 1
    limit = float(np.sort(largest)[place]) if place < draws else math.inf
    own = _squared_errors(squares / np.maximum(counts - 1, 1), counts)
    spread = np.sqrt(own[first] + own[second])
    gap = np.abs(means[first] - means[second])
    error[first, second] = error[second, first] = spread
    differ[first, second] = differ[second, first] = gap > limit * spread
    return SystemPairs([str(name) for name in names], counts, means, error, limit, differ)


def largest_gaps(means: np.ndarray, variances: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the rule makes of draws of equal systems: the largest studentised difference of each, and squared errors.

    Args:
        means: Means of the systems in every draw, shape (draws, K).
        variances: Variances of their clips, shape (draws, K).
        counts: Clips of each system, two or more, shape (K,).

    Returns:
        Shapes (draws,) and (draws, K); the errors are those of means.
    """
    first, second = np.triu_indices(len(counts), 1)
    return _largest(means, variances, counts, (first, second)), _squared_errors(variances, counts)


def _squared_errors(variances: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Squared standard errors of means from the systems' variances, shape (..., K), moderated by the pooled one."""
    freedom = counts - 1
    pooled = (variances @ freedom)[..., None] / freedom.sum()
    return (PRIOR * pooled + freedom * variances) / (PRIOR + freedom) / counts


def _draws(parts: Sequence[np.ndarray], draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of each system's scores in every draw of its clips, each of shape (draws, K)."""
    random = np.random.default_rng(seed)
    means, variances = np.zeros((draws, len(parts))), np.zeros((draws, len(parts)))
    for k, part in enumerate(parts):
        if part.size > 1:
            picks = part[random.integers(part.size, size=(draws, part.size))]
            means[:, k], variances[:, k] = picks.mean(axis=1), picks.var(axis=1, ddof=1)
    return means, variances


def _largest(
    means: np.ndarray, variances: np.ndarray, counts: np.ndarray, pairs: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """The largest studentised difference of each draw, where all true differences are zero; shape (draws,)."""
    errors = _squared_errors(variances, counts)
    largest = np.empty(len(means))
    first, second = pairs
    step = max(1, _CELLS // first.size)
    for start in range(0, len(means), step):
        some = slice(start, start + step)
        gaps = np.abs(means[some][:, first] - means[some][:, second])
        spread = np.sqrt(errors[some][:, first] + errors[some][:, second])
        # A draw without any spread is endlessly far off, unless nothing moved.
        far = np.where(gaps > 0, np.inf, 0.0)
        largest[some] = np.divide(gaps, spread, out=far, where=spread > 0).max(axis=1)
    return largest
