import numpy as np
import pytest
import torch

from qamro.encoders import LogMel
from qamro.encoders.text import hash_texts, hash_tokens

RATE = 32_000


@pytest.fixture(scope="module")
def logmel():
    return LogMel()


def tone(hz, seconds=1.0, level=0.3):
    time = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def test_ten_frames_a_second_of_finite_numbers(logmel):
    lengths = [0.001, 0.05, 0.15, 1, 3.14]
    clips = [
        (np.random.default_rng(i).normal(0, 0.1, round(s * RATE)).astype("f4"), RATE) for i, s in enumerate(lengths)
    ]
    found = logmel.embed_frames([*clips, (np.zeros(RATE, "f4"), RATE)])
    assert [len(frames) for frames in found] == [1, 1, 1, 10, 31, 10]
    assert all(frames.shape[1] == logmel.frame_dim == 96 for frames in found)
    assert all(torch.isfinite(frames).all() for frames in found)
    assert logmel.frame_rate == 10


def test_a_frame_tells_what_sounds_in_it(logmel):
    samples = np.concatenate([tone(440, 1), np.zeros(RATE, "f4"), tone(3000, 1)])
    frames = logmel.embed_frames([(samples, RATE)])[0]
    bands = frames[:, :64].argmax(1)
    assert bands[5] < bands[25]
    assert frames[5, 92] > frames[15, 92] + 60, "loudness in dB"
    assert frames[5, 80:92].argmax() == 0, "A is the first pitch class"
    assert frames[15, 95] == 1, "silence stands still"
    assert frames[5, 93] == pytest.approx(3.01, abs=0.1), "a sine's crest factor in dB"


def test_clipping_shows(logmel):
    samples = tone(200, 1, level=1.0)
    clean = logmel.embed_frames([(samples, RATE)])[0][:, 94].mean()
    clipped = logmel.embed_frames([(np.clip(samples, -0.5, 0.5), RATE)])[0][:, 94].mean()
    assert clipped > clean + 0.3


def test_frames_depend_on_their_clip_alone_and_other_rates_are_resampled(logmel):
    clips = [(tone(300, 1.3), RATE), (tone(900, 0.4), RATE)]
    together = logmel.embed_frames(clips)
    torch.testing.assert_close(together[1], logmel.embed_frames(clips[1:])[0], rtol=0, atol=0)
    assert len(logmel.embed_frames([(tone(300), 48_000)])[0]) == 6


def test_the_sum_of_word_states_is_the_texts_encoding():
    texts = ["Slow flute music, two layers, calm mood.", "piano", "", "?!", "Ünïcode Ünïcode ok"]
    rows = hash_tokens(texts)
    assert [len(row) for row in rows] == [7, 1, 1, 1, 3]
    sums = torch.nn.functional.normalize(torch.stack([row.sum(0) for row in rows]), dim=1)
    torch.testing.assert_close(sums, hash_texts(texts))
    torch.testing.assert_close(LogMel().embed_text_frames(texts)[0], rows[0])
