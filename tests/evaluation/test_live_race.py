"""Listening studies with a goal, as raters and owner see them: who hears what, when it ends, what is told of it."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from qamro.evaluation.live_race import files, next_clip, overview
from qamro.evaluation.racing import race_of
from qamro.report import compare
from qamro.studies import Study
from qamro.studies.listening import PREFERENCE, Design, ListeningError, RatingStore, Scale, export, steering
from qamro.studies.listening import session as s
from qamro.studies.listening.sources import Sound
from tests.studies.listening.made import Clock, sounds, step, work_through

Q = Scale("quality", 1, 10)


def store_of(folder, design, systems=3, prompts=12):
    store = RatingStore(folder / "store", clock=Clock())
    store.steer = next_clip
    return store, store.create(design, sounds(folder / "clips", systems, prompts))


def truth(store):
    """Of each name under which sound is served, the system."""
    rows = store.all("SELECT audio_a, system FROM tasks JOIN clips ON clips.id = a")
    return {row["audio_a"]: row["system"] for row in rows}


def race(store, study, means, *, raters=5, seed=0, most=400):
    """Raters come in any order and rate in whole numbers about their system's mean; ends when all are done."""
    rng = np.random.default_rng(seed)
    tokens = [store.join(study) for _ in range(raters)]
    bias, going = dict(zip(tokens, rng.normal(0, 0.5, raters), strict=True)), list(tokens)
    for _ in range(most):
        if not going:
            break
        token = going[int(rng.integers(len(going)))]
        now = s.state(store, token)
        if now["phase"] == "done":
            going.remove(token)
            continue
        system = truth(store)[now["task"]["clips"][0]["audio"]]
        step(store, token, float(np.clip(np.round(means[system] + bias[token] + rng.normal(0, 0.7)), 1, 10)))
    return tokens


