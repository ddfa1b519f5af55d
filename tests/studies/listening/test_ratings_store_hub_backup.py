"""The real huggingface_hub against a stand-in for the Hub on this machine."""

from __future__ import annotations

import sqlite3
import time

import pytest

from qamro.studies import Study
from qamro.studies.listening import Design, RatingStore, hub_backup
from qamro.studies.listening import session as s
from qamro.studies.listening.hub_backup import Target, restore, scheduler, start_backup, wanted

from .hub import Hub
from .made import MI, step, store_with, work_through

DESIGN = Design("x", scales=(MI,), seconds=0)


@pytest.fixture
def hub():
    server = Hub()
    yield server
    server.shutdown()
    server.server_close()


def target(hub: Hub) -> Target:
    return Target("me/ratings", "hf_secret", hub.url)


def push(store: RatingStore, hub: Hub):
    """One commit, and no more until the next call."""
    running = scheduler(store, target(hub), every=1000)
    running.trigger().result(60)  # after the one that it makes when it starts
    return running


def test_what_is_confirmed_reaches_the_repository(tmp_path, hub):
    store, study = store_with(tmp_path, DESIGN)
    token = store.join(study)
    step(store, token)
    running = push(store, hub)
    assert hub.made[0].get("visibility") == "private" or hub.made[0].get("private") is True
    assert hub.made[0]["type"] == "dataset"
    assert hub.tokens == {"Bearer hf_secret"}
    assert f"backup/{store.id}.sqlite" in hub.files
    assert sum(name.startswith("audio/") for name in hub.files) == 6
    assert not any("wal" in name or name == "ratings.sqlite" for name in hub.files)
    assert all(token.encode() not in content for content in hub.files.values())
    before = hub.commits
    running.trigger().result(60)
    assert hub.commits == before, "nothing new, no commit"
    step(store, token)
    running.trigger().result(60)
    assert hub.commits == before + 1
    running.stop()
    (tmp_path / "copy.sqlite").write_bytes(hub.files[f"backup/{store.id}.sqlite"])
    with sqlite3.connect(tmp_path / "copy.sqlite") as db:
        assert db.execute("SELECT count(*) FROM ratings").fetchone()[0] == 2
    for name in ("clips.csv", "ratings.csv", "study.json"):
        path = tmp_path / "study" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(hub.files[f"backup/{study}/{name}"])
    assert len(Study.load(tmp_path / "study").ratings) == 2


def test_a_fresh_machine_goes_on_where_the_old_one_stopped(tmp_path, hub):
    store, study = store_with(tmp_path, DESIGN)
    token = store.join(study)
    step(store, token)
    push(store, hub).stop()
    fresh = tmp_path / "fresh"
    assert restore(fresh, target(hub))
    again = RatingStore(fresh, clock=store.clock)
    now = s.state(again, token)
    assert now["done"] == 1
    assert s.sound_file(again, now["task"]["clips"][0]["audio"]) is not None, "the sound is there, too"
    work_through(again, token)
    assert not restore(fresh, target(hub)), "ratings that are there are left alone"
    assert s.state(again, token)["phase"] == "finished"


def test_a_hub_that_is_down_breaks_nothing(tmp_path, hub, caplog):
    hub.broken = True
    assert not restore(tmp_path / "store", target(hub))
    store, study = store_with(tmp_path, DESIGN)
    thread = start_backup(store, target(hub))
    token = store.join(study)
    assert step(store, token)["done"] == 1
    deadline = time.monotonic() + 60
    while "not backed up" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "not backed up" in caplog.text
    assert thread.daemon


def test_an_empty_repository_restores_nothing(tmp_path, hub):
    assert not restore(tmp_path / "a", target(hub))
    hub.made.append({})
    assert not restore(tmp_path / "b", target(hub))


@pytest.mark.parametrize(("token", "repo"), [("", ""), ("t", ""), ("", "me/ratings")])
def test_without_both_variables_nothing_is_asked_of_anybody(tmp_path, monkeypatch, hub, token, repo):
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setenv("QAMRO_RATINGS_REPO", repo)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv(hub_backup.FOLDER, str(tmp_path / "store"))
    assert wanted() is None
    assert hub_backup.open_store().folder == tmp_path / "store"
    assert hub_backup.open_store() is hub_backup.open_store()
    assert hub.tokens == set()


def test_where_the_store_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))
    monkeypatch.delenv(hub_backup.FOLDER, raising=False)
    assert hub_backup.ratings_dir() == tmp_path / "annotations"
