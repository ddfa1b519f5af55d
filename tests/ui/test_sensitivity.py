"""What the Sensitivity tab works out, without a browser: links, the form, limits, words, the zip."""

import json
import re
import zipfile
from types import SimpleNamespace

import gradio as gr
import pandas as pd
import pytest

from qamro.training.objective.table import families
from qamro.training.sweeps import store
from qamro.training.sweeps.seeds import best_in_words, summarise
from qamro.training.sweeps.setup import BASELINES, Setup
from qamro.training.sweeps.store import bundled
from qamro.ui import pace
from qamro.ui.sensitivity import form, handlers, render, tab
from qamro.ui.sensitivity.form import from_query, to_query
from qamro.ui.sensitivity.handlers import write_zip
from qamro.ui.sensitivity.state import SensitivityState, Shown, View
from qamro.ui.sensitivity.texts import SPLITS
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.study_picker.state import PickerState
from tests.training.sweeps.swept import small_study

from .named import P

SETUPS = [
    (Setup(), View()),
    (Setup(study="codec_mushra", axes=("quality",), seeds=3, folds=1, hold_out="content"), View(axis="quality")),
    (
        Setup(axes=("TA",), family="qamro+sama", over="alignment_weight", values=(0, 0.3), beside=(0.5, 1)),
        View("TA", "utterance", "weight of the ranking term 0.5, weight of SAMA 0.3", "MSE", True),
    ),
    (Setup(axes=("MI",), family="ce-gauss", over="sigma", values=(1 / 64, 1 / 16), beside=(), optimiser="sgd"), View()),
]


@pytest.mark.parametrize(("setup", "view"), SETUPS)
def test_a_link_gives_back_what_it_was_made_of(setup, view):
    assert from_query(to_query(setup, view)) == (setup, view, "")


def test_the_first_view_needs_no_query():
    assert to_query(Setup(), View()) == {}


@pytest.mark.parametrize(
    "query",
    [
        {"s.values": "1_x"},
        {"s.seeds": "many"},
        {"s.family": "<b>"},
        {"s.over": "gamma"},
        {"s.values": "0_1"},
        {"s.folds": "4"},
        {"s.encoder": "ear"},
        {"s.seeds": "31"},
    ],
)
def test_a_link_that_makes_no_sense_falls_back(query):
    setup, view, problem = from_query({"tab": "sensitivity", **query})
    assert (setup, view) == (Setup(), View())
    assert problem


GIVEN = dict(zip(form.FIELDS, ("logmel", "qamro", "beta", "1, 7", "0.2", 3, ["MI"], "content 5", "adamw"), strict=True))


MANY = ",".join(map(str, range(1, 21)))


def changed(**fields):
    return GIVEN | fields


def test_the_form_is_read_and_filled():
    setup = form.read(PickerState(), None, GIVEN)
    assert setup == Setup(axes=("MI",), values=(1, 7), beside=(0.2,), seeds=3, hold_out="content")
    picker = PickerState()
    picker.source = "codec_mushra"
    assert form.read(picker, small_study(), GIVEN).study == "codec_mushra"
    filled = {name: getattr(value, "value", value) for name, value in form.fill(P, setup).items()} | {"axes": ["MI"]}
    assert form.read(PickerState(), None, filled) == setup
    assert filled["split"] in SPLITS


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"values": "1; 7"}, "no list of numbers"),
        ({"values": "1,3,5", "beside": "alpha"}, "no list of numbers"),
        ({"axes": []}, "at least one axis"),
        ({"values": "0.5"}, "beta goes from 1"),
        ({"family": "balr"}, "does not depend on beta"),
        (
            {"values": ",".join(map(str, range(1, 21))), "beside": ",".join(map(str, range(20))), "seeds": 50},
            "the most here",
        ),
    ],
)
def test_what_the_form_refuses_it_says(fields, says):
    with pytest.raises(ValueError, match=says):
        form.read(PickerState(), None, changed(**fields))
    assert says in form.cost(PickerState(), None, changed(**fields))


