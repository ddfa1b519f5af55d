"""Long clips in windows, windows of equal length in batches, and slower frames out of fast ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch


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
