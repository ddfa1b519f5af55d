"""Descriptors that LogMel concatenates: level and spectrum, harmony, rhythm; each returns a flat vector."""

from __future__ import annotations

import itertools

import numpy as np
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


# Descriptors of harmony among those that LogMel concatenates: which notes sound, whatever the key.

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


# Descriptors of time among those that LogMel concatenates: how fast levels move, onsets, tempo.

_EDGES_MODULATION = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_TEMPO_EDGES = torch.logspace(np.log2(40), np.log2(240), 26, base=2)


def modulation(log_mel: torch.Tensor, frame_rate: float) -> torch.Tensor:
    """How fast the level moves: energy of modulation from 0.5 to 32 Hz in six octaves, for eight groups of bands.

    Args:
        log_mel: (T, bands) in dB; bands a multiple of 8.
        frame_rate: Frames a second.

    Returns:
        (48,) log energies.
    """
    groups = log_mel.unflatten(1, (8, -1)).mean(2)
    groups = groups - groups.mean(0)
    spectrum = torch.fft.rfft(groups, dim=0).abs().square() / len(groups)
    rates = torch.fft.rfftfreq(len(groups), 1 / frame_rate).to(log_mel)
    rows = []
    for low, high in itertools.pairwise(_EDGES_MODULATION):
        inside = (rates >= low) & (rates < high)
        rows.append(spectrum[inside].sum(0) if inside.any() else torch.zeros(8).to(log_mel))
    return torch.log1p(torch.stack(rows)).flatten()


def rhythm(log_mel: torch.Tensor, frame_rate: float) -> torch.Tensor:
    """Onsets and tempo: how strong, how many, how regular, and the pulse in 25 ranges of tempo from 40 to 240 BPM.

    Args:
        log_mel: (T, bands) in dB.
        frame_rate: Frames a second.

    Returns:
        (60,): seven statistics of the onset envelope, the highest autocorrelation in 25 ranges of tempo, and the share
        of the envelope's energy that repeats at 28 rates from 0.5 to 14 Hz; regular playing has sharp peaks.
    """
    flux = (log_mel[1:] - log_mel[:-1]).clamp_min(0).mean(1) if len(log_mel) > 1 else log_mel.new_zeros(1)
    centred = flux - flux.mean()
    power = torch.fft.rfft(centred, n=2 * len(centred)).abs().square()
    auto = torch.fft.irfft(power)[: len(centred)]
    auto = auto / auto[0].clamp_min(1e-9)
    edges = (60 * frame_rate / _TEMPO_EDGES).round().int().tolist()
    ranges = [auto[short : long + 1] for long, short in itertools.pairwise(edges)]
    pulse = torch.stack([part.amax() if len(part) else auto.new_zeros(()) for part in ranges])
    high = flux.mean() + flux.std(correction=0)
    peak = (flux[1:-1] > flux[:-2]) & (flux[1:-1] >= flux[2:]) & (flux[1:-1] > high)
    where = peak.nonzero().flatten().float() / frame_rate
    gaps = where.diff()
    regular = gaps.std(correction=0) / gaps.mean() if len(gaps) > 1 else flux.new_zeros(())
    rate = len(where) * frame_rate / len(flux)
    middle = gaps.median() if len(gaps) else flux.new_zeros(())
    statistics = [
        flux.mean(),
        flux.std(correction=0),
        flux.amax(),
        flux.new_tensor(rate),
        regular,
        middle,
        pulse.amax(),
    ]
    return torch.cat([torch.stack(statistics), pulse, _repetition(power, frame_rate)])


def _repetition(power: torch.Tensor, frame_rate: float) -> torch.Tensor:
    rates = torch.linspace(0, frame_rate / 2, len(power)).to(power)
    inside = (rates >= 0.5) & (rates < 14.5)
    shares = power[inside] / power[inside].sum().clamp_min(1e-9)
    where = ((rates[inside] - 0.5) * 2).long().clamp(0, 27)
    highest = shares.new_zeros(28).scatter_reduce(0, where, shares, "amax")
    return highest * 10
