"""Which predicted axis is held against which rated axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qamro.axes import axis_order, get_axis


class NoCommonAxis(ValueError):  # noqa: N818 - reads as what happened
    """Predictions and ratings share no axis; the message names the axes of both sides."""


@dataclass(frozen=True)
class AxisPair:
    """A predicted axis and the rated axis that it is held against.

    Attributes:
        predicted: Column of the predictions.
        human: Axis of the ratings.
    """

    predicted: str
    human: str

    @property
    def differs(self) -> bool:
        """Whether the two have different names."""
        return self.predicted != self.human

    @property
    def label(self) -> str:
        """The axis's name, or ``MI~quality`` where the two differ."""
        return self.human if self.predicted == self.human else f"{self.predicted}~{self.human}"

    @property
    def why_no_distance(self) -> str:
        """Why a squared error means nothing here; empty when both sides are on one scale."""
        if self.predicted == self.human:
            return ""
        left, right = get_axis(self.predicted), get_axis(self.human)
        for axis in (left, right):
            if not axis.has_range:
                return f"the scale of {axis.key} is unknown, so no distance to {(left, right)[axis is left].key}"
        if (left.low, left.high) != (right.low, right.high):
            return (
                f"{left.key} is on {left.low:g} to {left.high:g}, {right.key} on {right.low:g} to {right.high:g}: "
                "no distance between scales"
            )
        return ""


def pair_axes(
    columns: Iterable[str],
    rated: Sequence[str],
    *,
    axes: Sequence[str] | None = None,
    axis_map: Mapping[str, str] | None = None,
) -> list[AxisPair]:
    """Pairs the predictions' columns with the ratings' axes.

    Args:
        columns: Columns of the predictions.
        rated: Axes of the study.
        axes: Axes that have the same name on both sides; None takes all there are, or none when ``axis_map`` is given.
        axis_map: From predicted to rated axis, where the names differ, for example ``{"MI": "quality"}``.

    Raises:
        NoCommonAxis: An axis that was asked for is missing, or the sides share none.
    """
    have = [str(column) for column in columns]
    if axes is None and not axis_map:
        wanted = [(axis, axis) for axis in axis_order(list(rated)) if axis in have]
    else:
        wanted = [(axis, axis) for axis in axes or ()] + list((axis_map or {}).items())
    sides = f"the predictions' columns are {', '.join(have) or 'none'}; the rated axes are {', '.join(rated) or 'none'}"
    for predicted, human in wanted:
        if predicted not in have:
            raise NoCommonAxis(f"the predictions have no column {predicted!r}: {sides}")
        if human not in rated:
            raise NoCommonAxis(f"nobody rated {human!r}: {sides}")
    if not wanted:
        raise NoCommonAxis(f"predictions and ratings share no axis; name a pair, for example MI=quality: {sides}")
    return [AxisPair(predicted, human) for predicted, human in dict.fromkeys(wanted)]


def pair_predictor(
    name: str,
    columns: Sequence[str],
    wanted: Sequence[str],
    axis_map: Mapping[str, str] | None = None,
    own_map: Mapping[str, str] | None = None,
) -> list[AxisPair]:
    """Pairs one predictor's columns with rated axes, one column an axis.

    For each axis the predictor's own map comes first, then a column of the axis's name, then the map for everybody: so
    a predictor that scores ``quality`` and one whose MI stands for it meet on the same axis.

    Args:
        name: The predictor, for errors.
        columns: The columns of its table.
        wanted: The rated axes that are compared.
        axis_map: From predicted to rated axis, for every predictor.
        own_map: The same for this one.

    Returns:
        Pairs in the order of ``wanted``; none where the predictor scores no such axis.

    Raises:
        NoCommonAxis: The predictor's own map names a column that is not there, or an axis that is not compared; or two
            columns stand for one axis.
    """
    own = dict(own_map or {})
    for predicted, rated in own.items():
        if predicted not in columns:
            raise NoCommonAxis(
                f"{name}: it has no column {predicted!r}; its columns are {', '.join(columns) or 'none'}"
            )
        if rated not in wanted:
            raise NoCommonAxis(f"{name}: {rated!r} is not compared; the axes are {', '.join(wanted) or 'none'}")
    pairs = []
    for axis in wanted:
        choices = (
            [predicted for predicted, rated in own.items() if rated == axis],
            [axis] if axis in columns else [],
            [predicted for predicted, rated in (axis_map or {}).items() if rated == axis and predicted in columns],
        )
        found = next((each for each in choices if each), [])
        if len(found) > 1:
            raise NoCommonAxis(f"{name}: {' and '.join(found)} both stand for {axis}; pair one of them")
        pairs += [AxisPair(predicted, axis) for predicted in found]
    return pairs


def remedy(name: str, columns: Sequence[str], rated: Sequence[str]) -> str:
    """What to do where a predictor lacks a rated axis: which of its axes could stand for it.

    Args:
        name: The predictor.
        columns: Axes that it scores.
        rated: Rated axes that it lacks.
    """
    if not columns:
        return "its table scores no axis"
    pair = f"{name}:{columns[0]}={rated[0]}"
    return f"it scores {', '.join(columns)}; if one of them stands for {rated[0]}, pair them, for example {pair}"
