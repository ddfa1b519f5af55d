"""The ratings of one axis as a table of clips by raters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from qamro.studies import Study


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
