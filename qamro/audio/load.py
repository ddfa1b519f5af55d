"""From a file to mono samples at the rate that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from qamro.audio.errors import AudioError
from qamro.audio.limits import AudioInfo, Limits, too_long
from qamro.audio.opening import Reader, open_reader
from qamro.audio.waveform import QUIETEST, Waveform

LOUDEST = 10.0
"""Samples up to here (20 dB over full scale) are kept as they are; beyond, a file surely holds no samples in [-1, 1]
but integers stored as floats."""

_DEFAULTS = Limits()


def probe(path: str | os.PathLike[str], limits: Limits = _DEFAULTS) -> AudioInfo:
    """Reads a file's header, without decoding more than one frame.

    Args:
        path: The file.
        limits: What is accepted.

    Raises:
        AudioError: The file is missing, unreadable, empty, no sound, visibly cut off, or its header exceeds a limit.
    """
    with open_reader(path, limits) as reader:
        return reader.info


def load(
    path: str | os.PathLike[str],
    sample_rate: int | None = None,
    *,
    limits: Limits = _DEFAULTS,
    allow_silence: bool = False,
) -> Waveform:
    """Decodes a sound file, mixes it to mono and resamples it.

    WAV, FLAC, Ogg Vorbis and AIFF are decoded by libsndfile, the rest (MP3, AAC, M4A, WebM, Opus, the sound of MP4) by
    libav; content decides, not the name. Of several audio streams the first is taken. Mono is the mean of the channels.
    The sample rate is converted by soxr (quality "HQ"), block by block, so that memory follows what is kept.
    Values over 1.0 stay as they are up to 10.0. Safe to call from several threads.

    Args:
        path: The file.
        sample_rate: The rate in Hz that is wanted; None keeps the file's.
        limits: What is accepted; enforced from the header and again while decoding, since headers lie.
        allow_silence: Return digital silence instead of refusing it.

    Returns:
        Mono float32; N·sample_rate/rate samples, rounded, of N in the file.

    Raises:
        AudioError: As ``probe``; and: data is damaged or ends early, the sound is shorter than
            ``limits.min_seconds``, holds NaN or Inf, exceeds 10.0, or is silent.
        ValueError: ``sample_rate`` is not positive.

    Example:
        >>> wave = load("clip.mp3", sample_rate=16_000)  # doctest: +SKIP
    """
    if sample_rate is not None and sample_rate <= 0:
        raise ValueError(f"a sample rate is positive, not {sample_rate}")
    with open_reader(path, limits) as reader:
        target = sample_rate or reader.info.sample_rate
        samples = _resampled(_mono(reader, limits, allow_silence), reader.info.sample_rate, target)
        return Waveform(samples, target)


def _mono(reader: Reader, limits: Limits, allow_silence: bool) -> Iterator[np.ndarray]:
    """Mixes block by block, and checks what only decoding can tell."""
    info = reader.info
    most, done = int(limits.seconds * info.sample_rate), 0
    low, high, loudest_channel = np.inf, -np.inf, 0.0
    share = np.full(info.channels, 1 / info.channels, dtype=np.float32)
    for block in reader.blocks():
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite gets an error, not a warning
            mono = block[:, 0] if info.channels == 1 else block @ share
        if not np.isfinite(mono).all():
            at = (done + int(np.argmin(np.isfinite(mono)))) / info.sample_rate
            raise AudioError(info.path, f"holds NaN or infinite samples, first at {at:.3f} s", "export it again")
        done += mono.size
        if done > most:
            raise too_long(info, limits)
        low, high = min(low, float(mono.min())), max(high, float(mono.max()))
        if max(-low, high) > LOUDEST:
            raise AudioError(
                info.path,
                f"holds samples of {max(-low, high):g}, where full scale is 1",
                "divide them by the full scale before writing floats",
            )
        if high - low <= QUIETEST and info.channels > 1:
            loudest_channel = max(loudest_channel, float(np.ptp(block, axis=0).max()))
        yield np.ascontiguousarray(mono)
    if done < limits.min_seconds * info.sample_rate or done == 0:
        samples = "1 sample" if done == 1 else f"{done} samples"
        raise AudioError(
            info.path,
            f"holds only {samples} ({done / info.sample_rate:.3g} s), less than the {limits.min_seconds:g} s needed",
            "use a longer clip",
        )
    if high - low <= QUIETEST and not allow_silence:
        if loudest_channel > QUIETEST:
            raise AudioError(
                info.path, "its channels cancel each other in mono", "turn the phase of one of them and export it again"
            )
        raise AudioError(info.path, "holds only silence, nothing to score", "check its export, or leave it out")


def _resampled(blocks: Iterator[np.ndarray], rate: int, target: int) -> np.ndarray:
    if rate != target:
        import soxr

        stream = soxr.ResampleStream(rate, target, 1, dtype="float32", quality="HQ")
        parts = [stream.resample_chunk(block) for block in blocks]
        parts.append(stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
    else:
        parts = list(blocks)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
