"""Figures of few data: ticks that can be told apart, and no whisker where no interval is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation.levels import LEVELS
from qamro.figures.style import ticks, ticks_at, whiskers
from qamro.report import compare
from qamro.report.forest_figure import difference_forest
from qamro.studies import Study
from qamro.ui import figures as ui
from qamro.ui.results import SystemMean
from qamro.ui.train import figures as training
from qamro.ui.train.state import Epoch


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def cases(n: int, seed: int = 0) -> Iterator[tuple[float, float]]:
    random = np.random.default_rng(seed)
    for _ in range(n):
        low = float(random.normal(0, 10 ** random.uniform(-6, 6)))
        yield low, low + float(10 ** random.uniform(-4, 6)) * random.choice([0, 1, 1, 1])


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("most", [3, 6, 9])
def test_ticks_are_few_round_and_written_as_what_they_are(whole: bool, most: int) -> None:
    for low, high in cases(200):
        low, high = (round(low), round(high)) if whole else (low, high)
        made = ticks(low, high, most=most, whole=whole)
        at, text = made["tickvals"], made["ticktext"]
        assert 1 <= len(at) <= most
        assert at == sorted(set(at))
        assert len(set(text)) == len(text)
        room = 1e-9 * (high - low + abs(high) + abs(low)) + 1e-9
        assert low - room <= at[0] <= at[-1] <= high + room
        assert [number(each) for each in text] == pytest.approx(at, rel=1e-9, abs=1e-12)
        if whole:
            assert all(each == round(each) for each in at)


def test_ticks_of_counts_are_never_half() -> None:
    assert ticks(0, 2, whole=True)["ticktext"] == ["0", "1", "2"]
    assert ticks(0, 1, whole=True)["ticktext"] == ["0", "1"]
    assert ticks(0, 0, whole=True)["ticktext"] == ["0"]


def test_logarithmic_ticks_are_far_enough_apart() -> None:
    for low, high in ((10**-r, 10**r * k) for r in np.arange(0, 5, 0.3) for k in (1, 1.01, 1.7, 40, 1e3)):
        at = ticks(low, high, log=True)["tickvals"]
        assert 1 <= len(at) <= 6
        assert all(each > 0 for each in at)
        if len(at) > 1:
            gaps = np.diff(np.log10(at)) / (math.log10(high / low))
            assert gaps.min() > 0.04, (low, high, at)
    assert ticks(0, 5, log=True) == {}
    assert ticks(math.nan, 5) == {}


def test_given_ticks_that_would_overprint_are_left_out() -> None:
    assert ticks_at([1, 3, 5, 7])["tickvals"] == [1, 3, 5, 7]
    assert ticks_at([1 / 64, 1 / 32, 1, 10])["tickvals"] == [1 / 64, 1, 10]
    assert ticks_at([7.0])["ticktext"] == ["7"]


def test_an_unknown_interval_and_one_without_width_have_no_whisker() -> None:
    made = whiskers([math.nan, 0.0, 0.5], [0.1, math.nan, 0.0])
    assert np.isnan(made["array"]).tolist() == [True, True, False]
    assert np.isnan(made["arrayminus"]).tolist() == [False, True, True]


def made_study(systems: int, contents: int, *, equal: bool = False) -> Study:
    random = np.random.default_rng(systems)
    clips = [(f"s{i}_c{c}", "", f"sys{i}", f"prompt {c}") for i in range(systems) for c in range(contents)]
    ratings = [
        (clip, f"r{k}", "MI", 3.0 if equal else float(np.clip(round(1.5 + int(clip[1]) + random.normal(0, 0.8)), 1, 5)))
        for clip, *_ in clips
        for k in range(3)
    ]
    return Study(
        pd.DataFrame(clips, columns=["clip", "path", "system", "prompt"]),
        pd.DataFrame(ratings, columns=["clip", "rater", "axis", "score"]),
        name="made",
    )


def predictions(study: Study, spread: float) -> pd.DataFrame:
    means = study.clip_means().groupby("clip")["mean"].first()
    noise = np.random.default_rng(7).normal(0, spread, len(means)) if spread else 0
    return pd.DataFrame({"clip": list(means.index), "MI": means.to_numpy() + noise})


def report_figures(name: str) -> Iterator[tuple[str, Any]]:
    systems, contents, equal = {"one": (1, 1, False), "two": (2, 1, False), "three": (3, 2, False)}.get(
        name, (3, 2, True)
    )
    study = made_study(systems, contents, equal=equal)
    if name == "perfect":
        means, off = study.ratings["clip"].str[1].astype(float), study.ratings["rater"].str[1].astype(float)
        study.ratings["score"] = 1 + means + 0.1 * off
    exact = equal or name == "perfect"
    tables = {"good": predictions(study, 0 if exact else 0.2), "poor": predictions(study, 0 if exact else 2)}
    if name == "perfect":
        tables = {"good": tables["good"].assign(MI=lambda table: 0.95 + 0.05 * table["MI"])}  # 1 but for rounding
    for section in compare(study, tables).sections():
        yield from ((figure.id, figure.figure) for figure in section.figures)


def app_figures(name: str) -> Iterator[tuple[str, Any]]:
    low, high = {"one": (math.nan, math.nan), "equal": (3.0, 3.0)}.get(name, (2.5, 3.5))
    yield "systems", ui.systems([SystemMean("a", "MI", 1 if name == "one" else 2, 3.0, low, high)])
    row = {"MI": 3.0, "MI_low": low, "MI_high": high, "TA": 3.0, "TA_low": low, "TA_high": high}
    yield "axes", ui.radar(row, ["MI", "TA"])
    losses = {"one": [0.31], "two": [0.31, 0.29], "three": [0.9, 0.3, 0.1]}.get(name, [0.5] * 3)
    epochs = [Epoch(k, loss, loss * 1.2, 0.5, (loss, loss), (0.5, 0.5)) for k, loss in enumerate(losses, 1)]
    yield "losses", training.losses({"MI": epochs})


def spans(figure: Any) -> Iterator[tuple[float, float]]:
    """For each axis whose range Plotly finds, how far its values lie apart, and the largest of them."""
    for letter in "xy":
        for name in {getattr(trace, f"{letter}axis", None) or letter for trace in figure.data}:
            if figure.layout[f"{letter}axis{name[1:]}"].range is not None:
                continue
            values = [
                trace[letter] for trace in figure.data if (getattr(trace, f"{letter}axis", None) or letter) == name
            ]
            flat = [each for part in values if part is not None for each in part if isinstance(each, int | float)]
            known = [each for each in map(float, flat) if math.isfinite(each)]
            if known:
                yield max(known) - min(known), max(map(abs, known))


def test_values_that_differ_by_rounding_alone_are_shown_on_their_scale() -> None:
    metrics = ("LCC", "SRCC", "KTAU", "ACC", "ACC_EQ")
    table = pd.DataFrame(
        [("a", "b", level, metric, 1.0 - 2e-16 * (metric == "LCC")) for level in LEVELS for metric in metrics],
        columns=["first", "second", "level", "metric", "difference"],
    ).assign(low=1.0, high=1.0)
    figure = difference_forest(table, [("a", "b")])
    assert [tuple(axis.range) for axis in figure.select_xaxes()] == [(-1.05, 1.05)] * 2
    nothing = difference_forest(table.assign(difference=math.nan, low=math.nan, high=math.nan), [("a", "b")])
    assert [tuple(axis.range) for axis in nothing.select_xaxes()] == [(-1.05, 1.05)] * 2


@pytest.mark.parametrize("source", [report_figures, app_figures])
@pytest.mark.parametrize("name", ["one", "two", "three", "equal", "perfect"])
def test_every_figure_of_few_data_can_be_read(source: Any, name: str) -> None:
    seen = 0
    for key, figure in source(name):
        seen += 1
        for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
            text = list(axis.ticktext or ())
            assert len(set(text)) == len(text), (key, text)
            assert axis.tickformat is None, f"{key}: rounded by format, ticks are written alike"
            assert axis.type != "log" or axis.tickvals, f"{key}: Plotly's logarithmic ticks overprint"
        for span, largest in spans(figure):
            assert span == 0 or span > 1e-6 * largest, f"{key}: an axis shows nothing but rounding"
        for trace in figure.data:
            for bars in (getattr(trace, "error_x", None), getattr(trace, "error_y", None)):
                lengths = () if bars is None else (bars.array, bars.arrayminus)
                for each in lengths:
                    assert each is None or not (np.asarray(each, float) == 0).any(), f"{key}: whiskers of no width"
    assert seen >= 3
