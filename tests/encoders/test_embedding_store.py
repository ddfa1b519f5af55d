import multiprocessing
import sqlite3

import numpy as np
import pytest

from qamro.encoders.embedding_store import EmbeddingStore


@pytest.fixture
def store(tmp_path):
    return EmbeddingStore(tmp_path / "deep" / "store.sqlite")


def row(seed, dim=16):
    return np.random.default_rng(seed).standard_normal(dim).astype(np.float32)


def test_rows_come_back_bit_for_bit(store):
    rows = {f"clip{i}": row(i, dim=3 + i) for i in range(5)}
    store.put("Clap r1", rows)
    found = store.get("Clap r1", [*rows, "unknown", "clip0"])
    assert set(found) == set(rows)
    for key, value in rows.items():
        np.testing.assert_array_equal(found[key], value)
        assert found[key].dtype == np.float32
        found[key] += 1  # what comes back belongs to the caller


def test_encoders_are_kept_apart(store):
    store.put("Clap r1", {"clip": row(1)})
    store.put("Clap r2", {"clip": row(2)})
    np.testing.assert_array_equal(store.get("Clap r1", ["clip"])["clip"], row(1))
    np.testing.assert_array_equal(store.get("Clap r2", ["clip"])["clip"], row(2))
    assert store.get("Clap r3", ["clip"]) == {}


def test_nothing_is_made_by_looking(store):
    assert store.get("Clap r1", ["clip"]) == {}
    assert store.info().by_encoder == {}
    assert store.clear() == 0
    assert not store.path.exists()


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    store = EmbeddingStore(tmp_path / "store.sqlite", limit=10 * 64)
    for i in range(10):
        store.put("e", {f"clip{i}": row(i)})
    store.get("e", ["clip0"])
    store.put("e", {"clip10": row(10)})
    left = set(store.get("e", [f"clip{i}" for i in range(11)]))
    assert left == {"clip0", *(f"clip{i}" for i in range(3, 11))}, "down to 90 % of the limit"
    assert store.info().bytes == 9 * 64


def test_putting_again_replaces(store):
    store.put("e", {"clip": row(1)})
    store.put("e", {"clip": row(2)})
    assert store.info().by_encoder == {"e": (1, 64)}
    np.testing.assert_array_equal(store.get("e", ["clip"])["clip"], row(2))


def test_info_and_clear(store):
    store.put("a", {str(i): row(i) for i in range(100)})
    store.put("b", {"x": row(0, dim=1000)})
    info = store.info()
    assert info.by_encoder == {"a": (100, 6400), "b": (1, 4000)}
    assert info.bytes == 10_400
    assert info.on_disk >= info.bytes
    assert store.clear() == 101
    assert store.info().bytes == 0
    assert store.info().on_disk < info.on_disk


def test_the_limit_can_be_set_from_outside(monkeypatch, tmp_path):
    monkeypatch.setenv("QAMRO_CACHE_LIMIT", "1234")
    assert EmbeddingStore(tmp_path / "x").limit == 1234


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_store_costs_time_and_no_answer(store, content, caplog):
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(content)
    assert store.get("e", ["clip"]) == {}
    assert "could not be read" in caplog.text
    store.put("e", {"clip": row(1)})
    np.testing.assert_array_equal(store.get("e", ["clip"])["clip"], row(1))


def test_a_store_that_cannot_be_written_is_no_failure(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    store = EmbeddingStore(tmp_path / "file" / "store.sqlite")
    store.put("e", {"clip": row(1)})
    assert "could not be written" in caplog.text
    assert store.get("e", ["clip"]) == {}


def fill(path, worker):
    store = EmbeddingStore(path)
    for i in range(40):
        store.put("e", {f"{worker}-{i}": row(worker * 1000 + i)})
        assert store.get("e", [f"{worker}-{i}"]).keys() == {f"{worker}-{i}"}


def test_several_processes_write_at_once(tmp_path):
    path = tmp_path / "store.sqlite"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=fill, args=(path, worker)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert EmbeddingStore(path).info().by_encoder["e"][0] == 160
    found = EmbeddingStore(path).get("e", ["3-39"])
    np.testing.assert_array_equal(found["3-39"], row(3039))


def test_the_file_is_in_wal_mode(store):
    store.put("e", {"clip": row(1)})
    base = sqlite3.connect(store.path)
    assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    base.close()
