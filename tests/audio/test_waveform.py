from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamro.audio import AudioError, Waveform, content_key, safe_name, split


def test_a_waveform_checks_itself():
    wave = Waveform(np.linspace(-1, 1, 8_000), 16_000)
    assert wave.samples.dtype == np.float32
    assert wave.seconds == 0.5
    for samples in (np.zeros((2, 5)), np.zeros(0), np.float64(1)):
        with pytest.raises(ValueError, match="shape"):
            Waveform(samples, 16_000)
    with pytest.raises(ValueError, match="int16"):
        Waveform(np.zeros(5, np.int16), 16_000)
    for rate in (0, -1):
        with pytest.raises(ValueError, match="positive"):
            Waveform(np.zeros(5), rate)


def test_a_waveform_keeps_float32_without_a_copy_and_straightens_the_rest():
    samples = np.zeros(10, np.float32)
    assert Waveform(samples, 1).samples is samples
    assert Waveform(np.zeros((10, 2), np.float32)[:, 0], 1).samples.flags.c_contiguous


def test_silence():
    step = 2.0**-15
    assert Waveform(np.zeros(10), 10).is_silent
    assert Waveform(np.full(10, 0.7), 10).is_silent
    assert Waveform(np.array([0, step, 0]), 10).is_silent
    assert not Waveform(np.array([-step, step, 0]), 10).is_silent


def test_the_key_is_of_samples_and_rate_only():
    rng = np.random.default_rng(0)
    samples = rng.uniform(-1, 1, 1_000).astype(np.float32)
    key = content_key(Waveform(samples, 16_000))
    assert key == content_key(Waveform(samples.astype(float), 16_000))
    assert key == content_key(Waveform(samples[::-1].copy()[::-1], 16_000))
    expected = hashlib.sha256(b"float32 mono 16000 Hz\n" + samples.astype("<f4").tobytes()).hexdigest()
    assert key == expected
    changed = samples.copy()
    changed[500] = np.nextafter(changed[500], np.float32(2))
    others = [Waveform(samples, 16_001), Waveform(changed, 16_000), Waveform(samples[:-1], 16_000)]
    assert len({key, *map(content_key, others)}) == 4


@given(
    n=st.integers(1, 500),
    size=st.integers(1, 120),
    min_share=st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]),
    rate=st.sampled_from([10, 16_000]),
)
def test_windows(n, size, min_share, rate):
    wave = Waveform(np.arange(n, dtype=np.float32), rate)
    windows = split(wave, seconds=size / rate, min_share=min_share)
    expected = [(i, min(i + size, n)) for i in range(0, n, size)]
    if len(expected) > 1 and (expected[-1][1] - expected[-1][0]) / size < min_share:
        expected.pop()
    assert [(w.samples[0], w.samples[-1] + 1) for w in windows] == expected
    for window, (first, last) in zip(windows, expected, strict=True):
        assert window.start == pytest.approx(first / rate)
        assert window.end == pytest.approx(last / rate)
        assert window.weight == pytest.approx((last - first) / size)
        assert np.shares_memory(window.samples, wave.samples)


def test_a_short_sound_is_one_window():
    (window,) = split(Waveform(np.zeros(3), 10), seconds=10)
    assert (window.start, window.end, window.weight) == (0, 0.3, 0.03)


@pytest.mark.parametrize("seconds", [0, -1, 0.01, float("nan"), float("inf")])
def test_a_window_has_a_length(seconds):
    with pytest.raises(ValueError, match="at least one sample"):
        split(Waveform(np.zeros(30), 10), seconds=seconds)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_a_share(share):
    with pytest.raises(ValueError, match="min_share"):
        split(Waveform(np.zeros(30), 10), seconds=1, min_share=share)


@given(st.text(st.characters(codec="utf-8") | st.characters(categories=["Cc", "Cf", "Cs"]), max_size=300))
def test_safe_names_are_one_short_printable_line(name):
    safe = safe_name(name)
    assert safe.isprintable()
    assert safe
    assert len(safe) <= 80 * 10


def test_safe_names():
    assert safe_name("folder/a b.wav") == "a b.wav"
    assert safe_name("a\nb\x1b[31m.wav") == r"a\nb\x1b[31m.wav"
    assert safe_name("x\u202egpj.wav") == r"x\u202egpj.wav"
    assert safe_name("bad\udcff.wav") == r"bad\udcff.wav"
    assert safe_name("音楽.wav") == "音楽.wav"
    long = safe_name("a" * 200 + ".wav")
    assert len(long) == 80
    assert long.endswith(".wav")
    assert safe_name("") == "(no name)"


def test_errors_survive_pickling():
    error = AudioError("folder/a.wav", "is bad", "mend it")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "a.wav: is bad; mend it"
    assert (again.path, again.problem, again.remedy) == (error.path, "is bad", "mend it")
    assert isinstance(again, ValueError)
