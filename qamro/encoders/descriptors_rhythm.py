"""Descriptors of time among those that LogMel concatenates: how fast levels move, onsets, tempo."""

from __future__ import annotations

import itertools

import numpy as np
import torch

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
