"""The scales that ratings were given on, the explicit step from one to another, and codes for "no answer" off them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import get_axis
from qamro.studies.tables import StudyError

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies.importers.layout import Layout

FILE, ROW, COLUMN = "@file", "@row", "@column"
"""Columns of melted ratings that say where a score stands."""

USUAL: tuple[tuple[float, float], ...] = ((0, 1), (1, 5), (0, 5), (1, 7), (1, 10), (0, 10), (0, 100))
"""Scales of listening tests; of two as wide, the one that is used more comes first."""


@dataclass(frozen=True)
class ScaleMap:
    """A straight line from the scale that ratings were given on to the one that they are wanted on.

    ``from_low`` becomes ``to_low`` and ``from_high`` becomes ``to_high``: linear, no rounding. A map onto the same
    scale only declares it.

    Attributes:
        from_low: Lowest score of the scale that was used.
        from_high: Highest score of it.
        to_low: What the lowest becomes.
        to_high: What the highest becomes.
    """

    from_low: float
    from_high: float
    to_low: float
    to_high: float

    def __post_init__(self) -> None:
        """Checks that both scales have an extent.

        Raises:
            ValueError: An end is not a finite number, or a scale's highest score is not above its lowest.
        """
        for low, high in ((self.from_low, self.from_high), (self.to_low, self.to_high)):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError(f"a scale goes from a number to a higher one, not from {low:g} to {high:g}")

    @classmethod
    def declare(cls, low: float, high: float) -> ScaleMap:
        """Returns a map that leaves scores as they are and only says what scale they are on."""
        return cls(low, high, low, high)

    @property
    def moves(self) -> bool:
        """Whether scores change."""
        return (self.from_low, self.from_high) != (self.to_low, self.to_high)

    def outside(self, scores: np.ndarray) -> np.ndarray:
        """Returns which scores lie off the scale that was used, shape as given."""
        return (scores < self.from_low) | (scores > self.from_high)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Returns the scores on the wanted scale, shape as given; the ends are met exactly."""
        if not self.moves:
            return scores
        share = (scores - self.from_low) / (self.from_high - self.from_low)
        return self.to_low * (1 - share) + self.to_high * share

    def __str__(self) -> str:
        used = f"{self.from_low:g} to {self.from_high:g}"
        return f"{used}, mapped linearly to {self.to_low:g} to {self.to_high:g}" if self.moves else used


def likely_scale(axis: str, low: float, high: float) -> tuple[tuple[float, float] | None, str]:
    """Guesses the scale from the scores that were found; for a person to confirm, never to apply unasked.

    Args:
        axis: The axis; a known one has a scale of its own.
        low: Lowest score found.
        high: Highest score found.

    Returns:
        The scale's ends, or None where no usual scale holds the scores; and why.
    """
    found = f"scores from {low:g} to {high:g}"
    known = get_axis(axis)
    if known.has_range and known.low <= low and high <= known.high:
        return (known.low, known.high), f"the scale of {axis}; {found}"
    holding = [scale for scale in USUAL if scale[0] <= low and high <= scale[1]]
    if not holding:
        return None, f"{found}, which no usual scale holds"
    best = min(holding, key=lambda scale: scale[1] - scale[0])
    return best, f"the narrowest usual scale that holds {found}"


CODES = (-999.0, -99.0, -9.0, -8.0, -2.0, -1.0, 0.0, 9.0, 77.0, 88.0, 98.0, 99.0, 777.0, 888.0, 998.0, 999.0, 9999.0)
"""What surveys write for "no answer"."""

_MANY = 50
"""A code needs no more than this many other values to be seen against; long lists of scores are no code's place."""


