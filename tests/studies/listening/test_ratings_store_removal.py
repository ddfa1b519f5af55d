"""Deleting a study: nothing of it stays, and nothing of another goes."""

from __future__ import annotations

import pytest

from qamro.studies.listening import Design, ListeningError, RatingStore, comparison
from qamro.studies.listening import session as s
from qamro.studies.listening import store as identity
from qamro.studies.listening.export import delete_study

from .made import MI, sounds, store_with, work_through

SECRET = "a secret"


@pytest.fixture(autouse=True)
def _owned(monkeypatch):
    monkeypatch.setenv(identity.OWNER, SECRET)


def counts(store: RatingStore) -> dict[str, int]:
    tables = ("studies", "clips", "items", "raters", "tasks", "ratings", "predictions")
    return {table: store.one(f"SELECT count(*) AS n FROM {table}")["n"] for table in tables}


def test_a_study_goes_whole_and_alone(tmp_path):
    design = Design("kept", scales=(MI,), checks=1, seconds=0.2)
    store, kept = store_with(tmp_path, design)
    work_through(store, store.join(kept))
    before, files = counts(store), {path.name for path in (store.folder / "audio").iterdir()}

    gone = store.create(Design("gone", scales=(MI,), repeats=1, checks=1, seconds=0.2), sounds(tmp_path / "more"))
    token = store.join(gone)
    work_through(store, token)
    clip = store.one("SELECT id FROM clips WHERE study = ? AND beeps IS NULL", gone)["id"]
    comparison.keep_predictions(store, "offline", {clip: {"MI": 3.0}}, {"MI": "simulated"})
    answered = store.one("SELECT count(*) AS n FROM ratings")["n"] - before["ratings"]

    assert delete_study(store, gone, SECRET) == answered > 0
    assert counts(store) == before
    assert {path.name for path in (store.folder / "audio").iterdir()} == files
    with pytest.raises(ListeningError, match="no such study"):
        store.join(gone)
    with pytest.raises(ListeningError):
        s.state(store, token)


def test_only_the_owner_deletes_and_only_what_is_there(tmp_path):
    store, study = store_with(tmp_path, Design("a", scales=(MI,), seconds=0.2))
    before = counts(store)
    with pytest.raises(ListeningError, match="not the owner's token"):
        delete_study(store, study, "guess")
    with pytest.raises(ListeningError, match="no such study"):
        delete_study(store, "other", SECRET)
    assert counts(store) == before
