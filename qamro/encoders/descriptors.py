"""Descriptors of level and spectrum among those that LogMel concatenates; each returns a flat vector."""

from __future__ import annotations

import itertools

import torch

_QUANTILES = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95])


def band_statistics(log_mel: torch.Tensor) -> torch.Tensor:
    """Level of every mel band over time: mean, deviation, five quantiles, mean absolute change.

    Args:
        log_mel: (T, bands) in dB.

    Returns:
        (8 * bands,).
    """
    frames = log_mel[:: max(1, len(log_mel) // 3000)]  # quantiles of a long clip need no more frames than this
    quantiles = torch.quantile(frames, _QUANTILES.to(log_mel), dim=0)
    change = (log_mel[1:] - log_mel[:-1]).abs().mean(0) if len(log_mel) > 1 else torch.zeros_like(log_mel[0])
    return torch.cat([log_mel.mean(0), log_mel.std(0, correction=0), quantiles.flatten(), change])


def spectral_shape(power: torch.Tensor, sample_rate: int) -> torch.Tensor:
    """Where the energy ends: roll-off at four shares, centroid, spread, flatness, and the level of the top octaves.

    Args:
        power: (2, bins): mean and peak power spectrum.
        sample_rate: In Hz.

    Returns:
        (2 * 11,).
    """
    hz = torch.linspace(0, sample_rate / 2, power.shape[1]).to(power)
    shares = power.cumsum(1) / power.sum(1, keepdim=True).clamp_min(1e-12)
    octaves = torch.log2(hz.clamp_min(20))
    rolls = torch.stack(
        [octaves[(shares < share).sum(1).clamp_max(len(hz) - 1)] for share in (0.5, 0.85, 0.95, 0.99)], 1
    )
    weight = power / power.sum(1, keepdim=True).clamp_min(1e-12)
    centroid = (weight * octaves).sum(1, keepdim=True)
    spread = (weight * (octaves - centroid).square()).sum(1, keepdim=True).sqrt()
    log_power = torch.log10(power + 1e-10)
    flatness = log_power.mean(1, keepdim=True) - torch.log10(power.mean(1, keepdim=True) + 1e-10)
    edges = [2000, 4000, 8000, 12000, 16001]
    tops = [log_power[:, (hz >= a) & (hz < b)].mean(1) for a, b in itertools.pairwise(edges)]
    return torch.cat([rolls, centroid, spread, flatness, torch.stack(tops, 1)], 1).flatten()


def faults(wave: torch.Tensor, log_mel: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """What went wrong: level, crest, samples stuck at the peak, kurtosis, gaps, noise floor.

    Args:
        wave: (N,) samples in [-1, 1].
        log_mel: (T, bands) in dB, of the level-normalised wave.
        level: Root mean square of the wave.

    Returns:
        (12,).
    """
    size = wave.abs()
    peak = size.amax().clamp_min(1e-5)
    stuck = torch.stack([(size > share * peak).float().mean() for share in (0.999, 0.98, 0.9)])
    flat = ((wave[1:] == wave[:-1]) & (size[1:] > 0.5 * peak)).float().mean() if len(wave) > 1 else level.new_zeros(())
    kurtosis = (wave / level).pow(4).mean()
    frames = log_mel.mean(1)
    loud = torch.quantile(frames[:: max(1, len(frames) // 3000)], torch.tensor([0.02, 0.1, 0.9]).to(frames))
    silent = (frames < loud[2] - 45).float()
    drops = (silent[1:] > silent[:-1]).float().sum() * 100 / max(1, len(frames))
    dips = (frames[1:] - frames[:-1] < -20).float().mean() if len(frames) > 1 else level.new_zeros(())
    extra = [
        torch.log10(level),
        torch.log10(peak / level),
        flat * 100,
        torch.log(kurtosis),
        silent.mean(),
        drops,
        dips * 100,
    ]
    return torch.cat([torch.stack(extra), torch.log10(stuck + 1e-6), (loud[2] - loud[:2]) / 20])
