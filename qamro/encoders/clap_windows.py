"""Cuts clips into the 10 s windows that LAION-CLAP embeds."""

from __future__ import annotations

import numpy as np

from qamro.encoders.clap_mel import SAMPLE_RATE, WINDOW

SHORTEST_REST = SAMPLE_RATE // 2
"""A rest of a long clip that is shorter than 0.5 s is left out: repeated to 10 s it would be a buzz, not the clip."""


def windows_of(samples: np.ndarray, *, like_laion: bool = True) -> list[tuple[np.ndarray, float]]:
    """Cuts a clip into windows of 10 s without overlap; the last one is filled up.

    laion-clap takes one random window of a longer clip, so that one file has many scores; here the same file always
    gives the same windows. A clip of up to 10 s is one window, as in laion-clap.

    Args:
        samples: (T,) float32 at 48 kHz.
        like_laion: Treat each window exactly as laion-clap treats a clip of up to 10 s, which is what the network was
            trained on: round to 16 bits, repeat whole, fill the rest with zeros. False keeps the samples' full
            precision and repeats until the window is full, without a gap.

    Returns:
        Pairs of a window, (480000,) float32, and its weight: its share of 10 s, in (0, 1].
    """
    found = []
    for first in range(0, samples.size, WINDOW):
        part = samples[first : first + WINDOW]
        if first == 0 or part.size >= SHORTEST_REST:
            found.append((fill(round_to_16_bits(part) if like_laion else part, gap=like_laion), part.size / WINDOW))
    return found


def fill(part: np.ndarray, *, gap: bool) -> np.ndarray:
    """Repeats a part to the length of a window: whole repeats and then zeros (``gap``), or without a gap."""
    if part.size == WINDOW:
        return part
    window = np.zeros(WINDOW, dtype=np.float32)
    repeats = WINDOW // part.size
    window[: repeats * part.size] = np.tile(part, repeats)
    if not gap:
        rest = WINDOW - repeats * part.size
        window[repeats * part.size :] = part[:rest]
    return window


def round_to_16_bits(samples: np.ndarray) -> np.ndarray:
    """Clips to [-1, 1] and drops what 16 bits cannot hold, towards zero, as laion-clap does; float32, same shape."""
    scaled = np.clip(samples, -1.0, 1.0) * np.float32(32767.0)
    return (scaled.astype(np.int16) / 32767.0).astype(np.float32)
