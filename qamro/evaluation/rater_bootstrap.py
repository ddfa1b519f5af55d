"""Bootstrap draws of raters: the mean scores that another panel might have given, and where their intervals lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.bootstrap import settle
from qamro.evaluation.metrics.ranks import levels_of

if TYPE_CHECKING:
    from qamro.studies import Study

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


# Moves bootstrap draws that hold new raters back to where draws of clips alone lie.

PILOT = 200
"""From how many draws the distance is taken: both sides see the same clips, so few will do."""

_Scale = tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]


def _logit(share: np.ndarray) -> np.ndarray:
    return np.log(share) - np.log1p(-share)


def _share(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))


_FREE: dict[str, _Scale] = {
    **dict.fromkeys(("LCC", "SRCC", "KTAU"), (np.arctanh, np.tanh)),
    **dict.fromkeys(("ACC", "ACC_EQ"), (_logit, _share)),
    "MSE": (np.log, np.exp),
}
"""For each metric a scale without ends, and the way back, so that no draw leaves the metric's range."""


def recentre(metric: str, drawn: np.ndarray, same_raters: np.ndarray) -> np.ndarray:
    """Takes out of the draws what repeated raters do to their centre, and leaves their spread.

    MOS hold the noise of the raters who gave them. A panel that is drawn from these raters adds as much noise again, so
    every correlation comes out lower in the draws than in the data, and the percentiles would be about a noisier
    panel than the one that was asked. The median distance between draws of the same clips with and without new raters
    is that effect; all draws are moved back by it (a bias correction in the sense of Efron & Tibshirani 1993,
    section 10.4, on a scale where the metric has no ends).

    Args:
        metric: A key of ``METRICS``; one that is an event (top-1) stays as it is.
        drawn: The metric in every draw with new raters, shape (D,).
        same_raters: The metric in the first P draws with the MOS as they are, shape (P,).

    Returns:
        Draws in the metric's range, shape (D,); NaN stays NaN, and a perfect value stays perfect.
    """
    if metric not in _FREE or not same_raters.size:
        return drawn
    to, back = _FREE[metric]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        free = to(drawn)
        gaps = to(same_raters) - free[: same_raters.size]
        # Perfect against perfect is no distance; perfect against anything else is an endless one.
        gaps = gaps[~np.isnan(gaps)]
        shift = float(np.median(gaps)) if gaps.size else 0.0
        return np.where(np.isfinite(free), back(free + shift), drawn) if np.isfinite(shift) else drawn


# The ratings of one axis as a table of clips by raters.


@dataclass(frozen=True)
class RatingMatrix:
    """Ratings of one axis.

    Attributes:
        axis: The axis.
        clips: Names of the n rated clips.
        systems: Their systems, "" where there is none, shape (n,).
        raters: Names of the k raters; empty when the ratings are anonymous: a column is then a position in a list,
            which is no rater, and nothing may be said of columns.
        scores: Ratings, NaN where there is none, shape (n, k).
        repeated: How many ratings were averaged into others, because a rater had rated the clip before.
    """

    axis: str
    clips: list[str]
    systems: np.ndarray
    raters: list[str]
    scores: np.ndarray
    repeated: int = 0

    @property
    def anonymous(self) -> bool:
        """Whether nobody knows who gave which rating."""
        return not self.raters

    @property
    def counts(self) -> np.ndarray:
        """Number of ratings of each clip, shape (n,)."""
        return np.isfinite(self.scores).sum(axis=1)

    def rows(self, keep: np.ndarray) -> RatingMatrix:
        """The ratings of some clips.

        Args:
            keep: Which clips, as positions or as a mask of shape (n,).
        """
        places = np.arange(len(self.clips))[keep]
        clips = [self.clips[i] for i in places]
        return replace(self, clips=clips, systems=self.systems[places], scores=self.scores[places])


def rating_matrix(study: Study, axis: str) -> RatingMatrix:
    """Lays out the ratings of one axis.

    When any rating of the axis lacks a rater, all of them are taken as anonymous; a rater's repeated ratings of a clip
    are one all the same (see ``Study.counted``).

    Raises:
        KeyError: Nobody rated this axis.
    """
    ratings = study.counted[study.counted["axis"] == axis]
    if ratings.empty:
        raise KeyError(f"nobody rated {axis!r} in study {study.name!r}; its axes are {', '.join(study.axes)}")
    named = bool((ratings["rater"] != "").all())
    repeated = int((study.ratings["axis"] == axis).sum()) - len(ratings)
    if named:
        table = ratings.pivot(index="clip", columns="rater", values="score")
    else:
        place = ratings.groupby("clip", sort=False).cumcount()
        table = ratings.assign(place=place).pivot(index="clip", columns="place", values="score")
    table = table.sort_index()
    systems = study.clips.set_index("clip")["system"].reindex(table.index)
    return RatingMatrix(
        axis,
        [str(clip) for clip in table.index],
        systems.to_numpy(str),
        sorted(map(str, table.columns)) if named else [],
        (table[sorted(table.columns)] if named else table).to_numpy(float),
        repeated,
    )
