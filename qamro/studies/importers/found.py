"""What a layout finds in a file, before anything is read for good: counts, scales, first ratings, first cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import axis_order
from qamro.studies.importers.archive import naming
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.melt import clips_of
from qamro.studies.importers.options import Options
from qamro.studies.importers.reading import called, group_of, melted_of, pseudonyms, read_fixed, undecided
from qamro.studies.importers.scales import Code, codes_in, likely_scale, own_scales, without_missing
from qamro.studies.importers.source import Source, open_source
from qamro.studies.tables import StudyError

if TYPE_CHECKING:
    import pandas as pd


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
        codes: Scores that look like codes for "no answer", left out or not.
        asks: Whether somebody has to say what they are before the ratings are used.
        votes: Number of votes between two clips.
        systems: Number of systems that were voted on.
        notes: What was left out or changed, in words.
    """

    clips: int
    raters: int
    ratings: int
    axes: tuple[FoundAxis, ...]
    head: tuple[dict[str, Any], ...]
    codes: tuple[Code, ...] = ()
    asks: bool = False
    votes: int = 0
    systems: int = 0
    notes: tuple[str, ...] = ()


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
    ratings, votes, notes = _as_found(open_source(path, layout.parsing), layout)
    codes = codes_in(ratings) if len(ratings) else []
    if layout.missing is not None:
        ratings, left = without_missing(ratings, layout.missing)
        notes += left
    if layout.pseudonyms:
        ratings = ratings.assign(rater=pseudonyms(ratings["rater"]))
    named = ratings.loc[ratings["rater"] != "", "rater"]
    axes = axis_order([str(axis) for axis in ratings["axis"].unique()])
    voted = set() if votes is None else {*votes["clip_a"], *votes["clip_b"]} - {""}
    return Found(
        clips=len(voted.union(ratings["clip"])),
        raters=named.nunique(),
        ratings=len(ratings),
        axes=tuple(found for axis in axes for found in _axis(axis, ratings[ratings["axis"] == axis], by_rater)),
        head=tuple(ratings[["clip", "rater", "axis", "score"]].head(rows).to_dict("records")),
        codes=tuple(codes),
        asks=layout.missing is None and not layout.is_fixed and bool(undecided(codes, layout)),
        votes=0 if votes is None else len(votes),
        systems=0 if votes is None else len({*votes["system_a"], *votes["system_b"]} - {""}),
        notes=tuple(notes),
    )


def meant(path: Path | str, layout: Layout, options: Options) -> Layout:
    """Puts what was said about columns, axis or rows into a layout; how the file is cut stays.

    Args:
        path: A file, a folder, or a zip.
        layout: How it was read so far.
        options: What was said.

    Raises:
        ValueError: There is no such column, or it cannot be that.
    """
    table, *_ = group_of(open_source(path, layout.parsing), layout).table(layout)
    return replace(options, parsing=layout.parsing).apply(layout, table)


def _as_found(source: Source, layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame | None, list[str]]:
    """The ratings and the votes that a layout finds, before anything is left out or mapped."""
    with naming(source.folder if source.folder != source.path else None, str(source.path)):
        if layout.question:
            raise StudyError(f"{called(source, layout)}: {layout.asked}")
        if layout.is_fixed:
            study = read_fixed(source, layout)
            return study.ratings, study.votes, []
        melted, notes = melted_of(source, layout)
        _, ratings, more = clips_of(melted, layout)
    if "rater" not in ratings.columns:
        ratings = ratings.assign(rater="")
    return ratings, None, [*notes, *more]


def examples(path: Path | str, layout: Layout, *, most: int = 3) -> dict[str, list[str]]:
    """Returns the first different cells of each column that hold something.

    Args:
        path: A file, folder or zip of ratings.
        layout: How it is read.
        most: How many cells a column.

    Returns:
        For each column its cells, 60 characters of each at most.
    """
    if layout.is_fixed:
        return {}
    source = open_source(path, layout.parsing)
    table, *_ = group_of(source, layout).table(layout)
    first = {name: list(dict.fromkeys(filter(None, cells[:5000]))) for name, cells in table.columns.items()}
    return {name: [text[:60] for text in cells[:most]] for name, cells in first.items()}


def _axis(axis: str, ratings: pd.DataFrame, by_rater: bool) -> list[FoundAxis]:
    named = bool((ratings["rater"] != "").all())
    apart = axis in own_scales(ratings)
    groups: list[tuple[str, Any]] = [("", ratings["score"])]
    if apart or (by_rater and named):
        groups = [(str(rater), scores) for rater, scores in ratings.groupby("rater", sort=False)["score"]]
    found = []
    for rater, scores in groups:
        low, high = float(scores.min()), float(scores.max())
        found.append(FoundAxis(axis, rater, len(scores), low, high, *likely_scale(axis, low, high)))
    return found
