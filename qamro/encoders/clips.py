"""Clips as encoders take them: checked pairs of mono samples and rate, cut into windows and batched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

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


# Long clips in windows, windows of equal length in batches, and slower frames out of fast ones.


def cut(samples: np.ndarray, length: int, shortest: int) -> list[np.ndarray]:
    """Cuts a clip into windows without overlap; a rest that is too short goes with the window before it.

    Args:
        samples: (T,) float32.
        length: Samples of a window.
        shortest: Samples that a window needs.

    Returns:
        Windows whose concatenation is the clip.
    """
    ends = [*range(length, samples.size - shortest + 1, length), samples.size]
    return [samples[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


def in_batches(
    clips: Sequence[Sequence[np.ndarray]], compute: Callable[[np.ndarray], torch.Tensor], at_once: int
) -> list[torch.Tensor]:
    """Computes windows of equal length together and puts each clip's results back in order.

    Args:
        clips: For each of N clips, its windows.
        compute: (B, samples) to (B, T, D).
        at_once: Windows of a batch.

    Returns:
        N tensors (sum of T, D).
    """
    where: dict[int, list[tuple[int, int]]] = {}
    for i, windows in enumerate(clips):
        for k, window in enumerate(windows):
            where.setdefault(window.size, []).append((i, k))
    found: dict[tuple[int, int], torch.Tensor] = {}
    for places in where.values():
        for first in range(0, len(places), at_once):
            batch = places[first : first + at_once]
            found |= zip(batch, compute(np.stack([clips[i][k] for i, k in batch])), strict=True)
    return [torch.cat([found[i, k] for k in range(len(windows))]) for i, windows in enumerate(clips)]


def averaged(frames: torch.Tensor, every: int) -> torch.Tensor:
    """Averages ``every`` neighbouring frames to one; the last one may have fewer.

    Args:
        frames: (T, D).
        every: At least 1.

    Returns:
        (ceil(T / every), D).
    """
    if every == 1:
        return frames
    return torch.stack([part.mean(0) for part in frames.split(every)])


def probe_embedding(encoder: Any) -> torch.Tensor:
    """Embeds the probe.

    Args:
        encoder: Any encoder with ``embed_audio``.

    Returns:
        (audio_dim,) float32.
    """
    return encoder.embed_audio([probe_sound(int(encoder.sample_rate))])[0].float().cpu()


def probe_sound(rate: int) -> tuple[np.ndarray, int]:
    """Returns two seconds of a fixed sound, shape (2 * rate,), and its rate: three decaying notes, a little noise."""
    time = np.arange(2 * rate) / rate
    notes = sum(
        np.sin(2 * np.pi * hz * time) * np.exp(-((time * 2) % 1) * k) for k, hz in ((2, 220), (3, 330), (5, 880))
    )
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (0.2 * notes + 0.01 * noise).astype(np.float32), rate
