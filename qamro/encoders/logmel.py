"""LogMel: fixed features of a clip that need no download, for the offline predictor and as a baseline.

It is not a pretrained network. It measures what a sound engineer would look at first: how energy is spread over
frequency and time (log-mel statistics), how it moves (modulation, onsets, tempo), which notes sound (chroma), and what
went wrong (clipping, gaps, bandwidth, noise floor). A clip's embedding is the mean of those of its windows, so it lies
among them, and a clip of whole windows that is heard twice in a row embeds as if heard once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch

from qamro.encoders import descriptors
from qamro.encoders.text import TEXT_DIM, hash_texts, hash_tokens

# The mel filterbank, on the Slaney scale.


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    linear = hz / (200 / 3)
    return np.where(hz < 1000, linear, 15 + np.log(np.maximum(hz, 1e-9) / 1000) / (np.log(6.4) / 27))


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def mel_filterbank(sample_rate: int, n_fft: int, n_mels: int, low: float, high: float) -> torch.Tensor:
    """Makes triangular filters, evenly spaced in mel, each of unit area (Slaney 1998).

    Args:
        sample_rate: In Hz.
        n_fft: Length of the FFT.
        n_mels: Number of filters.
        low: Lowest frequency in Hz.
        high: Highest frequency in Hz.

    Returns:
        (n_mels, n_fft // 2 + 1) float32.
    """
    bins = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    ends = _hz_to_mel(np.array([low, high], dtype=np.float64))
    edges = _mel_to_hz(np.linspace(ends[0], ends[1], n_mels + 2))
    up = (bins[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0, np.minimum(up, down)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return torch.from_numpy(filters.astype(np.float32))


# LogMel along time: what sounds in each tenth of a second.

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


REVISION = "2"
"""Part of every cache key and card; raise it with any change of the numbers.

2: the mean over windows of 5 s; before, statistics of the whole clip, some of which grew with its length.
"""

WINDOW = 5.0
"""Seconds of a window. Every statistic is taken over exactly this long, so none can grow with a clip's length."""

_QUIET = 0.01
"""A window is brought to equal loudness as if it were at least this share as loud as its clip: what is 40 dB below the
rest stays quiet, where a fade would become seconds of loud hiss."""

_FFT, _HOP, _MELS = 1024, 320, 64
_NOTE_FFT, _NOTE_HOP = 8192, 2048  # long enough to tell semitones apart from 130 Hz on
_CHUNK_FRAMES = 6000


class LogMel:
    """Encodes clips as statistics of their log-mel spectrogram, modulation, chroma, onsets and faults.

    Attributes:
        name: ``"LogMel"``.
        revision: Version of the numbers.
        sample_rate: 32,000 Hz; other rates are resampled.
        audio_dim: Length of an audio embedding.
        text_dim: Length of a text embedding.
        frame_dim: Width of a frame.
        frame_rate: Frames a second.
        frames_revision: Version of the frames' numbers, which the windows of an embedding do not touch.
        frame_settings: What else a frame depends on; part of cache keys.
        token_dim: Width of a token's state.
        device: Where the spectrogram is computed.
        one_by_one: Whether clips may be embedded one by one in several threads, which is then fastest.
    """

    name = "LogMel"
    revision = REVISION
    sample_rate = 32_000
    text_dim = token_dim = TEXT_DIM
    frame_dim = FRAME_DIM
    frame_rate = sample_rate / (_HOP * HOPS)
    frames_revision = FRAMES_REVISION
    frame_settings = f"{frame_rate:g} Hz v{FRAMES_REVISION}"

    def __init__(self, device: str | torch.device = "cpu") -> None:
        """Prepares the filters.

        Args:
            device: ``"cpu"``, ``"cuda"`` or any torch device.
        """
        self.device = torch.device(device)
        self.one_by_one = self.device.type == "cpu"
        self._mel = mel_filterbank(self.sample_rate, _FFT, _MELS, 30.0, 16_000.0).to(self.device)
        self._chroma = descriptors.chroma_filterbank(self.sample_rate, _NOTE_FFT).to(self.device)

    @cached_property
    def audio_dim(self) -> int:
        """Length of an audio embedding."""
        noise = np.random.default_rng(0).normal(0, 0.1, self.sample_rate).astype(np.float32)
        return self.embed_audio([(noise, self.sample_rate)]).shape[1]

    def embed_audio(self, clips: Sequence[tuple[np.ndarray, int]]) -> torch.Tensor:
        """Embeds clips one by one, so that an embedding never depends on its batch.

        Args:
            clips: N pairs of mono float32 samples in [-1, 1], shape (T,), and their rate in Hz.

        Returns:
            (N, audio_dim) float32 on the CPU; every value is finite.
        """
        rows = [self._embed(samples, rate) for samples, rate in clips]
        return torch.stack(rows).cpu() if rows else torch.empty(0, self.audio_dim)

    def embed_text(self, texts: Sequence[str]) -> torch.Tensor:
        """Encodes prompts by hashed words and word pairs (see ``qamro.encoders.text``).

        Returns:
            (N, text_dim) float32, unit norm, zero for an empty text.
        """
        return hash_texts(texts)

    def embed_frames(self, clips: Sequence[tuple[np.ndarray, int]]) -> list[torch.Tensor]:
        """Describes clips tenth by tenth of a second (see ``qamro.encoders.logmel``).

        Args:
            clips: As for ``embed_audio``.

        Returns:
            N tensors (T_i, frame_dim), float32 on the CPU; every value is finite.
        """
        return [self._frames(self._wave(samples, rate)).cpu() for samples, rate in clips]

    def embed_text_frames(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """Encodes prompts word by word (see ``qamro.encoders.text``): N tensors (L_i, token_dim)."""
        return hash_tokens(texts)

    def _wave(self, samples: np.ndarray, rate: int) -> torch.Tensor:
        if rate != self.sample_rate:
            import soxr

            samples = soxr.resample(samples, rate, self.sample_rate)
        return torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32)).to(self.device)

    def _frames(self, wave: torch.Tensor) -> torch.Tensor:
        level = wave.square().mean().sqrt().clamp_min(1e-5)
        log_mel = 10 * torch.log10(self._spectra(wave / level)[0] + 1e-8)
        return torch.nan_to_num(frames_of(log_mel, self._notes(wave / level), wave, _HOP))

    def _notes(self, wave: torch.Tensor) -> torch.Tensor:
        return torch.cat([(self._chroma @ part).T for part in self._power(wave, _NOTE_FFT, _NOTE_HOP)])

    def _embed(self, samples: np.ndarray, rate: int) -> torch.Tensor:
        wave = self._wave(samples, rate)
        quietest = (_QUIET * wave.square().mean().sqrt()).clamp_min(1e-5)
        windows = windows_of(wave, round(WINDOW * self.sample_rate))
        return torch.stack([self._window(window, quietest) for window in windows]).mean(0)

    def _window(self, wave: torch.Tensor, quietest: torch.Tensor) -> torch.Tensor:
        level = torch.maximum(wave.square().mean().sqrt(), quietest)
        mel, power = self._spectra(wave / level)
        log_mel = 10 * torch.log10(mel + 1e-8)
        chroma = self._notes(wave / level)
        parts = [
            descriptors.band_statistics(log_mel),
            descriptors.modulation(log_mel, self.sample_rate / _HOP),
            descriptors.harmony(chroma),
            descriptors.rhythm(log_mel, self.sample_rate / _HOP),
            descriptors.spectral_shape(power, self.sample_rate),
            descriptors.faults(wave, log_mel, level),
        ]
        return torch.nan_to_num(torch.cat(parts), nan=0.0, posinf=0.0, neginf=0.0)

    def _spectra(self, wave: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns mel energies (T, 64), and the mean and the peak of the power spectrum (2, bins)."""
        mel, total, peak = [], torch.zeros(_FFT // 2 + 1, device=self.device), torch.zeros(1, device=self.device)
        for power in self._power(wave, _FFT, _HOP):
            mel.append((self._mel @ power).T)
            total = total + power.sum(1)
            peak = torch.maximum(peak, power.amax(1))
        frames = torch.cat(mel)
        return frames, torch.stack([total / len(frames), peak])

    def _power(self, wave: torch.Tensor, n_fft: int, hop: int) -> Iterator[torch.Tensor]:
        """Yields the power spectrogram (bins, frames) in chunks, so that an hour of sound fits into memory."""
        window = torch.hann_window(n_fft, device=self.device)
        padded = torch.nn.functional.pad(wave, (n_fft // 2, n_fft // 2 + hop))
        frames = 1 + len(wave) // hop
        for start in range(0, frames, _CHUNK_FRAMES):
            stop = min(frames, start + _CHUNK_FRAMES)
            part = padded[start * hop : (stop - 1) * hop + n_fft]
            yield torch.stft(part, n_fft, hop, window=window, center=False, return_complex=True).abs().square() / n_fft


def windows_of(wave: torch.Tensor, length: int) -> list[torch.Tensor]:
    """Covers a clip with as few windows of one length as it takes, evenly spread; they overlap where it is no multiple.

    Args:
        wave: (N,) samples, at least one.
        length: Samples of a window; a shorter clip is repeated up to that.

    Returns:
        Windows (length,), at least one.
    """
    if len(wave) < length:
        return [wave.repeat(-(-length // len(wave)))[:length]]
    count = -(-len(wave) // length)
    last = len(wave) - length
    starts = [round(k * last / max(1, count - 1)) for k in range(count)]
    return [wave[start : start + length] for start in starts]
