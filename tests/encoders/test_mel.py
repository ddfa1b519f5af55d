import numpy as np
import pytest

from qamro.encoders.mel import mel_filterbank


@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels", "low", "high"), [(32_000, 1024, 64, 30, 16_000), (16_000, 512, 40, 0, 8000)]
)
def test_equals_the_slaney_filterbank_of_transformers(rate, n_fft, n_mels, low, high):
    from transformers.audio_utils import mel_filter_bank

    oracle = mel_filter_bank(n_fft // 2 + 1, n_mels, low, high, rate, norm="slaney", mel_scale="slaney").T
    np.testing.assert_allclose(mel_filterbank(rate, n_fft, n_mels, low, high).numpy(), oracle, atol=1e-6)
