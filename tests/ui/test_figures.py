from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from qamro.axes import AXES
from qamro.ui import figures
from qamro.ui.results import SystemMean


def row(axes: list[str], width: float = 0.5) -> dict[str, float]:
    scores = {axis: AXES[axis].low + i * 0.5 for i, axis in enumerate(axes)}
    ends = {
        f"{axis}_{end}": value + side * width
        for axis, value in scores.items()
        for end, side in (("low", -1), ("high", 1))
    }
    return scores | ends


def test_radar_puts_each_axis_on_its_own_scale() -> None:
    figure = figures.radar(row(list(AXES)), list(AXES))
    band, line = figure.data
    for i, axis in enumerate(AXES.values()):
        assert line.r[i] == pytest.approx(i * 0.5 / (axis.high - axis.low))
        assert f"{axis.low + i * 0.5:.2f} on {axis.low:g} to {axis.high:g}" in line.hovertext[i]
    assert line.r[0] == line.r[-1]
    assert max(band.r) > max(line.r)


def test_radar_without_intervals_has_no_band() -> None:
    assert len(figures.radar(row(list(AXES), math.nan), list(AXES)).data) == 1


def test_two_axes_are_bars_and_axes_without_a_range_are_left_out() -> None:
    figure = figures.radar(row(["MI", "TA"]) | {"quality": 3.0}, ["MI", "TA", "quality"])
    assert figure.data[0].type == "bar"
    assert list(figure.data[0].x) == pytest.approx([0.125, 0.0])
    assert list(figure.data[0].error_x.array) == pytest.approx([0.125, 0.125])
    unknown = figures.radar(row(["MI", "TA"], math.nan), ["MI", "TA"])
    assert all(math.isnan(length) for length in unknown.data[0].error_x.array), "no whisker, not one of no width"


def test_timeline_has_a_step_for_each_window_and_ends_with_the_clip() -> None:
    windows = pd.DataFrame({"start": [0.0, 3.0], "end": [3.0, 5.5], "MI": [1.0, 5.0], "PQ": [5.5, 10.0]})
    mi, pq = figures.timeline(windows).data
    assert figures.timeline(windows).layout.xaxis.range == (0, 5.5)
    assert figures.timeline(windows, 6.2).layout.xaxis.range == (0, 6.2)
    assert list(mi.x) == [0.0, 3.0, 5.5]
    assert list(mi.y) == [0.0, 1.0, 1.0]
    assert list(pq.y) == pytest.approx([0.5, 1.0, 1.0])
    assert mi.line.color == AXES["MI"].colour


def test_bars_begin_at_the_lowest_score_and_the_best_is_on_top() -> None:
    means = [SystemMean("best", "PQ", 3, 7.0, 6.0, 8.0), SystemMean("other", "PQ", 1, 4.0, math.nan, math.nan)]
    bar = figures.systems(means).data[0]
    assert bar.base == 1
    assert list(bar.x) == [3.0, 6.0]
    assert list(bar.error_x.array) == pytest.approx([math.nan, 1.0], nan_ok=True)
    assert "no interval from one clip" in bar.customdata[0]
    assert list(bar.text) == ["4.00", "7.00"]
    assert list(figures.systems(means).layout.yaxis.ticktext) == ["other, 1 clip", "best, 3 clips"]


def test_names_that_look_alike_or_like_markup_stay_apart_and_plain() -> None:
    long = "the very same first twenty eight letters "
    names = [long + "A", long + "B", "<b>bold</b> & <img src=x>"]
    figure = figures.systems([SystemMean(name, "MI", 2, 3.0, 2.0, 4.0) for name in names])
    assert list(figure.data[0].y) == [0, 1, 2]
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;img src=x&gt;, 2 clips"


@pytest.mark.parametrize("kind", ["radar", "timeline", "systems"])
def test_grounds_are_transparent_and_figures_are_plain_json(kind: str) -> None:
    figure = {
        "radar": lambda: figures.radar(row(list(AXES)), list(AXES)),
        "timeline": lambda: figures.timeline(pd.DataFrame({"start": [0.0], "end": [1.0], "MI": [2.0]})),
        "systems": lambda: figures.systems([SystemMean("s", "MI", 2, 3.0, 2.0, 4.0)]),
    }[kind]()
    layout = json.loads(figure.to_json(), parse_constant=pytest.fail)["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