@dataclass(frozen=True)
class Code:
    """A score off the scale of all others that looks like "no answer".

    Attributes:
        axis: The axis.
        value: The score.
        count: How often it stands there.
        low: Lowest of the other scores.
        high: Highest of the other scores.
        file: Where it stands first.
        row: Row of that file, from 1.
        column: Column of it.
    """

    axis: str
    value: float
    count: int
    low: float
    high: float
    file: str = ""
    row: int = 0
    column: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether no usual scale holds it together with the others: a zero below 1 to 5 may be a score after all."""
        together = (min(self.low, self.value), max(self.high, self.value))
        gap = self.low - self.value if self.value < self.low else self.value - self.high
        held = any(scale[0] <= together[0] and together[1] <= scale[1] for scale in USUAL)
        return not held or (self.high <= 10 and gap >= 4 and self.value >= 1.8 * self.high > 0)

    def __str__(self) -> str:
        where = f", first in {self.file}, row {self.row}, column {self.column!r}" if self.file else ""
        times = "once" if self.count == 1 else f"{self.count} times"
        return (
            f"{self.value:g} stands {times} on {self.axis}, where all other scores lie from {self.low:g} to "
            f"{self.high:g}{where}: it looks like a code for 'no answer'"
        )


def codes_in(ratings: pd.DataFrame) -> list[Code]:
    """Finds scores that look like codes: -1, 0, 9, 99, 999 … off the usual scale that holds all others of the axis.

    Args:
        ratings: ``axis`` and ``score``, and if known where each stands (``FILE``, ``ROW``, ``COLUMN``).
    """
    found = []
    for axis, rows in ratings.groupby("axis", sort=False):
        values, counts = np.unique(rows["score"].to_numpy(float), return_counts=True)
        for value, count in zip(values, counts, strict=True):
            if values.min() < -1 and values.min() >= -3 and values.max() <= 3:  # comparisons, from -3 to 3
                continue
            if value not in CODES or not values.min() <= value <= values.max() or len(values) < 3:
                continue
            rest = values[
                ~np.isin(values, [v for v in CODES if (v < 0) == (value < 0) and abs(v) >= abs(value) and v != 0])
            ]
            rest = rest[rest != value]
            if len(rest) < 2 or (value < 0 and (rest < 0).any()) or (value == 0 and (rest < 1).any()):
                continue
            low, high = float(rest.min()), float(rest.max())
            own = get_axis(str(axis))
            usual = [scale for scale in USUAL if scale[0] <= low and high <= scale[1]]
            best = min(usual, key=lambda scale: scale[1] - scale[0], default=(low, high))
            if own.has_range and own.low <= low and high <= own.high:
                best = own.low, own.high
            gap = low - value if value < low else value - high
            if best[0] <= value <= best[1] or low <= value <= high or (value > 0 and gap < 2):
                continue
            first = rows[rows["score"] == value].iloc[0]
            where = (str(first[FILE]), int(first[ROW]), str(first[COLUMN])) if FILE in rows.columns else ("", 0, "")
            found.append(Code(str(axis), float(value), int(count), low, high, *where))
    return found


_MANY, _FAR = 5, 4
"""Raters with as many ratings whose highest scores differ by that factor are taken to use scales of their own."""


def own_scales(ratings: pd.DataFrame) -> dict[str, pd.Series]:
    """Finds axes on which raters seem to use scales of their own.

    Args:
        ratings: ``axis``, ``rater`` and ``score``.

    Returns:
        By axis the highest score of each rater with enough ratings.
    """
    if "rater" not in ratings.columns or not (ratings["rater"] != "").all():
        return {}
    found = {}
    for axis, rows in ratings.groupby("axis", sort=False):
        highest = rows.groupby("rater", sort=False)["score"].agg(["max", "size"])
        top = highest.loc[highest["size"] >= _MANY, "max"]
        if len(top) > 1 and top.max() >= _FAR * top.min() > 0:
            found[str(axis)] = top
    return found


def without_missing(ratings: pd.DataFrame, missing: Sequence[float]) -> tuple[pd.DataFrame, list[str]]:
    """Leaves out the scores that stand for "no answer".

    Returns:
        The other ratings, and how many were left out, in words.
    """
    out = ratings["score"].isin(missing)
    if not out.any():
        return ratings, []
    counts = ratings.loc[out, "score"].value_counts()
    told = ", ".join(f"{value:g} ({count} times)" for value, count in counts.items())
    return ratings[~out], [f"left out as no answer: {told}"]


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
                f"{row['clip']!r}; {int(outside.sum())} in all); correct it, leave such scores out "
                f"with --missing={row['score']:g}, or declare another scale"
                f" with --scale {shlex.quote(f'{of_axis}=LOWEST..HIGHEST')}"
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
