import numpy as np
import pytest
import torch

from qamro.encoders import Audiobox, Clap, LogMel
from qamro.encoders.cached import CachedAudiobox, CachedEncoder
from qamro.encoders.embedding_store import EmbeddingStore


@pytest.fixture
def store(tmp_path):
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


def test_only_what_is_new_is_computed(store):
    encoder = Counting()
    cached = CachedEncoder(encoder, store)
    a, b, c = sound(1), sound(2), sound(3)
    first = cached.embed_audio([a, b, a])
    assert len(encoder.clips) == 2
    second = cached.embed_audio([c, b, a])
    assert len(encoder.clips) == 3
    torch.testing.assert_close(first, Counting().embed_audio([a, b, a]))
    torch.testing.assert_close(second, Counting().embed_audio([c, b, a]))
    assert CachedEncoder(encoder, store).embed_audio([a, b, c]).shape == (3, 3)
    assert len(encoder.clips) == 3


def test_rate_and_content_both_count(store):
    encoder = Counting()
    cached = CachedEncoder(encoder, store)
    samples, rate = sound(1)
    cached.embed_audio([(samples, rate), (samples, 48_000), (samples + np.float32(1e-7), rate)])
    assert len(encoder.clips) == 3


def test_texts_are_remembered_apart_from_clips(store):
    encoder = Counting()
    cached = CachedEncoder(encoder, store)
    texts = ["calm piano", "", "calm piano", "Ünïcode 🎹", "\udce9"]
    torch.testing.assert_close(cached.embed_text(texts), Counting().embed_text(texts))
    assert len(encoder.texts) == 4
    cached.embed_text(texts)
    assert len(encoder.texts) == 4


def test_revision_and_settings_separate(store):
    for revision, settings in (("1", ""), ("2", ""), ("1", "bfloat16")):
        encoder = Counting()
        encoder.revision, encoder.settings = revision, settings
        CachedEncoder(encoder, store).embed_audio([sound(1)])
        assert len(encoder.clips) == 1


def test_nothing_gives_nothing_and_the_rest_is_passed_on(store):
    cached = CachedEncoder(Counting(), store)
    assert cached.embed_audio([]).shape == (0, 3)
    assert cached.embed_text([]).shape == (0, 2)
    assert (cached.name, cached.sample_rate, cached.audio_dim) == ("Counting", 16_000, 3)
    with pytest.raises(AttributeError):
        _ = cached.surprise


def test_it_works_around_log_mel(store):
    encoder = LogMel()
    cached = CachedEncoder(encoder, store)
    clips = [sound(i, rate=32_000) for i in range(2)]
    expected = encoder.embed_audio(clips)
    torch.testing.assert_close(cached.embed_audio(clips), expected, atol=0, rtol=0)
    torch.testing.assert_close(cached.embed_audio(clips), expected, atol=0, rtol=0)


def test_clap_gives_the_same_numbers_again(store, small_clap, small_tokenizer):
    encoder = Clap.from_checkpoint(small_clap, tokenizer=small_tokenizer)
    cached = CachedEncoder(encoder, store)
    clips = [sound(i, seconds=2, rate=48_000) for i in range(3)]
    expected = cached.embed_audio(clips)
    torch.testing.assert_close(encoder.embed_audio(clips), expected, atol=1e-6, rtol=0)
    encoder._network = None
    torch.testing.assert_close(cached.embed_audio(clips[::-1]), expected.flip(0), atol=0, rtol=0)


def test_audiobox_keeps_scores_and_embeddings_of_one_pass(store, small_audiobox, small_wavlm):
    encoder = Audiobox.from_checkpoint(small_audiobox)
    cached = CachedAudiobox(encoder, store)
    clips = [sound(i, seconds=1 + i) for i in range(3)]
    expected = encoder.score(clips)
    found = cached.score(clips)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=2e-5)
    torch.testing.assert_close(cached.embed_audio(clips), encoder.embed_audio(clips), atol=2e-6, rtol=0)
    encoder._network = None
    assert cached.score(clips) == found
    assert not hasattr(cached, "embed_text")
