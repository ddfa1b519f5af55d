"""Descriptors of harmony among those that LogMel concatenates: which notes sound, whatever the key."""

from __future__ import annotations

import numpy as np
import torch

_MAJOR = torch.tensor([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = torch.tensor([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def chroma_filterbank(sample_rate: int, n_fft: int) -> torch.Tensor:
    """Maps FFT bins from 130 to 2,100 Hz onto the twelve pitch classes, each bin to its nearest two.

    Returns:
        (12, n_fft // 2 + 1) float32.
    """
    hz = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    inside = (hz >= 130) & (hz <= 2100)
    pitch = 12 * np.log2(np.maximum(hz, 1e-3) / 440) % 12
    distance = (pitch[None, :] - np.arange(12)[:, None] + 6) % 12 - 6
    return torch.from_numpy((np.maximum(0, 1 - np.abs(distance)) * inside).astype(np.float32))


def harmony(chroma: torch.Tensor) -> torch.Tensor:
    """Which notes sound, whatever the key: the chroma profile turned to its best key, and how well it fits one.

    Args:
        chroma: (T, 12) energies.

    Returns:
        (47,): profile and deviation seen from the tonic (24), fit to major and to minor (Krumhansl and Kessler 1982),
        their difference, entropy, share of energy outside the scale, change from frame to frame; then which intervals
        sound together (6), how much that varies (6), and which follow each other (5, one to five semitones up).
    """
    frames = chroma.sqrt()
    frames = frames / frames.sum(1, keepdim=True).clamp_min(1e-9)
    mean = frames.mean(0)
    fits = torch.stack([_key_fits(mean, profile.to(mean)) for profile in (_MAJOR, _MINOR)])
    best = int(fits.flatten().argmax())
    mode, tonic = divmod(best, 12)
    profile, deviation = mean.roll(-tonic), frames.std(0, correction=0).roll(-tonic)
    scale = torch.tensor([0, 2, 4, 5, 7, 9, 11] if mode == 0 else [0, 2, 3, 5, 7, 8, 10])
    entropy = -(mean * mean.clamp_min(1e-9).log()).sum()
    change = (frames[1:] - frames[:-1]).abs().sum(1).mean() if len(frames) > 1 else mean.new_zeros(())
    fit = fits.amax(1)
    extra = torch.stack([fit[0], fit[1], fit[0] - fit[1], entropy, 1 - profile[scale].sum(), change])
    together = torch.stack([(frames * frames.roll(step, 1)).sum(1) for step in range(1, 7)], 1)
    later = frames[4:] if len(frames) > 4 else frames
    follow = torch.stack([(frames[: len(later)] * later.roll(-step, 1)).sum(1).mean() for step in range(1, 6)])
    return torch.cat([profile * 12, deviation * 12, extra, together.mean(0), together.std(0, correction=0), follow])


def _key_fits(mean: torch.Tensor, profile: torch.Tensor) -> torch.Tensor:
    keys = torch.stack([profile.roll(shift) for shift in range(12)])
    keys, mean = keys - keys.mean(1, keepdim=True), mean - mean.mean()
    return (keys @ mean) / (keys.norm(dim=1) * mean.norm()).clamp_min(1e-9)
