"""Applies declared scales to ratings; what lies off a declared scale is an error, never clipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.studies.importers.layout import Layout
from qamro.studies.importers.melt import COLUMN, FILE, ROW
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd


def scaled(ratings: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, dict[str, str]]:
    """Applies the maps and the names of a layout to melted ratings.

    Args:
        ratings: Ratings with where each stands in its file (see ``melt``).
        layout: Its ``scales`` and ``names``.

    Returns:
        The ratings, with what was found in ``score_found`` where a map moved anything; and the maps in words, by axis.

    Raises:
        StudyError: A score lies off the scale that was declared; names file, row, column and clip.
    """
    maps: dict[str, str] = {}
    scores = ratings["score"].to_numpy(dtype=float, copy=True)
    found = scores.copy()
    axis = ratings["axis"].to_numpy(dtype=object)
    rater = ratings["rater"].to_numpy(dtype=object) if "rater" in ratings.columns else np.full(len(ratings), "")
    own = {key for key in layout.scales if key[1]}
    for (of_axis, of_rater), scale in layout.scales.items():
        mine = axis == of_axis
        if of_rater:
            mine &= rater == of_rater
        else:
            for other_axis, other in own:
                mine &= ~((axis == other_axis) & (rater == other))
        outside = mine & scale.outside(found)
        if outside.any():
            row = ratings.iloc[int(outside.argmax())]
            who = f" by {of_rater}" if of_rater else ""
            raise StudyError(
                f"{row[FILE]}, row {row[ROW]}, column {row[COLUMN]!r}: {row['score']:g} lies off the scale "
                f"{scale.from_low:g} to {scale.from_high:g} that was declared for {of_axis}{who} (clip "
                f"{row['clip']!r}; {int(outside.sum())} in all); correct it or declare another scale"
            )
        scores[mine] = scale(found[mine])
        named = layout.names.get(of_axis, of_axis)
        maps[f"{named}, {of_rater}" if of_rater else named] = str(scale)
    ratings = ratings.assign(score=scores)
    if (scores != found).any():
        ratings["score_found"] = found
    if layout.names:
        ratings["axis"] = ratings["axis"].map(lambda name: layout.names.get(name, name))
    return ratings, maps
