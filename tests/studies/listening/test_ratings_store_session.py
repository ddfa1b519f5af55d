"""What a rater does, against a real SQLite file."""

from __future__ import annotations

import json
import math
import threading
from pathlib import Path

import pytest

from qamro.studies.listening import PREFERENCE, Design, ListeningError, RatingStore
from qamro.studies.listening import session as s

from .made import MI, PQ, TA, Clock, answers, listen, step, store_with, work_through

SCORES = Design("a study", scales=(MI, TA, PQ), repeats=2, checks=2, seconds=8)
PAIRS = Design("pairs", mode=PREFERENCE, repeats=1, checks=1, seconds=0.2)


def test_a_rater_from_the_first_clip_to_the_last(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    token = store.join(study)
    first = s.state(store, token)
    assert (first["phase"], first["done"], first["total"], first["can_undo"]) == ("rate", 0, 6 + 2 + 2, False)
    for done in range(1, 11):
        after = step(store, token)
        assert after["done"] == done
    assert after["phase"] == "done"
    assert after["task"] is None
    finished = s.finish(store, token)
    assert finished["phase"] == "finished"
    assert not finished["can_undo"]
    rated = store.one("SELECT count(*) AS n FROM ratings")["n"]
    assert rated == 10 * 3


def test_what_a_rater_gets_tells_nothing(tmp_path):
    """No system, no file name, no other rater; a clip that comes back has another name."""
    store, study = store_with(tmp_path, SCORES)
    others, token = store.join(study), store.join(study)
    step(store, others)
    seen, played = [], []
    while (now := s.state(store, token))["phase"] == "rate":
        seen.append(json.dumps(now))
        played += [clip["audio"] for clip in now["task"]["clips"]]
        step(store, token)
    text = "".join(seen)
    for secret in ("system", "s0p0", ".wav", ".flac", others, token, "kind", "repeat", "check", "answer"):
        assert secret not in text, secret
    assert len(set(played)) == len(played) == 10
    files = [s.sound_file(store, name) for name in played]
    assert all(path is not None and path.is_file() for path in files)
    assert len(set(files)) < len(files), "repeats share a file, but not its name"
    assert s.sound_file(store, files[0].name) is None
    assert s.sound_file(store, "../ratings.sqlite") is None
    assert s.sound_file(store, "") is None


def test_every_rater_has_an_order_of_their_own(tmp_path):
    store, study = store_with(tmp_path, Design("x", scales=(MI,)), systems=6, prompts=4)
    orders = set()
    for _ in range(5):
        store.join(study)
    for row in store.all(
        "SELECT rater, group_concat(a) AS o FROM (SELECT * FROM tasks ORDER BY position) GROUP BY rater"
    ):
        orders.add(row["o"])
        assert sorted(row["o"].split(",")) == sorted(set(row["o"].split(",")))
    assert len(orders) == 5


@pytest.mark.parametrize("bad", [{}, {"MI": 3}, {"MI": 0, "TA": 1, "PQ": 1}, {"MI": 2.5, "TA": 1, "PQ": 1},
                                 {"MI": math.nan, "TA": 1, "PQ": 1}, {"MI": 1, "TA": 1, "PQ": 11},
                                 {"MI": True, "TA": 1, "PQ": 1}, {"MI": "3", "TA": 1, "PQ": 1},
                                 {"MI": 1, "TA": 1, "PQ": 1, "CE": 1}])  # fmt: skip
def test_scores_off_the_scale_are_refused_and_nothing_is_stored(tmp_path, bad):
    store, study = store_with(tmp_path, SCORES)
    token = store.join(study)
    task = s.state(store, token)["task"]
    with pytest.raises(ListeningError):
        s.rate(store, token, task["id"], bad, listen(store, task))
    assert store.one("SELECT count(*) AS n FROM ratings")["n"] == 0
    assert s.state(store, token)["task"]["id"] == task["id"]


def test_a_clip_must_have_been_heard(tmp_path):
    """Neither a page that says so nor the clock alone is enough."""
    store, study = store_with(tmp_path, Design("x", scales=(MI,), seconds=8))
    store.all("UPDATE clips SET seconds = 20")
    token = store.join(study)
    task = s.state(store, token)["task"]
    assert task["clips"][0]["need"] == 8
    for passed, told in ((0, 8), (100, 3), (100, math.inf), (100, math.nan)):
        store.clock.now += passed
        with pytest.raises(ListeningError, match="listen first|reload"):
            s.rate(store, token, task["id"], {"MI": 3}, [told])
    with pytest.raises(ListeningError):
        s.rate(store, token, task["id"], {"MI": 3}, [])
    assert s.rate(store, token, task["id"], {"MI": 3}, [8])["done"] == 1
    assert store.one("SELECT heard_a FROM tasks WHERE id = ?", task["id"])["heard_a"] == 8


def test_of_a_pair_both_must_have_been_heard(tmp_path):
    store, study = store_with(tmp_path, PAIRS)
    token = store.join(study)
    task = s.state(store, token)["task"]
    assert len(task["clips"]) == 2
    store.clock.now += 10
    with pytest.raises(ListeningError, match="listen first"):
        s.rate(store, token, task["id"], {PREFERENCE: 1}, [10, -5])
    for off in (0.25, 2, -1):
        with pytest.raises(ListeningError, match="scale"):
            s.rate(store, token, task["id"], {PREFERENCE: off}, [10, 10])
    assert s.rate(store, token, task["id"], {PREFERENCE: 0.5}, [10, 10])["done"] == 1


def test_undo(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    token = store.join(study)
    with pytest.raises(ListeningError, match="nothing"):
        s.undo(store, token)
    task = s.state(store, token)["task"]
    step(store, token)
    back = s.undo(store, token)
    assert back["done"] == 0
    assert back["task"]["id"] == task["id"]
    assert back["task"]["scores"] == answers(task), "what was said stands there to be changed"
    assert back["task"]["clips"][0]["heard"] > 0, "nobody must listen again to correct a slip"
    changed = answers(task) | {"MI": 1.0}
    heard = [clip["heard"] for clip in back["task"]["clips"]]
    s.rate(store, token, task["id"], changed, heard)
    live = store.all("SELECT axis, score FROM ratings WHERE withdrawn_at IS NULL")
    assert {row["axis"]: row["score"] for row in live} == changed
    assert store.one("SELECT count(*) AS n FROM ratings")["n"] == 6, "what was taken back stays on record"
    work_through(store, token)
    with pytest.raises(ListeningError, match="after finishing"):
        s.undo(store, token)


def test_sent_twice_counts_once_and_an_old_page_cannot_overwrite(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    token = store.join(study)
    task = s.state(store, token)["task"]
    heard = listen(store, task)
    one = s.rate(store, token, task["id"], answers(task), heard)
    two = s.rate(store, token, task["id"], answers(task), heard)
    assert one == two
    with pytest.raises(ListeningError, match="not the one at hand"):
        s.rate(store, token, task["id"], answers(task) | {"MI": 1}, heard)
    assert store.one("SELECT count(*) AS n FROM ratings")["n"] == 3


def test_nobody_touches_anothers_tasks(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    mine, other = store.join(study), store.join(study)
    theirs = s.state(store, other)["task"]
    s.state(store, mine)
    with pytest.raises(ListeningError):
        s.rate(store, mine, theirs["id"], answers(theirs), listen(store, theirs))
    step(store, other)
    with pytest.raises(ListeningError):
        s.rate(store, mine, theirs["id"], answers(theirs), [1.0])
    assert s.state(store, mine)["done"] == 0
    for wrong in ("", "x", mine[:-1], mine + "x", "\udcff", "é"):
        with pytest.raises(ListeningError, match="link"):
            s.state(store, wrong)


def test_stop_and_come_back(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    token = store.join(study)
    step(store, token)
    before = s.state(store, token)
    store.close()
    again = RatingStore(tmp_path / "store", clock=Clock())
    assert s.state(again, token) == before


def test_finish_only_when_all_is_rated(tmp_path):
    store, study = store_with(tmp_path, PAIRS)
    token = store.join(study)
    with pytest.raises(ListeningError, match="not rated"):
        s.finish(store, token)


def test_alignment_is_asked_only_where_there_is_a_prompt(tmp_path):
    store, study = store_with(tmp_path, Design("x", scales=(MI, TA)))
    store.all("UPDATE clips SET prompt = '' WHERE name = 's0p0.wav'")
    token = store.join(study)
    asked = []
    while (now := s.state(store, token))["phase"] == "rate":
        asked.append((now["task"]["prompt"], tuple(now["task"]["axes"])))
        step(store, token)
    assert asked.count(("", ("MI",))) == 1
    assert {axes for prompt, axes in asked if prompt} == {("MI", "TA")}


def test_prompts_stay_hidden_unless_wanted(tmp_path):
    for prompts, expected in ((False, ""), (True, "prompt ")):
        store, study = store_with(tmp_path / str(prompts), Design("x", scales=(MI,), prompts=prompts))
        assert s.state(store, store.join(study))["task"]["prompt"].startswith(expected)
        assert bool(s.state(store, store.join(study))["task"]["prompt"]) == prompts


def test_many_raters_at_once(tmp_path):
    """Twelve threads, one file: everybody's ratings arrive, nobody's are mixed."""
    store, study = store_with(tmp_path, Design("x", scales=(MI, PQ), seconds=0))
    tokens = [store.join(study) for _ in range(12)]
    problems = []

    def one(number: int) -> None:
        try:
            for _ in range(6):
                step(store, tokens[number], float(1 + number % 5))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    for number, token in enumerate(tokens):
        rater = s.rater_of(store, token)["id"]
        scores = store.all("SELECT score FROM ratings JOIN tasks ON tasks.id = task WHERE rater = ?", rater)
        assert [row["score"] for row in scores] == [1 + number % 5] * 12


def test_two_processes_share_a_store(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    other = RatingStore(tmp_path / "store", clock=store.clock)
    token = other.join(study)
    step(store, token)
    assert s.state(other, token)["done"] == 1


def test_tokens_are_stored_nowhere(tmp_path):
    store, study = store_with(tmp_path, SCORES)
    token = store.join(study)
    step(store, token)
    store.close()
    for path in Path(tmp_path / "store").rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path
