"""What a layout finds in a file, before anything is done to the scores: for a person to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import axis_order
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.reading import ratings_as_found, raw_tables
from qamro.studies.importers.scales import likely_scale

if TYPE_CHECKING:
    import pandas as pd

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


@dataclass(frozen=True)
class Found:
    """What a layout finds.

    Attributes:
        clips: Number of clips.
        raters: Number of raters that are named.
        ratings: Number of ratings.
        axes: What was found on each axis.
        head: The first ratings: ``clip``, ``rater``, ``axis``, ``score``.
    """

    clips: int
    raters: int
    ratings: int
    axes: tuple[FoundAxis, ...]
    head: tuple[dict[str, Any], ...]


def find(path: Path | str, layout: Layout, *, by_rater: bool = False, rows: int = 6) -> Found:
    """Reads ratings as a layout says and tells what is there.

    Args:
        path: A file, a folder, or a zip.
        layout: How it is read.
        by_rater: Whether to tell raters apart on each axis; without, that is done where they plainly use scales of
            their own.
        rows: How many ratings to show.

    Raises:
        StudyError: As ``read`` does.
    """
    ratings = ratings_as_found(path, layout)
    named = ratings.loc[ratings["rater"] != "", "rater"]
    axes = axis_order([str(axis) for axis in ratings["axis"].unique()])
    return Found(
        clips=ratings["clip"].nunique(),
        raters=named.nunique(),
        ratings=len(ratings),
        axes=tuple(found for axis in axes for found in _axis(axis, ratings[ratings["axis"] == axis], by_rater)),
        head=tuple(ratings[["clip", "rater", "axis", "score"]].head(rows).to_dict("records")),
    )


def examples(path: Path | str, layout: Layout, *, most: int = 3) -> dict[str, list[str]]:
    """Returns the first different cells of each column that hold something.

    Args:
        path: A file, folder or zip of ratings.
        layout: How it is read; of several tables the first is looked at.
        most: How many cells a column.

    Returns:
        For each column its cells, 60 characters of each at most.
    """
    cells = {str(name): column for table in raw_tables(path, layout)[:1] for name, column in table.items()}
    return {name: [text[:60] for text in column[column != ""].unique()[:most]] for name, column in cells.items()}


def _axis(axis: str, ratings: pd.DataFrame, by_rater: bool) -> list[FoundAxis]:
    highest = ratings.groupby("rater", sort=False)["score"].agg(["max", "size"])
    named = bool((highest.index != "").all())
    of_many = highest.loc[highest["size"] >= MANY, "max"]
    apart = named and len(of_many) > 1 and of_many.max() >= FAR * of_many.min() > 0
    groups: list[tuple[str, Any]] = [("", ratings["score"])]
    if apart or (by_rater and named):
        groups = [(str(rater), scores) for rater, scores in ratings.groupby("rater", sort=False)["score"]]
    found = []
    for rater, scores in groups:
        low, high = float(scores.min()), float(scores.max())
        found.append(FoundAxis(axis, rater, len(scores), low, high, *likely_scale(axis, low, high)))
    return found
