"""Bootstrap draws of raters: the mean scores that another panel might have given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qamro.evaluation.metrics.ranks import levels_of
from qamro.evaluation.rating_matrix import RatingMatrix
from qamro.evaluation.rounding import settle

_POOL = 1000
_CLIPS = 64


def mos_draws(matrix: RatingMatrix, draws: int, random: np.random.Generator) -> np.ndarray:
    """Draws raters with replacement and takes each clip's mean.

    Named raters are drawn once for all clips, as a panel. Anonymous ratings are drawn clip by clip; each clip has a
    thousand resamples to pick from.

    Args:
        matrix: The ratings of one axis.
        draws: Number of draws D.
        random: Source of the draws.

    Returns:
        Mean scores, shape (D, n); NaN where none of the drawn raters rated the clip.
    """
    known = np.isfinite(matrix.scores)
    scores = np.where(known, matrix.scores, 0.0)
    if not matrix.anonymous:
        k = len(matrix.raters)
        panel = random.multinomial(k, np.full(k, 1 / k), size=draws).astype(float)
        count = panel @ known.T
        with np.errstate(invalid="ignore"):
            return np.where(count > 0, (panel @ scores.T) / count, np.nan)
    means = np.empty((draws, len(scores)))
    for size in np.unique(matrix.counts):
        mine = np.flatnonzero(matrix.counts == size)
        packed = scores[mine][known[mine]].reshape(mine.size, size)
        pool = random.multinomial(size, np.full(size, 1 / size), size=_POOL).astype(float)
        picks = random.integers(_POOL, size=(draws, mine.size))
        # A few clips at a time: their pools stay in the cache.
        for start in range(0, mine.size, _CLIPS):
            some = slice(start, start + _CLIPS)
            sums = packed[some] @ pool.T
            means[:, mine[some]] = sums[np.arange(len(sums)), picks[:, some]] / size
    return means


@dataclass(frozen=True)
class DrawnMos:
    """The MOS of one panel or of many.

    Attributes:
        targets: MOS, shape (n,) or (draws, n), 0 where a drawn panel did not hear a clip.
        heard: Where it did, same shape; None when everywhere.
        levels: ``levels_of(targets)``, where it is known (see ``coded``).
    """

    targets: np.ndarray
    heard: np.ndarray | None = None
    levels: tuple[np.ndarray, int] | None = None

    @classmethod
    def of(cls, ratings: RatingMatrix, draws: int, random: np.random.Generator) -> DrawnMos:
        """Draws panels.

        Args:
            ratings: The ratings of one axis: n clips.
            draws: Number of panels D.
            random: Source of the draws.

        Returns:
            MOS of shape (D, n), rounded so that ties stay ties.
        """
        targets = settle(mos_draws(ratings, draws, random), 14)
        heard = np.isfinite(targets)
        targets = targets if heard.all() else np.where(heard, targets, 0.0)
        return cls(targets, None if heard.all() else heard)

    def and_of(self, targets: np.ndarray, draws: int) -> DrawnMos:
        """These panels, and behind them the one whose MOS are ``targets``, shape (n,), ``draws`` times over."""
        real = np.broadcast_to(settle(targets, 14), (draws, targets.size))
        every = np.concatenate([self.targets, real])
        heard = None if self.heard is None else np.concatenate([self.heard, np.ones(real.shape, dtype=bool)])
        return DrawnMos(every, heard)

    @property
    def coded(self) -> DrawnMos:
        """These panels with the levels of their MOS."""
        return replace(self, levels=levels_of(self.targets))