def test_a_race_for_the_best_ends_early_and_says_how_it_went(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_OWNER_TOKEN", "mine")
    store, study = store_of(tmp_path, Design("race", scales=(Q,), seconds=0, goal="best"), prompts=20)
    tokens = race(store, study, {"system 0": 2.0, "system 1": 8.5, "system 2": 5.0})
    told = overview(store, study)
    assert told["ended"] == "reached"
    assert told["said"][1] == "It has ended: the goal is reached."
    assert told["rows"][0]["system"] == "system 1"
    counts = {row["system"]: row["ratings"] for row in told["rows"]}
    assert min(counts.values()) >= 10, "every system has its minimum"
    assert told["ratings"] == sum(counts.values()) < 300, "all would be 300"
    rows = store.all("SELECT rater, a, system FROM tasks JOIN clips ON clips.id = a WHERE kind = 'first'")
    assert len({(row["rater"], row["a"]) for row in rows}) == len(rows), "never the same clip twice to a rater"
    for rater in {row["rater"] for row in rows}:
        own = [sum(row["rater"] == rater and row["system"] == name for row in rows) for name in counts]
        assert max(own[1:]) - min(own[1:]) <= 4, "no rater hears one system only"

    assert s.state(store, tokens[0])["phase"] == "done"
    assert s.state(store, tokens[0])["ended"]
    assert s.finish(store, tokens[0])["phase"] == "finished"
    with pytest.raises(ListeningError, match="this study has ended"):
        store.join(study)

    made = Study.load(export.write_folder(store, study, tmp_path / "out"))
    assert made.about["race"]["ended"] == "reached"
    assert "handed out by a race (best on quality), which has ended it" in made.about["notes"][0]
    standing = race_of(made).look()
    by_name = {row["system"]: row for row in told["rows"]}
    for k, name in enumerate(standing.systems):
        assert standing.low[k] == pytest.approx(by_name[name]["low"], abs=1e-3)
        assert standing.ratings[k] == counts[name]
    section = compare(made, {}).raced("quality")
    assert any("handed out by a race" in line for line in section.sentences)
    frame = section.tables[0].frame.set_index("system")
    assert frame["low"].tolist() == pytest.approx([by_name[name]["low"] for name in frame.index], abs=1e-3)
    assert any(each.id == section.id for each in compare(made, {}).sections())
    extra = files(store, study)
    assert ("An even spread would have needed" in extra["race.md"]) == (told["even"] > told["ratings"])
    assert extra["race.csv"].startswith("system,mean,low,high,ratings,clips")
    export.delete_study(store, study, "mine")
    assert steering.ended(store, study) is None


def test_equal_systems_are_all_rated_and_it_says_what_is_left(tmp_path):
    store, study = store_of(tmp_path, Design("even", scales=(Q,), seconds=0, goal="order"), prompts=5)
    race(store, study, dict.fromkeys(("system 0", "system 1", "system 2"), 5.0), raters=4)
    told = overview(store, study)
    counts = [row["ratings"] for row in told["rows"]]
    if told["ended"]:  # raters' names are drawn anew each time; by some of them it ends before all have heard all
        assert told["said"][1].startswith("It has ended: these clips cannot tell apart")
        assert min(counts) >= 5, "every clip was rated"
        return
    assert len(set(counts)) == 1, "nobody is out, so all are rated alike"
    assert told["even"] == told["ratings"]
    assert not any("even spread" in line for line in told["said"])


def test_the_owner_stops_it_and_raters_end_politely(tmp_path):
    store, study = store_of(tmp_path, Design("stop", scales=(Q,), seconds=0, goal="order"), prompts=4)
    first, second = store.join(study), store.join(study)
    step(store, first, 4.0)
    now = s.state(store, second)
    assert (now["phase"], now["open"], now["total"]) == ("rate", True, 12)
    steering.end(store, study)
    after = s.rate(store, second, now["task"]["id"], {"quality": 9.0}, [0.0])
    assert (after["phase"], after["ended"], after["total"]) == ("done", True, 1), "what was at hand still counts"
    assert overview(store, study)["said"][1] == "Its owner has stopped it."
    assert len(export.to_study(store, study).ratings) == 2
    again = s.undo(store, second)
    assert again["task"]["id"] == now["task"]["id"], "what is taken back may be said again"
    assert s.rate(store, second, now["task"]["id"], {"quality": 2.0}, [0.0])["phase"] == "done"
    step(store, first, 5.0)
    assert s.finish(store, first)["phase"] == "finished"
    even, other = store_of(tmp_path / "even", Design("even", scales=(Q,), seconds=0))
    with pytest.raises(ListeningError, match="only a study with a goal"):
        steering.end(even, other)


def test_what_is_taken_back_counts_nowhere_and_a_restart_changes_nothing(tmp_path):
    store, study = store_of(tmp_path, Design("undo", scales=(Q,), seconds=0, goal="best"), prompts=4)
    tokens = [store.join(study) for _ in range(3)]
    for k, token in enumerate(tokens * 4):
        step(store, token, float(2 + k % 5))
    before = overview(store, study)
    step(store, tokens[1], 10.0)
    assert overview(store, study)["ratings"] == before["ratings"] + 1
    s.undo(store, tokens[1])
    assert overview(store, study) == before
    step(store, tokens[1], 10.0)
    again = RatingStore(store.folder, clock=store.clock)
    again.steer = next_clip
    assert overview(again, study)["rows"] == overview(store, study)["rows"]
    assert s.state(again, tokens[1])["task"]["id"] == s.state(store, tokens[1])["task"]["id"]


def test_checks_and_repeats_come_between(tmp_path):
    design = Design("care", scales=(Q,), seconds=0, goal="order", checks=2, repeats=2, each=10)
    store, study = store_of(tmp_path, design, prompts=4)
    token = store.join(study)
    assert s.state(store, token)["total"] == 14
    work_through(store, token, 5.0)
    kinds = [row["kind"] for row in store.all("SELECT kind FROM tasks ORDER BY position")]
    assert [kinds.count(kind) for kind in ("first", "check", "repeat")] == [10, 2, 2]
    assert kinds[0] == "first"
    assert s.state(store, token)["total"] == 14
    assert overview(store, study)["ratings"] == 10, "neither checks nor repeats decide anything"


def test_a_rating_is_confirmed_at_once_however_many_there_are(tmp_path):
    store, study = store_of(tmp_path, Design("many", scales=(Q,), seconds=0, goal="order"), systems=6, prompts=10)
    rng = np.random.default_rng(0)
    clips = [row["a"] for row in store.all("SELECT a FROM items")]
    with store.transaction() as db:
        for rater in range(50):
            db.execute(
                "INSERT INTO raters (id, study, joined_at, finished_at) VALUES (?, ?, 0, 1)", (f"{rater:064x}", study)
            )
            for n, clip in enumerate(clips):
                row = (f"{rater:064x}", n, "first", clip, "", f"{rater}-{n}", 1.0)
                task = db.execute(
                    "INSERT INTO tasks (rater, position, kind, a, prompt, audio_a, rated_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    row,
                ).lastrowid
                score = float(rng.integers(1, 11))
                db.execute(
                    "INSERT INTO ratings (task, axis, score, rated_at) VALUES (?, 'quality', ?, 0)", (task, score)
                )
    token = store.join(study)
    step(store, token, 5.0)
    task = s.state(store, token)["task"]
    start = time.process_time()  # others' work counts nothing
    s.rate(store, token, task["id"], {"quality": 5.0}, [0.5])
    assert time.process_time() - start < 0.5


def test_goals_that_cannot_be_are_refused(tmp_path):
    for goal, said in (("worst", "a goal is best"), ("width:0", "a goal is best"), ("top:0", "a goal is best")):
        with pytest.raises(ListeningError, match=said):
            Design("x", scales=(Q,), goal=goal)
    with pytest.raises(ListeningError, match="ask for scores"):
        Design("x", mode=PREFERENCE, goal="best")
    with pytest.raises(ListeningError, match="0 or more"):
        Design("x", scales=(Q,), goal="best", equal_within=-1)
    store = RatingStore(tmp_path / "store")
    clips = sounds(tmp_path / "clips", 2, 1)
    with pytest.raises(ListeningError, match="the top 2 of 2 systems are all of them"):
        store.create(Design("x", scales=(Q,), goal="top:2"), clips)
    nameless = [Sound(clip.name, clip.path, "" if k else "s") for k, clip in enumerate(clips)]
    with pytest.raises(ListeningError, match="every clip needs one"):
        store.create(Design("x", scales=(Q,), goal="best"), nameless)
    token = store.join(store.create(Design("x", scales=(Q,), goal="best"), clips))
    with pytest.raises(ListeningError, match="cannot tell which clip"):
        s.state(store, token)
    assert Design.from_json(json.dumps({"name": "old", "scales": [{"key": "q", "low": 1, "high": 5}]})).goal == ""
