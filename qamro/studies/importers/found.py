"""What a layout finds in a file, before anything is done to the scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qamro.axes import axis_order
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.reading import ratings_as_found
from qamro.studies.importers.scales import likely_scale

MANY, FAR = 5, 4
"""Raters with as many ratings whose highest scores differ by that factor are taken to use scales of their own."""


@dataclass(frozen=True)
class FoundAxis:
    """What was found on one axis, before any map.

    Attributes:
        axis: The axis as the file calls it.
        rater: One rater, where raters seem to use scales of their own; else empty.
        ratings: Number of ratings.
        low: Lowest score.
        high: Highest score.
        likely: The scale that these scores may be on; None where no usual one holds them.
        why: What speaks for it.
    """

    axis: str
    rater: str
    ratings: int
    low: float
    high: float
    likely: tuple[float, float] | None
    why: str


def found_axes(path: Path | str, layout: Layout, *, by_rater: bool = False) -> list[FoundAxis]:
    """Returns what a layout finds on each axis; by rater where raters plainly use scales of their own, or when asked.

    Args:
        path: A file, a folder, or a zip.
        layout: How it is read.
        by_rater: Whether to tell raters apart in any case.

    Raises:
        StudyError: As ``read`` does.
    """
    ratings = ratings_as_found(path, layout)
    found = []
    for axis in axis_order([str(axis) for axis in ratings["axis"].unique()]):
        of_axis = ratings[ratings["axis"] == axis]
        groups: list[tuple[str, Any]] = [("", of_axis["score"])]
        ends = of_axis.groupby("rater", sort=False)["score"].agg(["max", "size"])
        several = ends[(ends["size"] >= MANY) & (ends.index != "")]["max"]
        apart = len(several) > 1 and several.max() >= FAR * several.min() > 0
        if apart or (by_rater and (ends.index != "").all()):
            groups = [(str(rater), scores) for rater, scores in of_axis.groupby("rater", sort=False)["score"]]
        for rater, scores in groups:
            low, high = float(scores.min()), float(scores.max())
            found.append(FoundAxis(axis, rater, len(scores), low, high, *likely_scale(axis, low, high)))
    return found
