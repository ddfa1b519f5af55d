from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audio_files import make_bad, make_good, tone
from scipy import stats

from qamro.ui.results import has_systems, scored_axes, sources, system_means, table, to_csv, to_json
from qamro.ui.session import Run, Session

from .toy import SIMULATED, Toy

HOSTILE = '<img src=x onerror="alert(1)">.wav'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Seven clips of two systems, one without a system, one without a prompt, one bad."""
    folder, session = tmp_path_factory.mktemp("clips"), Session()
    for i in range(7):
        samples = tone(0.5, peak=0.05 + 0.1 * i, hz=200 + 150 * i)
        path = make_good("wav", folder, samples=samples, name=f"{i}.wav")
        session.add(
            path, HOSTILE if i == 0 else path.name, "" if i == 1 else f"prompt, {i}", ["a", "b", ""][min(i % 3, 2)]
        )
    session.add(make_bad("text", folder)[0], "bad.wav", "p", "a")
    list(session.score(Toy()))
    assert session.run is not None
    return session.run


def test_table_has_a_row_for_every_clip_and_cells_only_where_there_are_scores(run: Run) -> None:
    shown = table(run, "c2")
    assert [axis["key"] for axis in shown["axes"]] == list(run.axes)
    assert [row["state"] for row in shown["rows"]] == ["scored"] * 7 + ["failed"]
    assert (shown["selected"], shown["going"], shown["by"]) == ("c2", False, "offline: simulated")
    assert shown["rows"][2]["prompt"] == "prompt, 2", "with what it was scored: the page may say another by now"
    assert "TA" not in shown["rows"][1]["cells"]
    assert shown["rows"][7]["cells"] == {}
    assert shown["rows"][7]["error"]
    cell = shown["rows"][0]["cells"]["PQ"]
    assert cell["low"] <= cell["value"] <= cell["high"]
    json.dumps(shown, allow_nan=False)


def test_a_clip_unlike_those_of_training_is_told_and_the_badge_warns(run: Run) -> None:
    from qamro.ui.choices import Kind, badges

    human = [Kind("human", "trained on ratings by people; tested on other clips of the same 8 systems", ("MI",))]
    told = replace(run, rows={key: row | {"domain": "outside"} for key, row in run.rows.items()})
    assert {row.get("domain") for row in table(told)["rows"][:7]} == {"outside"}
    assert json.loads(to_json(told))["clips"][0]["domain"] == "outside"
    assert "domain" in to_csv(told).splitlines()[0].split(",")
    fine, doubtful = (badges(human, domains=domains) for domains in (["inside", "unknown"], ["inside", "outside"]))
    assert "q-outside" not in fine
    assert 'q-human q-outside"' in doubtful
    assert "1 is unlike them (outside): its score is a guess, without an interval." in doubtful
    assert "tested on other clips of the same 8 systems" in fine


def test_table_of_a_run_that_is_under_way() -> None:
    session = Session()
    session.add(Path("x.wav"), "x.wav")
    waiting = Run("toy", [], ("MI",), {"MI": SIMULATED}, dict(session.clips))
    assert table(waiting)["rows"][0]["state"] == "waiting"
    waiting.cancelled = True
    assert table(waiting)["rows"][0]["state"] == "stopped"
    assert table(None)["rows"] == []


def test_csv_can_be_read_back(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(run))))
    assert len(rows) == 8
    assert list(rows[0]) == run.columns
    assert rows[0]["clip"] == HOSTILE
    assert rows[1]["TA"] == ""
    assert rows[7]["error"] != ""
    assert rows[7]["MI"] == ""
    assert float(rows[3]["MI"]) == pytest.approx(run.rows["c4"]["MI"], abs=1e-6)


def test_json_carries_the_provenance_of_every_axis(run: Run) -> None:
    document = json.loads(to_json(run), parse_constant=pytest.fail)
    assert document["complete"]
    assert {axis["provenance"]["kind"] for axis in document["axes"].values()} == {"simulated"}
    assert len(document["clips"]) == 8
    assert document["clips"][0]["scores"]["MI"]["value"] == pytest.approx(run.rows["c1"]["MI"], abs=1e-6)
    assert document["clips"][1]["scores"]["TA"]["value"] is None
    assert {entry["system"] for entry in document["systems"]["means"]} == {"a", "b"}


def test_system_means_equal_scipy(run: Run) -> None:
    means = {entry.system: entry for entry in system_means(run, "MI")}
    assert set(means) == {"a", "b"}, "clips without a system make no system"
    for system, entry in means.items():
        values = [run.rows[key]["MI"] for key in run.good if run.rows[key]["system"] == system]
        low, high = stats.t.interval(0.9, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
        assert (entry.clips, entry.mean) == (len(values), pytest.approx(np.mean(values)))
        assert (entry.low, entry.high) == (pytest.approx(low), pytest.approx(high))
    assert [entry.mean for entry in system_means(run, "MI")] == sorted((e.mean for e in means.values()), reverse=True)


def test_one_clip_gives_no_interval_and_unscored_clips_do_not_count(run: Run) -> None:
    only = Run(run.predictor, run.columns, run.axes, run.provenance, {k: run.clips[k] for k in ("c1", "c2")})
    only.rows = {key: run.rows[key] for key in only.clips}
    [entry] = system_means(only, "TA")
    assert (entry.system, entry.clips) == ("a", 1)
    assert math.isnan(entry.low)
    assert math.isnan(entry.high)


def test_what_there_is(run: Run) -> None:
    assert scored_axes(run, "c2") == ["MI", "PQ", "PC", "CE", "CU"]
    assert scored_axes(run, "c8") == []
    assert has_systems(run)
    assert not has_systems(None)
    assert sources(run) == [{"axes": "MI TA PQ PC CE CU", "source": str(SIMULATED)}]


def test_a_row_says_which_kind_its_scores_are_where_clips_differ_and_columns_of_nobody_go(tmp_path: Path) -> None:
    from tests.predictors.test_speech import routed

    names = []
    for name, first in (("talk.wav", 0.5), ("song.wav", -0.5)):
        path = make_good("wav", tmp_path, samples=first * np.cos(np.arange(16_000) / 20).astype(np.float32), name=name)
        names.append(path)
    for paths, kinds, axes in (
        (names, ["human", "simulated"], ["MI", "PQ", "SQ"]),
        (names[1:], [""], ["MI", "PQ"]),
        (names[:1], [""], ["SQ"]),
    ):
        session = Session()
        for path in paths:
            session.add(path, path.name)
        list(session.score(routed()))
        shown = table(session.run)
        assert [row["kind"] for row in shown["rows"]] == kinds
        assert [axis["key"] for axis in shown["axes"]] == axes
        found = {source["source"].partition(":")[0] for source in shown["sources"]}
        assert set(shown["by"].partition(": ")[2].split(", ")) == found


def test_one_kind_for_all_needs_no_badge_on_each_row(run: Run) -> None:
    assert {row["kind"] for row in table(run)["rows"] if row["state"] == "scored"} == {""}
