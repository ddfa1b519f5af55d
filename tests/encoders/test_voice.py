"""The detector of voices against its package's own network, and on speech, music and noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from audio_files import song, speech

from qamro.checkpoints import WeightsError
from qamro.encoders.packaged import SILERO
from qamro.encoders.voice import FRAME, VoiceDetector

pytestmark = [
    pytest.mark.skipif(not SILERO.is_here, reason="the package silero-vad is not installed"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.load.*:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def detector():
    return VoiceDetector()


def of_the_package(samples: np.ndarray) -> np.ndarray:
    """Frame by frame through the package's network, as its own code streams it."""
    network = torch.jit.load(SILERO.path())
    network.reset_states()
    padded = np.pad(samples, (0, -len(samples) % FRAME))
    with torch.no_grad():
        return np.array([network(torch.from_numpy(part)[None], 16_000).item() for part in padded.reshape(-1, FRAME)])


def test_probabilities_are_the_packages(detector):
    time = np.arange(40_000) / 16_000
    sung = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 25)) * (1 + np.sin(2 * np.pi * 4 * time))
    sound = (0.05 * sung + 0.01 * np.random.default_rng(0).standard_normal(len(time))).astype(np.float32)
    expected = of_the_package(sound)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(detector.probabilities(sound), expected, atol=1e-4)


def test_probabilities_of_speech_are_the_packages(detector):
    expected = of_the_package(speech(5))
    assert expected.max() > 0.9
    np.testing.assert_allclose(detector.probabilities(speech(5)), expected, atol=1e-4)


def test_speech_is_told_from_songs(detector):
    clips = [make(5, seed, rate=16_000) for make in (speech, song) for seed in range(6)]
    assert detector.is_speech([(wave, 16_000) for wave in clips]) == [True] * 6 + [False] * 6


def test_what_is_no_voice(detector):
    rng = np.random.default_rng(1)
    for sound in (
        np.zeros(16_000),
        0.1 * rng.standard_normal(16_000),
        0.3 * np.sin(np.arange(16_000) / 10),
        np.ones(1),
    ):
        assert detector.share(sound.astype(np.float32)) < 0.2


def test_pauses_and_loudness_do_not_count(detector):
    talk = speech(5)
    share = detector.share(talk)
    paused = np.concatenate([talk, np.zeros(5 * 16_000, dtype=np.float32), talk])
    assert detector.share(paused) == pytest.approx(share, abs=0.15)
    assert detector.share(0.3 * talk) == pytest.approx(share, abs=0.15)


def test_long_sounds_are_heard_in_parts(detector, monkeypatch):
    sound = (0.1 * np.random.default_rng(2).standard_normal(20_000)).astype(np.float32)
    whole = detector.probabilities(sound)
    monkeypatch.setattr("qamro.encoders.voice._AT_ONCE", 7)
    np.testing.assert_allclose(detector.probabilities(sound), whole, atol=1e-6)


def test_a_foreign_file_is_named(tmp_path):
    (tmp_path / "x.jit").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="Silero's detector"):
        VoiceDetector(tmp_path / "x.jit")