def test_every_objective_offers_what_it_depends_on():
    for family in families():
        over = form.over_choice(family).value
        values, beside = form.number_fields(family, over)
        given = changed(family=family, over=over, values=values.value, beside=beside.value, axes=["TA"])
        assert form.read(PickerState(), None, given).second == ("" if beside.visible is False else Setup(
            axes=("TA",), family=family, over=over, values=(1,), beside=()).second)  # fmt: skip


def test_a_public_page_allows_less_and_says_so(monkeypatch):
    big = changed(seeds=30, values="1,3,5,7,9,11")
    assert form.read(PickerState(), None, big).fits(5) == 1355
    monkeypatch.setenv("SPACE_ID", "someone/qamro")
    with pytest.raises(ValueError, match="1,355 fits, and 1,000 are the most"):
        form.read(PickerState(), None, big)
    assert "This public page allows 1,000 fits" in form.cost(PickerState(), None, GIVEN)


@pytest.fixture(scope="module")
def shown():
    kept = bundled(Setup())
    assert kept is not None
    return Shown(kept, Setup())


def test_models_and_what_they_are_held_against(shown):
    models = shown.models("MI")
    assert models[0] == "alpha 0.1, beta 1"
    assert models[-5:] == list(BASELINES)
    assert shown.reference("MI", "alpha 0.5, beta 9") == "alpha 0.5, beta 1"
    assert shown.reference("MI", "regression alone") == "alpha 0.1, beta 1"
    assert shown.first_model("TA") == "alpha 0.2, beta 7"


def test_the_table_on_the_page_holds_the_summary(shown):
    html = render.table_html(shown, View("MI", "system", "alpha 0.2, beta 7"))
    head, *body = re.findall(r"<tr.*?</tr>", html)
    names = re.findall(r"<th[^>]*>(.*?)</th>", head)
    rows = [dict(zip(names, re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row), strict=True)) for row in body]
    summary = summarise(shown.kept.sweep.runs)
    part = summary[(summary["axis"] == "MI") & (summary["level"] == "system")].set_index(["variant", "metric"])
    assert [row["Model"] for row in rows] == shown.models("MI")
    for row in rows:
        for metric in ("SRCC", "LCC", "KTAU", "MSE"):
            mean, low, high = (float(number) for number in re.findall(r"-?\d+\.\d+", row[metric]))
            expected = part.loc[(row["Model"], metric), ["mean", "low", "high"]]
            assert (mean, low, high) == pytest.approx(tuple(expected), abs=5.1e-4)


@pytest.fixture(scope="module")
def parts():
    with gr.Blocks():
        return tab.build_components()


def test_without_a_sweep_nothing_stands_there(parts, monkeypatch):
    assert not any(part.visible for part in (parts.result, parts.rest, parts.one))
    monkeypatch.setattr(store, "bundled", lambda setup: None)
    state = SensitivityState()
    answer = handlers.opened(parts, state, SimpleNamespace(query_params={}))
    assert set(answer) == {parts.over, parts.status}
    assert T.NO_STUDY in answer[parts.status]
    stopped = render.draw(parts, state)
    assert stopped.keys() == {parts.result, parts.rest, parts.one}
    assert not any(update.visible for update in stopped.values())


@pytest.mark.parametrize("there", [False, True])
def test_a_sweep_that_ends_early_leaves_what_stood_there(parts, shown, monkeypatch, there):
    def broken(setup, study, tell, so_far):
        raise ValueError("no clip can be read")

    monkeypatch.setattr(handlers, "_sweep", broken)
    state = SensitivityState()
    state.shown, state.view = (shown if there else None), View(axis="not swept")
    *_, last = handlers.run(parts, state, None, PickerState(), **GIVEN)
    assert "no clip can be read" in last[parts.status]
    assert [last[part].visible for part in (parts.result, parts.rest, parts.one)] == [there] * 3
    assert (parts.panels["SRCC"] in last) == there
    assert not state.busy


