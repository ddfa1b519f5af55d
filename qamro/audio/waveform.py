"""Decoded sound, its fingerprint for caches, and its windows."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

QUIETEST = 2.0**-15
"""Peak-to-peak span at or below which sound is silence: the smallest step of 16-bit audio."""


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono sound.

    Attributes:
        samples: Shape (N,), N ≥ 1, float32, contiguous, nominally in [-1, 1]. Lossy codecs and float files go
            slightly over; that is kept, because clipping it would change what people heard.
        sample_rate: Samples per second, Hz.
    """

    samples: np.ndarray
    sample_rate: int

    def __post_init__(self) -> None:
        """Refuses what is no mono sound, and stores other float types as contiguous float32.

        Raises:
            ValueError: The samples are not one row of floating-point numbers, or the rate is not positive.
        """
        samples = np.asarray(self.samples)
        if samples.ndim != 1 or samples.size == 0:
            raise ValueError(f"a waveform is one row of samples, shape (N,); this has shape {samples.shape}")
        if not np.issubdtype(samples.dtype, np.floating):
            raise ValueError(f"a waveform holds floats in [-1, 1], not {samples.dtype}; divide by the full scale first")
        if self.sample_rate <= 0:
            raise ValueError(f"a sample rate is positive, not {self.sample_rate}")
        object.__setattr__(self, "samples", np.ascontiguousarray(samples, dtype=np.float32))
        object.__setattr__(self, "sample_rate", int(self.sample_rate))

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples.size / self.sample_rate

    @property
    def is_silent(self) -> bool:
        """Whether nothing can be heard: the samples span no more than one step of 16-bit audio (2⁻¹⁵).

        A constant other than zero is silence as well.
        """
        return bool(np.ptp(self.samples) <= QUIETEST)


def content_key(wave: Waveform) -> str:
    """Returns a fingerprint of what is heard, for caches of embeddings.

    Equal samples at an equal rate have equal keys, whatever file, format or machine they came from.

    Args:
        wave: The sound.

    Returns:
        64 hexadecimal digits: SHA-256 over the rate and the samples as little-endian float32.
    """
    digest = hashlib.sha256(f"float32 mono {wave.sample_rate} Hz\n".encode())
    digest.update(np.ascontiguousarray(wave.samples, dtype="<f4").data)
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of a sound.

    Attributes:
        samples: Shape (n,), float32: a view into the sound, not padded.
        start: Where it begins, seconds.
        end: Where it ends, seconds.
        weight: Its share of a full window, in (0, 1]: what it counts in a mean over windows.
    """

    samples: np.ndarray
    start: float
    end: float
    weight: float


def split(wave: Waveform, *, seconds: float, min_share: float = 0.5) -> list[Window]:
    """Cuts a sound into consecutive windows without overlap.

    Audiobox-Aesthetics (arXiv 2502.05139) scores windows of 10 s this way and weights each by its share of 10 s;
    it keeps every rest, which is ``min_share=0`` here.

    Args:
        wave: The sound.
        seconds: Length of a window; at least one sample.
        min_share: The last window is kept when it is at least this share of a full one, in [0, 1], or the only one.

    Returns:
        The windows in order, at least one.

    Raises:
        ValueError: ``seconds`` is not a positive finite length of at least one sample, or ``min_share`` is
            outside [0, 1].
    """
    size = round(seconds * wave.sample_rate) if math.isfinite(seconds) else 0
    if size < 1:
        raise ValueError(f"a window lasts at least one sample (1/{wave.sample_rate} s), not {seconds} s")
    if not 0 <= min_share <= 1:
        raise ValueError(f"min_share lies in [0, 1], not {min_share}")
    windows = []
    for first in range(0, wave.samples.size, size):
        samples = wave.samples[first : first + size]
        if first == 0 or samples.size >= min_share * size:
            start, end = first / wave.sample_rate, (first + samples.size) / wave.sample_rate
            windows.append(Window(samples, start, end, samples.size / size))
    return windows
