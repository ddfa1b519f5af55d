import numpy as np
import torch

from qamro.encoders.clap_mel import ClapMel, slaney_filters


def test_filters_equal_transformers():
    from qamro.encoders.compat import hide_broken_packages

    hide_broken_packages()
    from transformers.audio_utils import mel_filter_bank

    expected = mel_filter_bank(513, 64, 50, 14_000, 48_000, norm="slaney", mel_scale="slaney")
    np.testing.assert_allclose(slaney_filters(), expected, atol=1e-8)


def test_log_mel_equals_a_fourier_transform_in_double_precision():
    rng = np.random.default_rng(0)
    wave = rng.standard_normal(4800) * np.linspace(0, 0.5, 4800)
    padded = np.pad(wave, 512, mode="reflect")
    window = np.hanning(1025)[:-1]
    frames = [padded[i * 480 : i * 480 + 1024] * window for i in range(11)]
    power = np.abs(np.fft.rfft(frames)) ** 2
    expected = 10 * np.log10(np.maximum(power @ slaney_filters().astype(float), 1e-10))
    found = ClapMel()(torch.from_numpy(wave).float()[None])[0]
    assert found.shape == (11, 64)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-3)


def test_silence_is_at_the_floor():
    assert (ClapMel()(torch.zeros(2, 4800)) == -100).all()
