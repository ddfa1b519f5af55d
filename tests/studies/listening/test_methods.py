"""Every kind of listening test from its set-up to the study that comes out, and what a crowd's link leaves behind."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter

import pytest

from qamro.studies import Study
from qamro.studies.listening import Design, ListeningError, RatingStore, export, headphones
from qamro.studies.listening import session as s
from qamro.studies.listening import store as identity
from qamro.studies.listening.methods import METHODS

from .made import MI, Clock, sounds, store_with, work_through

REFERENCE = {"reference": "system 0"}
DESIGNS = {
    "scores": Design("x", scales=(MI,), seconds=0),
    "preference": Design("x", mode="preference", seconds=0),
    "mushra": Design("x", mode="mushra", seconds=0, anchors=("system 2",), **REFERENCE),
    "cmos": Design("x", mode="cmos", seconds=0),
    "dmos": Design("x", mode="dmos", seconds=0, **REFERENCE),
    "abx": Design("x", mode="abx", seconds=0, trials=3, **REFERENCE),
}


def clips_of(store, task):
    """Names of what a task lets hear, in order."""
    rows = store.one("SELECT * FROM tasks WHERE id = ?", task)
    ids = [rows[side] for side in "ab" if rows[side] is not None]
    ids += [row["clip"] for row in store.all("SELECT clip FROM stimuli WHERE task = ? ORDER BY place", task)]
    return [store.one("SELECT name FROM clips WHERE id = ?", clip)["name"] for clip in ids]


def answer(store, token, score):
    """Confirms the task at hand; ``score`` says what of, by the names of its clips (and the axis)."""
    task = s.state(store, token)["task"]
    names = clips_of(store, task["id"])
    given = {axis: float(score(names, axis)) for axis in task["axes"]}
    s.rate(store, token, task["id"], given, [clip["seconds"] for clip in task["clips"]])
    return names, given


def test_every_kind_has_a_design_here():
    assert set(DESIGNS) == set(METHODS)


@pytest.mark.parametrize("mode", METHODS)
def test_from_set_up_to_a_saved_study(mode, tmp_path):
    """What was said stands in the study: of as many clips as were heard, and under no other name."""
    store, study = store_with(tmp_path, DESIGNS[mode])
    rng, said = random.Random(1), []
    choices = METHODS[mode].choices or next(scale.values or range(101) for scale in DESIGNS[mode].scales)
    for _ in range(2):
        token = store.join(study)
        while s.state(store, token)["phase"] == "rate":
            said.append(answer(store, token, lambda names, axis: rng.choice(choices)))
        assert s.finish(store, token)["completion"] is None
    export.write_folder(store, study, tmp_path / "out")
    made = Study.load(tmp_path / "out")
    if mode == "mushra":
        expected = Counter((names[int(key)], score) for names, given in said for key, score in given.items())
        assert Counter(zip(made.ratings["clip"], made.ratings["score"], strict=True)) == expected
        assert all(names[0].startswith("s0") and names.count(names[0]) == 2 for names, _ in said), "hidden and open"
        assert len(said) == 2 * 2
    elif mode == "abx":
        assert len(said) == 2 * 3 * 4, "two raters, three trials, two pairs of two prompts"
        right = [names[2] == (names[0] if given["ABX"] else names[1]) for names, given in said]
        assert made.ratings["score"].sum() == sum(right)
        assert not made.ratings["clip"].str.startswith("s0").any(), "the reference is what it is held against"
        assert made.ratings["against"].str.startswith("s0").all()
        assert set(made.ratings["x"].str[:2]) == {"s0", "s1", "s2"}
    elif mode == "dmos":
        assert all(names[0].startswith("s0") and not names[1].startswith("s0") for names, _ in said)
        expected = Counter((names[1], given["DMOS"]) for names, given in said)
        assert Counter(zip(made.ratings["clip"], made.ratings["score"], strict=True)) == expected
    elif mode in ("cmos", "preference"):
        assert made.ratings.empty
        votes = made.votes
        rows = Counter(zip(votes["clip_a"], votes["clip_b"], votes["winner"], strict=True))
        score = lambda given: next(iter(given.values()))  # noqa: E731
        if mode == "preference":
            won = {1: "a", 0.5: "tie", 0: "b"}
            assert rows == Counter((*names, won[score(given)]) for names, given in said)
        else:  # as in P.800, a positive score is for the second
            won = lambda x: "b" if x > 0 else "a" if x < 0 else "tie"  # noqa: E731
            assert rows == Counter((*names, won(score(given))) for names, given in said)
            assert votes["score"].astype(float).sum() == -sum(score(given) for _, given in said)
    else:
        assert len(made.ratings) == len(said)
    tested = made.about.get("test")
    assert (tested is not None) == (METHODS[mode].analysis is not None)
    assert tested is None or tested["method"] == mode


@pytest.mark.parametrize("mode", ["mushra", "abx"])
def test_a_task_of_several_sounds_goes_back_and_is_sent_twice(mode, tmp_path):
    store, study = store_with(tmp_path, DESIGNS[mode])
    token = store.join(study)
    task = s.state(store, token)["task"]
    given = dict.fromkeys(task["axes"], 1.0)
    heard = [clip["seconds"] for clip in task["clips"]]
    for wrong in ({}, dict.fromkeys(task["axes"], 0.3), given | {"9": 1.0}):
        with pytest.raises(ListeningError):
            s.rate(store, token, task["id"], wrong, heard)
    with pytest.raises(ListeningError, match="how much was heard"):
        s.rate(store, token, task["id"], given, heard[:-1])
    first = s.rate(store, token, task["id"], given, heard)
    assert s.rate(store, token, task["id"], given, heard) == first, "sent twice, counted once"
    back = s.undo(store, token)
    assert back["task"]["id"] == task["id"]
    assert back["task"]["scores"] == given
    assert export.to_study(store, study).ratings.empty
    names = [clip["audio"] for clip in task["clips"]]
    assert len(set(names)) == len(names) == (4 if mode == "mushra" else 3)
    files = [s.sound_file(store, name) for name in names]
    assert all(file is not None and file.is_file() for file in files)
    assert len(set(files)) == len(files) - 1, "the hidden reference (or X) is heard under another name, too"


def test_every_sound_must_be_heard(tmp_path):
    store, study = store_with(tmp_path, Design("x", mode="mushra", seconds=8, **REFERENCE))
    token = store.join(study)
    task = s.state(store, token)["task"]
    store.clock.now += 60
    given = dict.fromkeys(task["axes"], 50.0)
    with pytest.raises(ListeningError, match="too little"):
        s.rate(store, token, task["id"], given, [0.5, 0.5, 0.5, -0.2])
    assert s.rate(store, token, task["id"], given, [0.5] * 4)["done"] == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mode": "mushra"}, "needs a reference"),
        ({"mode": "dmos"}, "needs a reference"),
        ({"mode": "cmos", "scales": (MI,)}, "no axes of one's own"),
        ({"mode": "abx", "trials": 0}, "trials"),
        ({"mode": "preference", "trials": 2}, "trials"),
        ({"mode": "abx", "repeats": 1}, "no attention checks and no repeats"),
        ({"mode": "mushra", "reference": "r", "checks": 1}, "no attention checks"),
        ({"mode": "cmos", "choose": "information"}, "by information only pairs"),
        ({"mode": "preference", "choose": "information", "repeats": 1}, "do not come twice"),
        ({"mode": "preference", "return_link": "javascript:alert(1)"}, "no address"),
    ],
)
def test_tests_that_cannot_be_run(fields, message):
    with pytest.raises(ListeningError, match=message):
        Design("x", **fields)


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (Design("x", mode="mushra", reference="gt"), "no clip is of the system 'gt'; the systems are system 0"),
        (Design("x", mode="mushra", anchors=("low",), **REFERENCE), "no clip is of the system 'low'"),
    ],
)
def test_systems_that_are_not_there(design, message, tmp_path):
    with pytest.raises(ListeningError, match=message):
        store_with(tmp_path, design)
    assert not list((tmp_path / "store" / "audio").iterdir()), "no copy is left behind"


def test_a_trial_has_one_reference_and_not_too_many_versions(tmp_path):
    store = RatingStore(tmp_path / "store", clock=Clock())
    clips = sounds(tmp_path / "clips", systems=2, prompts=2)
    same = [type(c)(c.name, c.path, c.system, "one prompt") for c in clips]
    with pytest.raises(ListeningError, match="has two clips of the reference"):
        store.create(DESIGNS["mushra"].__class__("x", mode="mushra", **REFERENCE), same)
    many = [type(c)(f"{k}", clips[0].path, f"system {k}", "p") for k, c in enumerate(clips * 4)]
    with pytest.raises(ListeningError, match="holds at most 12"):
        store.create(Design("x", mode="mushra", **REFERENCE), many)
    alone = [type(c)(c.name, c.path, c.system, c.name) for c in clips]
    with pytest.raises(ListeningError, match="shares its source or prompt"):
        store.create(Design("x", mode="dmos", **REFERENCE), alone)


# A crowd's link, headphones, completion


def test_a_crowds_ids_are_kept_as_hashes_and_bring_a_worker_back(tmp_path):
    store, study = store_with(tmp_path, DESIGNS["scores"])
    ids = {"participant": "5f3c9a-PROLIFIC", "session": "SESSION-77"}
    token = store.join(study, ids)
    assert store.join(study, ids) == token, "a worker who loads the link again goes on"
    assert store.join(study, ids | {"session": "another"}) != token
    work_through(store, token)
    done = s.state(store, token)["completion"]
    assert len(done["code"]) == 10
    people = export.raters(store, study)
    mine = people[people["finished"]].iloc[0]
    assert mine["completion_code"] == done["code"]
    assert mine["participant"] == export.crowd_label(store, study, ids["participant"])
    assert mine["session"] == export.crowd_label(store, study, ids["session"])
    store.close()
    for path in (tmp_path / "store").rglob("ratings.sqlite*"):
        for text in ids.values():
            assert text.encode() not in path.read_bytes()
    store = RatingStore(tmp_path / "store", clock=Clock())
    with pytest.raises(ListeningError, match="accept the task"):
        store.join(study, {"participant": "A1", "session": identity.PREVIEW})


def test_code_and_return_link_are_shown_at_the_end_alone(tmp_path):
    link = "https://app.prolific.com/submissions/complete?cc={code}"
    store, study = store_with(tmp_path, Design("x", scales=(MI,), seconds=0, code="C0DE", return_link=link))
    token = store.join(study)
    assert s.state(store, token)["completion"] is None
    work_through(store, token)
    assert s.state(store, token)["completion"] == {"code": "C0DE", "link": link.replace("{code}", "C0DE")}


def test_headphones_are_passed_with_five_of_six_and_tried_twice(tmp_path):
    store, study = store_with(tmp_path, Design("x", scales=(MI,), seconds=0, headphones=True))

    def right_places(state):
        return [order.index("quiet") for order in state["trials"]]

    token = store.join(study)
    state = s.state(store, token)
    assert state["phase"] == "headphones"
    assert len(state["trials"]) == headphones.TRIALS
    assert all(sorted(order) == sorted(headphones.TONES) for order in state["trials"])
    with pytest.raises(ListeningError):
        s.finish(store, token)
    places = right_places(state)
    passed = s.hear_headphones(store, token, [*places[:5], (places[5] + 1) % 3])
    assert passed["phase"] == "rate"
    with pytest.raises(ListeningError, match="over"):
        s.hear_headphones(store, token, places)
    assert export.raters(store, study)["headphones"].tolist() == [5]

    speakers = store.join(study)
    for phase in ("headphones", "unfit"):  # loudspeakers cancel the antiphase tone
        state = s.state(store, speakers)
        heard = [order.index("antiphase") for order in state["trials"]]
        assert s.hear_headphones(store, speakers, heard)["phase"] == phase
    assert s.state(store, speakers)["task"] is None
    third = store.join(study)
    first = s.state(store, third)
    again = s.hear_headphones(store, third, [])
    assert again["trials"] != first["trials"], "another order the second time"


# The next pair


def test_the_next_pair_is_asked_for_and_never_twice(tmp_path):
    store, study = store_with(tmp_path, Design("x", mode="preference", choose="information", seconds=0))
    asked = []

    def choose(votes, systems, among):
        asked.append((list(votes), list(systems), list(among)))
        return among[-1]

    store.next_pair = choose
    token = store.join(study)
    seen = []
    while (state := s.state(store, token))["phase"] == "rate":
        assert state["ahead"] == [], "what comes next is not known yet"
        assert s.state(store, token)["task"] == state["task"], "looking again changes nothing"
        chosen = asked[-1][2][-1]
        names, given = answer(store, token, lambda names, axis: 1)
        seen.append(tuple(sorted(names)))
        assert sorted(f"system {name[1]}" for name in names) == sorted(chosen)
    assert len(seen) == len(set(seen)) == 6
    assert len(asked) == 6
    assert [len(votes) for votes, _, _ in asked] == list(range(6))
    assert asked[0][1] == ["system 0", "system 1", "system 2"]
    assert all(score == 1 for votes, _, _ in asked for _, _, score in votes)


# Older stores


def test_a_store_of_the_first_version_goes_on(tmp_path):
    """The tables of version 1, with a rating in them."""
    folder = tmp_path / "store"
    store, study = store_with(tmp_path, DESIGNS["scores"])
    token = store.join(study)
    answer(store, token, lambda names, axis: 4)
    store.close()
    db = sqlite3.connect(folder / "ratings.sqlite", isolation_level=None)
    for statement in (
        "DROP TABLE stimuli",
        "DROP INDEX one_rating",
        "ALTER TABLE ratings DROP COLUMN stimulus",
        "CREATE UNIQUE INDEX one_rating ON ratings (task, axis) WHERE withdrawn_at IS NULL",
        *(f"ALTER TABLE raters DROP COLUMN {c}" for c in ("participant", "session", "headphones", "headphone_tries")),
        "PRAGMA user_version=1",
    ):
        db.execute(statement)
    db.close()
    store = RatingStore(folder, clock=Clock())
    assert s.state(store, token)["done"] == 1
    answer(store, token, lambda names, axis: 5)
    assert sorted(export.to_study(store, study).ratings["score"]) == [4, 5]
    store.close()
    db = sqlite3.connect(folder / "ratings.sqlite")
    assert db.execute("PRAGMA user_version").fetchone()[0] == identity.VERSION
    db.close()