def test_the_paper_s_curve_first_and_the_others_on_demand(parts, shown):
    state = SensitivityState()
    answer = handlers.show(parts, state, shown)
    assert [choice[1] for choice in answer[parts.curve].choices] == ["0.1", "0.2", "0.5", "all"]
    assert answer[parts.curve].value == "0.2"
    look = {"axis": "MI", "level": "system", "published": False}

    def drawn(curve):
        answer = handlers.look(parts, state, curve=curve, **look)
        traces = json.loads(answer[parts.panels["SRCC"]]["figure"])["data"]
        return {trace["name"] for trace in traces if str(trace.get("name")).startswith("QAMRO")}, answer

    names, answer = drawn("0.5")
    assert names == {"QAMRO, alpha 0.5"}
    assert state.view.model == "alpha 0.5, beta 7", "the same beta on another curve"
    names, answer = drawn("all")
    assert names == {"QAMRO, alpha 0.1", "QAMRO, alpha 0.2", "QAMRO, alpha 0.5"}
    assert answer[parts.curve].value == "all"
    assert answer[parts.link]["query"]["s.others"] == "1"


def test_a_sweep_on_its_way_shows_its_curve_alone(parts, shown):
    runs = shown.kept.sweep.runs
    some = runs[(runs["axis"] == "MI") & (runs["seed"] == 0)].assign(clips=29)
    sweep = type(shown.kept.sweep)(some, shown.kept.sweep.predictions)
    answer = render.draw_part(parts, View(), Setup(), sweep)
    assert "Seeds so far: 1 of 10; clips tested: 29." in answer[parts.headline]
    assert not any(answer[part].visible for part in (parts.rest, parts.one, parts.look))
    traces = json.loads(answer[parts.panels["SRCC"]]["figure"])["data"]
    assert not any(trace.get("fill") == "toself" for trace in traces), "one seed has no interval"
    only_lines = type(sweep)(some[some["baseline"]], sweep.predictions)
    assert render.draw_part(parts, View(), Setup(), only_lines) == {}


def test_before_the_start_it_says_how_long(monkeypatch, tmp_path):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))
    assert "going by the sweep that ships" in form.cost(PickerState(), None, GIVEN)
    fits = form.read(PickerState(), None, GIVEN).fits(5)
    pace.remember("sweep adamw", fits, 144, 33)
    pace.remember("embed logmel", 1, 144, 5)
    said = form.cost(PickerState(), None, GIVEN)
    assert "About 33 s, going by what ran here. Clips that are new to the encoder take up to 5 s more" in said
    assert "not known" in form.cost(PickerState(), None, changed(optimiser="sgd"))
    default = dict(zip(form.FIELDS, ("logmel", "qamro", "beta", "1,3,5,7,9,11", "0.1,0.2,0.5", 10, ["MI", "TA"],
                                     "auto 5", "adamw"), strict=True))  # fmt: skip
    assert T.AT_ONCE in form.cost(PickerState(), None, default)


def test_published_numbers_stand_apart():
    html = render.published_html("MI")
    assert "Published on musiceval, not computed here" in html
    assert "0.972" in html
    assert "DeRA-MOS" not in html, "the paper's rows alone"
    assert render.published_curves("PQ", "beta")["published_on"] == "aes_natural"
    assert render.published_curves("MI", "beta")["published_best"] == 7
    assert render.published_curves("MI", "alpha")["published_best"] is None
    assert render.published_curves("quality", "beta") == {}


def test_a_hostile_name_stays_a_name(shown):
    record = json.loads(json.dumps(shown.kept.record))
    record["unreadable clips"] = {"<img src=x>": "no audio"}
    html = render.headline_html("<script>", Shown(type(shown.kept)(shown.kept.sweep, record), Setup()))
    assert "<script>" not in html
    assert "<img" not in html
    assert "A demonstration, not evidence" in html


def test_the_zip_holds_everything(shown, tmp_path):
    path = write_zip(shown, tmp_path)
    with zipfile.ZipFile(path) as packed:
        assert sorted(packed.namelist()) == ["predictions.csv", "record.json", "runs.csv", "summary.csv", "sweep.html"]
        runs = pd.read_csv(packed.open("runs.csv"))
        pd.testing.assert_frame_equal(runs.drop(columns="hint"), shown.kept.sweep.runs, check_dtype=False)
        assert json.loads(packed.read("record.json")) == shown.kept.record | {"hints": {}}  # 12 systems
        page = packed.read("sweep.html").decode()
    assert best_in_words(runs, "MI", "system", "SRCC") in page
    assert "No person rated these clips" in page
    assert not re.search(r'<(script|link|img)[^>]+(src|href)="http', page)
