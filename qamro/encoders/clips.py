"""What encoders accept as clips: pairs of mono samples and their rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Clip = tuple[np.ndarray, int]
"""Mono float samples in [-1, 1], shape (T,), T ≥ 1, and their rate in Hz."""


def at_rate(clips: Sequence[Clip], rate: int) -> list[np.ndarray]:
    """Returns the clips' samples at one rate, resampled by soxr ("HQ") where theirs differs.

    Args:
        clips: N clips.
        rate: The rate that is wanted, Hz.

    Returns:
        N arrays, float32, contiguous.

    Raises:
        ValueError: A clip is empty, has several channels, or holds NaN or Inf; the message says which.
    """
    return [_at_rate(i, np.asarray(samples), int(source), rate) for i, (samples, source) in enumerate(clips)]


def _at_rate(i: int, samples: np.ndarray, source: int, rate: int) -> np.ndarray:
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"clip {i} has shape {samples.shape}; give mono samples, shape (T,), at least one")
    if not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"clip {i} holds {samples.dtype}; give floats in [-1, 1]")
    if source <= 0:
        raise ValueError(f"clip {i} has a sample rate of {source} Hz")
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    if not np.isfinite(samples).all():
        raise ValueError(f"clip {i} holds NaN or infinite samples")
    if source != rate:
        import soxr

        samples = soxr.resample(samples, source, rate, quality="HQ")
        if samples.size == 0:
            raise ValueError(f"clip {i} is too short to resample from {source} to {rate} Hz")
    return samples
