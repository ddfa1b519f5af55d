import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from qamro.training.sweeps.figure import beta_curves, heat_map, panel, write_page
from qamro.training.sweeps.plotting import apart
from qamro.training.sweeps.reproduce import EXPERIMENTS
from qamro.training.sweeps.seeds import summarise
from qamro.training.sweeps.setup import BASELINES, Plan
from qamro.training.sweeps.sweep import run_sweep
from tests.training.sweeps.swept import QUICK, small_folds


@pytest.fixture(scope="module")
def runs():
    plan = Plan(betas=(1, 5, 9), alphas=(0.2, 0.5), seeds=(0, 1), config=replace(QUICK, max_epochs=3))
    return run_sweep(small_folds(count=3), ["MI"], plan).runs


def test_curves_show_the_means_with_their_intervals(runs):
    summary = summarise(runs)
    figure = beta_curves(summary, "MI", levels=["utterance"], metrics=["SRCC"])
    traces = {trace.name: trace for trace in figure.data if trace.name}
    assert set(traces) == {*BASELINES, "QAMRO, alpha 0.2", "QAMRO, alpha 0.5"}
    curve = traces["QAMRO, alpha 0.2"]
    assert list(curve.x) == [1, 5, 9]
    expected = summary[
        (summary["level"] == "utterance")
        & (summary["metric"] == "SRCC")
        & (summary["alpha"] == 0.2)
        & ~summary["baseline"]
    ].sort_values("beta")
    assert list(curve.y) == list(expected["mean"])
    (band,) = [trace for trace in figure.data if trace.fill == "toself"]
    assert list(band.x) == [1, 5, 9, 9, 5, 1]
    assert list(band.y) == [*expected["high"], *expected["low"][::-1]]


def test_whole_figure_and_legend_once(runs):
    figure = beta_curves(summarise(runs), "MI")
    titles = [note.text for note in figure.layout.annotations]
    assert titles[:2] == ["utterance SRCC, 32 clips", "utterance LCC, 32 clips"]
    assert "system MSE, 4 systems: a hint" in titles
    names = [trace.name for trace in figure.data if trace.showlegend]
    assert sorted(names) == sorted(set(names))
    assert len(names) == 7


def test_one_seed_has_no_interval(runs):
    figure = beta_curves(summarise(runs[runs["seed"] == 0]), "MI", levels=["utterance"], metrics=["SRCC"])
    assert not any(trace.fill == "toself" for trace in figure.data)
    assert any("no interval" in str(trace.hovertext) for trace in figure.data)


def test_heat_map_has_a_cell_for_every_pair(runs):
    summary = summarise(runs)
    (cells,) = heat_map(summary, "MI", "system", "MSE").data
    assert cells.z.shape == (2, 3)
    assert (list(cells.x), list(cells.y)) == (["1", "5", "9"], ["0.2", "0.5"])
    assert cells.reversescale  # a small error is good


def test_an_axis_that_was_not_swept(runs):
    with pytest.raises(ValueError, match="no axis 'PQ'"):
        beta_curves(summarise(runs), "PQ")


def test_page_needs_no_network_and_escapes_names(runs, tmp_path):
    write_page(tmp_path / "sweep.html", runs, "Sweep of <b>mine</b>", ["a & b"])
    page = (tmp_path / "sweep.html").read_text("utf-8")
    own = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "&lt;b&gt;mine" in own
    assert "a &amp; b" in own
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", page[: page.index("<body>")] + own)
    assert not re.search(r"<script[^>]+src=", page)
    assert "MI, utterance SRCC: beta = " in own
    assert own.count("plotly-graph-div") == 5


def test_a_panel_carries_its_models_and_rings_the_chosen_one(runs):
    summary = summarise(runs)
    figure = panel(summary, "MI", "system", "SRCC", chosen="alpha 0.5, beta 9", others=True)
    curve = next(trace for trace in figure.data if trace.name == "QAMRO, alpha 0.5")
    assert list(curve.customdata) == [f"alpha 0.5, beta {beta}" for beta in (1, 5, 9)]
    ring = figure.data[-1]
    assert (ring.x[0], ring.y[0]) == (curve.x[2], curve.y[2])
    carried = {label for trace in figure.data if trace.customdata is not None for label in trace.customdata}
    assert carried == set(summary["variant"])


def test_published_values_are_lines_of_their_own_kind(runs):
    rows = EXPERIMENTS["table1"].published[:2]
    options = {"published": rows, "published_on": "musiceval", "published_best": 7.0}
    bare = panel(summarise(runs), "MI", "system", "SRCC")
    figure = panel(summarise(runs), "MI", "system", "SRCC", **options)
    laid = figure.data[len(bare.data) :]
    assert [set(trace.y) for trace in laid] == [{row.values["MI"]} for row in rows]
    assert all("published on musiceval" in trace.hovertext for trace in laid)
    assert figure.layout.shapes[0].x0 == 7


def test_one_curve_in_its_band_and_every_line_named_at_the_right_edge(runs):
    summary = summarise(runs)
    figure = panel(summary, "MI", "utterance", "SRCC")
    drawn = {trace.name for trace in figure.data if trace.name}
    assert drawn == {*BASELINES, "QAMRO, alpha 0.2"}, "the paper's alpha; others on demand"
    assert len([trace for trace in figure.data if trace.fill == "toself"]) == 1
    dashes = [trace.line.dash for trace in figure.data if trace.name in BASELINES]
    assert len(set(dashes)) == len(dashes), "they can be told apart without colours"
    assert {note.text.removeprefix("<b>").removesuffix("</b>") for note in figure.layout.annotations} == drawn
    assert next(trace.name for trace in panel(summary, "MI", "utterance", "SRCC", chosen="alpha 0.5, beta 1").data
                if trace.name and trace.name.startswith("QAMRO")) == "QAMRO, alpha 0.5"  # fmt: skip


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("metric", ["SRCC", "MSE"])
def test_no_name_stands_over_another(runs, metric, others):
    figure = panel(summarise(runs), "MI", "system", metric, others=others, height=420)
    low, high = figure.layout.yaxis.range
    pixels = (420 - figure.layout.margin.t - figure.layout.margin.b) / (high - low)
    places = sorted(note.ay - (note.y - low) * pixels for note in figure.layout.annotations)
    assert len(places) == 6 + others
    assert np.diff(places).min() >= 14.9
    assert all(low < note.y < high for note in figure.layout.annotations)


def test_places_move_apart_by_as_little_as_can_be():
    """Against a solver of the same problem."""
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 8):
        for places in (np.sort(rng.normal(0, 20, n)), np.zeros(n)):
            moved = np.array(apart(list(places), 15))
            assert (np.diff(moved) >= 15 - 1e-9).all()
            limits = [{"type": "ineq", "fun": lambda x, k=k: x[k + 1] - x[k] - 15} for k in range(n - 1)]
            start = places + 20 * np.arange(n)
            best = optimize.minimize(lambda x, p=places: ((x - p) ** 2).sum(), start, constraints=limits, tol=1e-12)
            assert ((moved - places) ** 2).sum() <= best.fun + 1e-6
