import numpy as np
import pytest
import torch

from qamro.encoders import LogMel, frame_encoder
from qamro.encoders.embedding_store import CachedFrames, EmbeddingStore
from tests.encoders.small import save_roberta, save_wavlm


def sound(seed, seconds=1.0, rate=16_000):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)).astype(np.float32), rate


class Counting:
    """An encoder of frames that counts what it is asked to compute."""

    name, revision, sample_rate, frame_dim, token_dim, frame_rate = "Counting", "1", 16_000, 3, 2, 10.0

    def __init__(self, settings=""):
        self.clips, self.texts, self.frame_settings = [], [], settings

    def embed_frames(self, clips):
        self.clips += clips
        return [torch.from_numpy(samples[: 3 * (len(samples) // 100)].reshape(-1, 3)).clone() for samples, _ in clips]

    def embed_text_frames(self, texts):
        self.texts += texts
        return [torch.tensor([[len(word), 1 / 3] for word in text.split()]).view(-1, 2) for text in texts]


@pytest.fixture
def store(tmp_path):
    return EmbeddingStore(tmp_path / "store.sqlite")


def test_only_what_is_new_is_computed_and_both_times_are_the_same(store):
    encoder = Counting()
    cached = CachedFrames(encoder, store)
    a, b, c = sound(1), sound(2, 0.5), sound(3)
    first = cached.embed_frames([a, b, a])
    assert len(encoder.clips) == 2
    second = cached.embed_frames([c, b, a])
    assert len(encoder.clips) == 3
    for found, expected in zip([*first, *second], Counting().embed_frames([a, b, a, c, b, a]), strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected.half().float(), rtol=0, atol=0)


def test_frames_take_half_the_space_and_stay_within_the_limit(store, tmp_path):
    cached = CachedFrames(Counting(), store)
    cached.embed_frames([sound(1, 2)])
    assert store.info().bytes == 960 * 2
    small = EmbeddingStore(tmp_path / "small.sqlite", limit=5_000)
    for seed in range(20):
        CachedFrames(Counting(), small).embed_frames([sound(seed, 2)])
    assert small.info().bytes <= 5_000


def test_texts_clips_and_settings_are_kept_apart(store):
    encoder = Counting()
    cached = CachedFrames(encoder, store)
    assert [len(rows) for rows in cached.embed_text_frames(["a b", "", "a b c"])] == [2, 0, 3]
    cached.embed_text_frames(["a b c", "a b"])
    assert encoder.texts == ["a b", "", "a b c"]
    other = Counting("5 Hz")
    CachedFrames(other, store).embed_text_frames(["a b"])
    assert other.texts == ["a b"]


def test_logmel_needs_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))
    encoder = frame_encoder("logmel")
    assert (encoder.name, encoder.key, encoder.published) == ("LogMel, frames", "logmel", True)
    clips = [sound(0, rate=32_000)]
    first = encoder.embed_frames(clips)[0]
    torch.testing.assert_close(first, LogMel().embed_frames(clips)[0], rtol=1e-3, atol=0.05)
    torch.testing.assert_close(encoder.probe(), frame_encoder("logmel", cache=False).probe(), rtol=0, atol=0)
    monkeypatch.setattr(LogMel, "_frames", None)
    torch.testing.assert_close(frame_encoder("logmel").embed_frames(clips)[0], first, rtol=0, atol=0)
    assert encoder.embed_text_frames(["calm piano"])[0].shape == (2, encoder.token_dim)


def test_wavlm_goes_with_roberta_and_both_count_in_the_revision(tmp_path, small_tokenizer):
    save_wavlm(tmp_path / "wavlm")
    save_roberta(tmp_path / "roberta")
    options = {"checkpoint": tmp_path / "wavlm", "tokenizer": small_tokenizer, "cache": False}
    encoder = frame_encoder("wavlm", text_checkpoint=tmp_path / "roberta", **options)
    assert encoder.name == "WavLM + RoBERTa, frames"
    assert not encoder.published
    assert encoder.embed_frames([sound(0)])[0].shape == (10, 32)
    assert encoder.embed_text_frames(["calm"])[0].shape[1] == encoder.token_dim == 24
    save_roberta(tmp_path / "another", seed=1)
    another = frame_encoder("wavlm", text_checkpoint=tmp_path / "another", **options)
    assert another.revision != encoder.revision
    torch.testing.assert_close(another.probe(), encoder.probe(), rtol=0, atol=0)


def test_clap_reads_both(small_clap, small_tokenizer):
    encoder = frame_encoder("clap", checkpoint=small_clap, tokenizer=small_tokenizer, cache=False)
    assert (encoder.name, encoder.token_dim, encoder.frame_dim) == ("Clap, frames", 64, 128)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="choose one of logmel, clap, wavlm, muq"):
        frame_encoder("bert")
