"""Cuts a sound into consecutive windows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qamro.audio.waveform import Waveform


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
