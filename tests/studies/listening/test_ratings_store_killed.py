"""A process that is killed with SIGKILL in the middle of its work loses nothing that it confirmed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qamro.studies.listening import Design, RatingStore
from qamro.studies.listening import session as s
from qamro.studies.listening.store import connect

from .made import MI, sounds

KILLED = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.server
@pytest.mark.parametrize("lines", [1, 23, 60])
def test_kill_9(tmp_path, lines):
    store = RatingStore(tmp_path / "store")
    study = store.create(Design("x", scales=(MI,), seconds=0), sounds(tmp_path / "clips", systems=10, prompts=10))
    token = store.join(study)
    store.close()
    command = [sys.executable, str(KILLED), str(tmp_path / "store"), token]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    ) as process:
        confirmed = [process.stdout.readline().split() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        confirmed += [line.split() for line in process.stdout.read().splitlines()]
        assert process.wait(10) == -signal.SIGKILL
    assert (tmp_path / "store" / "ratings.sqlite-wal").stat().st_size > 0, "it was killed before it could tidy up"
    again = RatingStore(tmp_path / "store")
    kept = {row["task"]: row["score"] for row in again.all("SELECT task, score FROM ratings")}
    assert {int(task): float(score) for task, score in confirmed}.items() <= kept.items()
    assert len(kept) - len(confirmed) in (0, 1), "at most the one that was stored and not yet confirmed"
    assert again.one("PRAGMA integrity_check")[0] == "ok"
    assert s.state(again, token)["done"] == len(kept)


def test_the_file_is_opened_for_safety(tmp_path):
    store = RatingStore(tmp_path)
    assert store.one("PRAGMA journal_mode")[0] == "wal"
    assert store.one("PRAGMA synchronous")[0] == 2, "FULL"
    assert store.one("PRAGMA foreign_keys")[0] == 1


def test_a_transaction_is_all_or_nothing(tmp_path):
    store = RatingStore(tmp_path)

    def half() -> None:
        with store.transaction() as db:
            db.execute("INSERT INTO meta VALUES ('half', 'done')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert store.one("SELECT * FROM meta WHERE key = 'half'") is None


def test_a_store_of_another_version_is_refused(tmp_path):
    connect(tmp_path / "ratings.sqlite").close()
    with sqlite3.connect(tmp_path / "ratings.sqlite") as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(sqlite3.DatabaseError, match="version 99"):
        RatingStore(tmp_path)


def test_a_snapshot_is_whole_and_leaves_the_store_alone(tmp_path):
    store = RatingStore(tmp_path / "store")
    before = store.changes()
    store.create(Design("x", scales=(MI,)), sounds(tmp_path / "clips"))
    assert store.changes() != before
    store.snapshot(tmp_path / "copy" / "ratings.sqlite")
    copy = RatingStore(tmp_path / "copy")
    assert copy.id == store.id
    assert copy.one("SELECT count(*) AS n FROM clips")["n"] == 6
