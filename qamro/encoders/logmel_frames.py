"""LogMel along time: what sounds in each tenth of a second."""

from __future__ import annotations

import torch

FRAMES_REVISION = "1"
"""Part of every cache key and card; raise it with any change of the numbers."""

HOPS = 10
"""Spectra that make one frame: 10 hops of 320 samples at 32 kHz are 0.1 s."""

FRAME_DIM = 96
_GROUPS = 16


def frames_of(log_mel: torch.Tensor, chroma: torch.Tensor, wave: torch.Tensor, hop: int) -> torch.Tensor:
    """Describes each tenth of a second of a clip.

    Args:
        log_mel: (N, 64) in dB, N spectra ``hop`` samples apart, of the clip at equal loudness.
        chroma: (M, 12) energies over the same time.
        wave: (samples,) as decoded.
        hop: Samples between two spectra.

    Returns:
        (max(1, N // 10), 96): level of each mel band (64); how much it moves from spectrum to spectrum, in groups of
        four bands (16); share of each pitch class (12); loudness in dB of full scale, crest factor in dB, share of
        samples at the clip's peak, share of samples equal to the one before (4). What is left over at the end, less
        than 0.1 s, is dropped.
    """
    count = max(1, len(log_mel) // HOPS)
    used = log_mel[: count * HOPS]
    level = used.unflatten(0, (count, -1)).mean(1)
    change = torch.diff(used, dim=0, prepend=used[:1]).abs().unflatten(1, (_GROUPS, -1)).mean(2)
    moving = change.unflatten(0, (count, -1)).mean(1)
    share = chroma.sqrt()
    share = share / share.sum(1, keepdim=True).clamp_min(1e-9)
    at = ((torch.arange(count, device=share.device) + 0.5) / count * len(share)).long().clamp_max(len(share) - 1)
    return torch.cat([level, moving, share[at], _samples(wave, count, hop * HOPS)], dim=1)


def _samples(wave: torch.Tensor, count: int, length: int) -> torch.Tensor:
    """What only the samples tell: loudness, crest factor, clipping and standstill; (count, 4)."""
    padded = torch.nn.functional.pad(wave, (0, max(0, count * length - len(wave))))[: count * length]
    parts = padded.view(count, length)
    loudness = parts.square().mean(1).clamp_min(1e-10)
    peak = parts.abs().amax(1)
    at_peak = (parts.abs() >= 0.99 * wave.abs().amax().clamp_min(1e-5)).float().mean(1)
    still = torch.zeros(count, device=wave.device)
    if length > 1:
        still = (parts[:, 1:] == parts[:, :-1]).float().mean(1)
    crest = 20 * torch.log10(peak.clamp_min(1e-5)) - 10 * torch.log10(loudness)
    return torch.stack([10 * torch.log10(loudness), crest, at_peak, still], dim=1)
