from __future__ import annotations

import math

import numpy as np
import pytest
import soxr
from audio_files import write_wav
from scipy import signal

from qamro.audio import load

PAIRS = [(44_100, 16_000), (48_000, 16_000), (44_100, 48_000), (16_000, 48_000), (22_050, 44_100), (48_000, 8_000)]


def noise(n, rate, top, seed=0):
    """Noise below ``top`` Hz."""
    white = np.random.default_rng(seed).standard_normal(n)
    smooth = signal.sosfiltfilt(signal.butter(8, top, fs=rate, output="sos"), white)
    return (0.2 * smooth / smooth.std()).astype(np.float32)


def resampled(tmp_path, samples, rate, target, **options):
    return load(write_wav(tmp_path / "a.wav", samples, rate, "FLOAT"), target, **options).samples.astype(float)


@pytest.mark.parametrize(("rate", "target"), PAIRS)
@pytest.mark.parametrize("n", [10_000, 44_101, 70_001])
def test_length(rate, target, n, tmp_path):
    out = resampled(tmp_path, noise(n, rate, 1_000), rate, target)
    assert abs(out.size - math.ceil(n * target / rate)) <= 1


@pytest.mark.parametrize(("rate", "target"), PAIRS)
def test_a_sine_stays_a_sine(rate, target, tmp_path):
    time = np.arange(2 * rate) / rate
    out = resampled(tmp_path, 0.5 * np.sin(2 * np.pi * 997 * time + 0.3), rate, target)
    expected = 0.5 * np.sin(2 * np.pi * 997 * np.arange(out.size) / target + 0.3)
    edge = target // 20
    assert np.abs(out - expected)[edge:-edge].max() < 1e-4


@pytest.mark.parametrize(("rate", "target"), PAIRS)
def test_a_constant_is_kept(rate, target, tmp_path):
    out = resampled(tmp_path, np.full(rate, 0.25), rate, target, allow_silence=True)
    edge = target // 20
    np.testing.assert_allclose(out[edge:-edge], 0.25, atol=1e-5)


@pytest.mark.parametrize(("rate", "target"), [pair for pair in PAIRS if pair[0] > pair[1]])
def test_what_the_new_rate_cannot_hold_does_not_fold_back(rate, target, tmp_path):
    time = np.arange(2 * rate) / rate
    for hz in np.linspace(0.55 * target, 0.48 * rate, 4):
        out = resampled(tmp_path, 0.5 * np.sin(2 * np.pi * hz * time), rate, target, allow_silence=True)
        edge = target // 20
        assert np.abs(out[edge:-edge]).max() < 5e-5, hz


@pytest.mark.parametrize(("rate", "target"), PAIRS)
def test_agrees_with_scipy_below_the_band_edge(rate, target, tmp_path):
    samples = noise(2 * rate, rate, 0.25 * min(rate, target))
    out = resampled(tmp_path, samples, rate, target)
    common = math.gcd(rate, target)
    oracle = signal.resample_poly(samples.astype(float), target // common, rate // common, window=("kaiser", 12.0))
    edge = target // 10
    n = min(out.size, oracle.size) - edge
    assert np.abs(out[edge:n] - oracle[edge:n]).max() < 2e-3


@pytest.mark.parametrize("kind", ["one block", "many blocks"])
def test_block_by_block_is_the_same_as_at_once(kind, tmp_path):
    n = 40_000 if kind == "one block" else 1_300_000
    samples = np.random.default_rng(3).uniform(-0.5, 0.5, n).astype(np.float32)
    out = resampled(tmp_path, samples, 44_100, 16_000)
    np.testing.assert_array_equal(out, soxr.resample(samples, 44_100, 16_000, quality="HQ"))


def test_the_same_rate_changes_nothing(tmp_path):
    samples = noise(50_000, 44_100, 5_000)
    np.testing.assert_array_equal(resampled(tmp_path, samples, 44_100, 44_100), samples)
