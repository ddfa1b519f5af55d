"""A damaged store is found when it is opened, set aside, and nothing that can be read is lost."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from audio_files import tone, write_wav

from qamro.studies.listening import Design, RatingStore
from qamro.studies.listening import store as identity
from qamro.studies.listening.hub_backup import open_store
from qamro.studies.listening.recovery import damage, mend
from qamro.studies.listening.sources import Sound

from .made import MI


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with a study of three clips and twenty raters, closed."""
    sounds = [Sound(f"{i}.wav", write_wav(tmp_path / f"{i}.wav", tone(0.3))) for i in range(3)]
    store = RatingStore(tmp_path / "store")
    study = store.create(Design("study", scales=(MI,)), sounds)
    for _ in range(20):
        store.join(study)
    store.close()
    return tmp_path / "store"


def rows(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / "ratings.sqlite")) as db:
        tables = ("meta", "studies", "clips", "raters", "tasks")
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def test_a_whole_store_is_left_alone(folder: Path) -> None:
    before = (folder / "ratings.sqlite").read_bytes()
    assert mend(folder) == ""
    assert mend(folder / "none") == ""
    assert (folder / "ratings.sqlite").read_bytes() == before


def test_a_store_of_another_version_is_no_damage(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "ratings.sqlite")) as db:
        db.execute("PRAGMA user_version=99")
    assert mend(folder) == ""


def test_what_can_be_read_is_taken_over(folder: Path) -> None:
    path, whole = folder / "ratings.sqlite", rows(folder)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"first")  # a page of tasks
    page = at - at % 4096
    data[page : page + 4096] = os.urandom(4096)
    path.write_bytes(data)
    assert damage(path)
    told = mend(folder)
    assert "was damaged" in told
    assert "rows were read from it" in told
    left = rows(folder)
    assert damage(path) == ""
    assert left["studies"] == whole["studies"] == 1
    assert (left["clips"], left["raters"]) == (whole["clips"], whole["raters"])
    assert left["tasks"] < whole["tasks"]
    (aside,) = folder.glob("ratings.damaged-*.sqlite")
    assert aside.read_bytes() == data
    assert RatingStore(folder).one("SELECT count(*) AS n FROM raters")["n"] == 20


@pytest.mark.parametrize("ruin", [b"no database at all" * 500, b"SQLite format 3\0" + bytes(8000)])
def test_the_newest_backup_that_is_whole_fills_the_gaps(folder: Path, ruin: bytes, monkeypatch) -> None:
    store = RatingStore(folder)
    store.snapshot(folder / "backup" / "a.sqlite")
    store.close()
    (folder / "backup" / "b.sqlite").write_bytes(b"broken" * 1000)
    whole = rows(folder)
    for end in ("-wal", "-shm"):
        (folder / f"ratings.sqlite{end}").unlink(missing_ok=True)
    (folder / "ratings.sqlite").write_bytes(ruin)
    monkeypatch.setenv("QAMRO_RATINGS_DIR", str(folder))
    opened = open_store()
    counts = {table: opened.one(f"SELECT count(*) AS n FROM {table}")["n"] for table in ("studies", "raters")}
    opened.close()
    assert counts == {"studies": whole["studies"], "raters": whole["raters"]}


def test_a_short_token_is_none_where_strangers_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(identity.OWNER, "x" * 19)
    monkeypatch.delenv(identity.SPACE, raising=False)
    assert identity.is_owner("x" * 19)
    monkeypatch.setenv(identity.SPACE, "a/b")
    assert not identity.is_owner("x" * 19)
    assert not identity.may_set_up("x" * 19)
    monkeypatch.setenv(identity.OWNER, "x" * 20)
    assert identity.is_owner("x" * 20)
    assert not identity.is_owner("x" * 19)
