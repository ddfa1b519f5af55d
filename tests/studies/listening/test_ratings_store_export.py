"""What the owner gets, and what raters see of each other."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from qamro.studies import Study
from qamro.studies.listening import PREFERENCE, Design, ListeningError, comparison, export
from qamro.studies.listening import session as s
from qamro.studies.listening import store as identity

from .made import MI, PQ, TA, store_with, work_through

SCORES = Design("a study / größe", scales=(MI, TA, PQ), repeats=2, checks=2, seconds=0.2)
PAIRS = Design("pairs", mode=PREFERENCE, repeats=2, checks=1, seconds=0.2)


@pytest.fixture
def owned(monkeypatch):
    monkeypatch.setenv(identity.OWNER, "a secret")
    return "a secret"


def test_a_study_comes_out_as_it_was_rated(tmp_path, owned):
    store, study = store_with(tmp_path, SCORES)
    tokens = [store.join(study) for _ in range(3)]
    for token, score in zip(tokens, (2.0, 4.0, 5.0), strict=True):
        work_through(store, token, score)
    target = export.write_zip(store, study, owned, tmp_path / "out.zip", audio=True)
    with zipfile.ZipFile(target) as archive:
        archive.extractall(tmp_path / "out")
    made = Study.load(tmp_path / "out")
    assert made.name == "a study / größe"
    assert len(made.ratings) == 3 * 6 * 3, "first ratings only: no repeats, no checks"
    assert sorted(made.systems) == ["system 0", "system 1", "system 2"]
    assert set(made.clips["prompt"]) == {"prompt 0", "prompt 1"}
    assert made.missing_audio() == []
    assert np.allclose(made.clip_means()["mean"], 11 / 3)
    assert made.ratings["rater"].nunique() == 3
    for token in tokens:
        for path in (tmp_path / "out").rglob("*"):
            assert not path.is_file() or token.encode() not in path.read_bytes()


def test_an_empty_study_and_one_in_progress(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    assert len(export.to_study(store, study).ratings) == 0
    export.write_folder(store, study, tmp_path / "empty")
    assert len(Study.load(tmp_path / "empty").clips) == 6
    token = store.join(study)
    task = s.state(store, token)["task"]
    store.clock.now += 5
    s.rate(store, token, task["id"], {"MI": 1.0, "TA": 1.0, "PQ": 1.0}, [0.5])
    s.undo(store, token)
    assert len(export.to_study(store, study).ratings) == 0, "what was taken back counts nowhere"


def test_preferences(tmp_path):
    """Whoever always says 'the right one': votes for b, on two clips of one prompt."""
    store, study = store_with(tmp_path, PAIRS)
    work_through(store, store.join(study))
    export.write_folder(store, study, tmp_path / "out")
    made = Study.load(tmp_path / "out")
    assert made.ratings.empty
    votes = made.votes
    assert len(votes) == 6, "three systems, two prompts: three pairs each"
    assert set(votes["axis"]) == {PREFERENCE}
    assert set(votes["winner"]) == {"b"}
    assert (votes["clip_a"].str[-6:] == votes["clip_b"].str[-6:]).all(), "same prompt"
    assert (votes["system_a"] != votes["system_b"]).all()
    again = export.repeats(store, study)
    assert len(again) == 2
    assert (again["first"] == 1 - again["second"]).all(), "sides were swapped: always right is not consistent"


def test_care_of_raters(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    work_through(store, store.join(study), 3.0)
    people = export.raters(store, study)
    answers = store.all("SELECT answer FROM tasks WHERE kind = 'check'")
    assert people.loc[0, "checks"] == 2
    assert people.loc[0, "checks_passed"] == sum(row["answer"] == 3 for row in answers)
    assert people.loc[0, "repeats"] == 2
    assert people.loc[0, "repeat_difference"] == 0
    assert people.loc[0, "finished"]


@pytest.mark.parametrize("token", ["", "a secre", "a secret ", "A SECRET", "\udcff"])
def test_only_the_owner_exports(tmp_path, owned, token):
    store, study = store_with(tmp_path, SCORES)
    with pytest.raises(ListeningError, match="not the owner"):
        export.write_zip(store, study, token, tmp_path / "out.zip")
    with pytest.raises(ListeningError, match="not the owner"):
        export.overview(store, token)
    assert not (tmp_path / "out.zip").exists()
    assert export.overview(store, owned)[0]["raters"] == 0


@pytest.mark.parametrize("token", ["", "anything"])
def test_without_an_owner_nobody_exports(tmp_path, monkeypatch, token):
    monkeypatch.setenv(identity.OWNER, "")
    store, _ = store_with(tmp_path, SCORES)
    with pytest.raises(ListeningError, match=identity.OWNER):
        export.overview(store, token)


def test_who_may_set_up(monkeypatch):
    monkeypatch.delenv(identity.OWNER, raising=False)
    monkeypatch.delenv(identity.SPACE, raising=False)
    assert identity.may_set_up("")
    monkeypatch.setenv(identity.SPACE, "somebody/something")
    assert not identity.may_set_up("")
    token = "x" * 40
    monkeypatch.setenv(identity.OWNER, token)
    assert identity.may_set_up(token)
    assert not identity.may_set_up("")
    monkeypatch.setenv(identity.OWNER, "x")
    assert not identity.may_set_up("x"), "one that short can be guessed"


def test_the_panel_is_shown_late_and_never_of_few(tmp_path):
    """Means of three, six, … others who have finished: the oracle is a plain mean of what they gave."""
    store, study = store_with(tmp_path, Design("x", scales=(MI,), seconds=0))
    me = store.join(study)
    others = [store.join(study) for _ in range(7)]
    with pytest.raises(ListeningError, match="after"):
        comparison.panel(store, me)
    work_through(store, me, 1.0)
    given = [5.0, 4.0, 2.0, 3.0, 1.0, 5.0, 2.0]
    shown = []
    for token, score in zip(others, given, strict=True):
        store.clock.now += 1
        work_through(store, token, score)
        shown.append(set(comparison.panel(store, me).values()))
    assert shown[:2] == [set(), set()]
    assert shown[2] == shown[3] == shown[4] == {(sum(given[:3]) / 3, 3)}
    assert shown[5] == shown[6] == {(sum(given[:6]) / 6, 6)}
    assert len(comparison.panel(store, me)) == 6


def test_the_panel_of_pairs_knows_the_sides(tmp_path):
    store, study = store_with(tmp_path, Design("x", mode=PREFERENCE, seconds=0), systems=2, prompts=1)
    tokens = [store.join(study) for _ in range(4)]
    first = store.one("SELECT min(id) AS i FROM clips")["i"]
    for token in tokens:  # everybody prefers the first clip, wherever it stands
        task = s.state(store, token)["task"]
        left = store.one("SELECT a FROM tasks WHERE id = ?", task["id"])["a"]
        s.rate(store, token, task["id"], {PREFERENCE: float(left == first)}, [0, 0])
        s.finish(store, token)
    assert set(comparison.panel(store, tokens[0]).values()) == {(1.0, 3)}


def test_predictions_are_remembered(tmp_path):
    store, _ = store_with(tmp_path, SCORES)
    comparison.keep_predictions(store, "p", {1: {"MI": 3.25}, 2: {}}, {"MI": "somewhere"})
    assert comparison.predictions(store, "p", [1, 2, 3]) == ({1: {"MI": 3.25}, 2: {}}, {"MI": "somewhere"})
    assert comparison.predictions(store, "q", [1]) == ({}, {})
