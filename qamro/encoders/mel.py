"""The mel filterbank, on the Slaney scale."""

from __future__ import annotations

import numpy as np
import torch


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    linear = hz / (200 / 3)
    return np.where(hz < 1000, linear, 15 + np.log(np.maximum(hz, 1e-9) / 1000) / (np.log(6.4) / 27))


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def mel_filterbank(sample_rate: int, n_fft: int, n_mels: int, low: float, high: float) -> torch.Tensor:
    """Makes triangular filters, evenly spaced in mel, each of unit area (Slaney 1998).

    Args:
        sample_rate: In Hz.
        n_fft: Length of the FFT.
        n_mels: Number of filters.
        low: Lowest frequency in Hz.
        high: Highest frequency in Hz.

    Returns:
        (n_mels, n_fft // 2 + 1) float32.
    """
    bins = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    ends = _hz_to_mel(np.array([low, high], dtype=np.float64))
    edges = _mel_to_hz(np.linspace(ends[0], ends[1], n_mels + 2))
    up = (bins[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0, np.minimum(up, down)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return torch.from_numpy(filters.astype(np.float32))
