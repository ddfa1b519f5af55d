import multiprocessing
import sqlite3

import numpy as np
import pytest
import torch

from qamro.encoders import Audiobox, Clap, LogMel
from qamro.encoders.embedding_store import CachedEncoder, CachedScores, EmbeddingStore


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


@pytest.fixture
def remembered(tmp_path):
    return EmbeddingStore(tmp_path / "store.sqlite")


def sound(seed, seconds=1.0, rate=16_000):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)).astype(np.float32), rate


class Counting:
    """An encoder that counts what it is asked to compute."""

    name, revision, sample_rate, audio_dim, text_dim = "Counting", "1", 16_000, 3, 2

    def __init__(self):
        self.clips, self.texts = [], []

    def embed_audio(self, clips):
        self.clips += clips
        return torch.stack([torch.tensor([len(s), r, s[0]]) for s, r in clips]) if clips else torch.empty(0, 3)

    def embed_text(self, texts):
        self.texts += texts
        return torch.tensor([[len(text), 1.0] for text in texts]) if texts else torch.empty(0, 2)


def test_only_what_is_new_is_computed(remembered):
    encoder = Counting()
    cached = CachedEncoder(encoder, remembered)
    a, b, c = sound(1), sound(2), sound(3)
    first = cached.embed_audio([a, b, a])
    assert len(encoder.clips) == 2
    second = cached.embed_audio([c, b, a])
    assert len(encoder.clips) == 3
    torch.testing.assert_close(first, Counting().embed_audio([a, b, a]))
    torch.testing.assert_close(second, Counting().embed_audio([c, b, a]))
    assert CachedEncoder(encoder, remembered).embed_audio([a, b, c]).shape == (3, 3)
    assert len(encoder.clips) == 3


def test_rate_and_content_both_count(remembered):
    encoder = Counting()
    cached = CachedEncoder(encoder, remembered)
    samples, rate = sound(1)
    cached.embed_audio([(samples, rate), (samples, 48_000), (samples + np.float32(1e-7), rate)])
    assert len(encoder.clips) == 3


def test_texts_are_remembered_apart_from_clips(remembered):
    encoder = Counting()
    cached = CachedEncoder(encoder, remembered)
    texts = ["calm piano", "", "calm piano", "Ünïcode 🎹", "\udce9"]
    torch.testing.assert_close(cached.embed_text(texts), Counting().embed_text(texts))
    assert len(encoder.texts) == 4
    cached.embed_text(texts)
    assert len(encoder.texts) == 4


def test_revision_and_settings_separate(remembered):
    for revision, settings in (("1", ""), ("2", ""), ("1", "bfloat16")):
        encoder = Counting()
        encoder.revision, encoder.settings = revision, settings
        CachedEncoder(encoder, remembered).embed_audio([sound(1)])
        assert len(encoder.clips) == 1


def test_nothing_gives_nothing_and_the_rest_is_passed_on(remembered):
    cached = CachedEncoder(Counting(), remembered)
    assert cached.embed_audio([]).shape == (0, 3)
    assert cached.embed_text([]).shape == (0, 2)
    assert (cached.name, cached.sample_rate, cached.audio_dim) == ("Counting", 16_000, 3)
    with pytest.raises(AttributeError):
        _ = cached.surprise


def test_it_works_around_log_mel(remembered):
    encoder = LogMel()
    cached = CachedEncoder(encoder, remembered)
    clips = [sound(i, rate=32_000) for i in range(2)]
    expected = encoder.embed_audio(clips)
    torch.testing.assert_close(cached.embed_audio(clips), expected, atol=0, rtol=0)
    torch.testing.assert_close(cached.embed_audio(clips), expected, atol=0, rtol=0)


def test_clap_gives_the_same_numbers_again(remembered, small_clap, small_tokenizer):
    encoder = Clap.from_checkpoint(small_clap, tokenizer=small_tokenizer)
    cached = CachedEncoder(encoder, remembered)
    clips = [sound(i, seconds=2, rate=48_000) for i in range(3)]
    expected = cached.embed_audio(clips)
    torch.testing.assert_close(encoder.embed_audio(clips), expected, atol=1e-6, rtol=0)
    encoder._network = None
    torch.testing.assert_close(cached.embed_audio(clips[::-1]), expected.flip(0), atol=0, rtol=0)


def test_audiobox_keeps_scores_and_embeddings_of_one_pass(remembered, small_audiobox, small_wavlm):
    encoder = Audiobox.from_checkpoint(small_audiobox)
    cached = CachedScores(encoder, remembered)
    clips = [sound(i, seconds=1 + i) for i in range(3)]
    expected = encoder.score(clips)
    found = cached.score(clips)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=2e-5)
    torch.testing.assert_close(cached.embed_audio(clips), encoder.embed_audio(clips), atol=2e-6, rtol=0)
    encoder._network = None
    assert cached.score(clips) == found
    assert not hasattr(cached, "embed_text")
