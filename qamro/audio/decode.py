"""From a file to mono samples at the rate that is asked for: who decodes it, and what only decoding can tell.

libsndfile comes first, with and without PyAV, so that a file has the same samples wherever it is read; what it does not
know goes to libav, if PyAV is installed.
"""

from __future__ import annotations

import hashlib
import math
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Protocol

import numpy as np

from qamro.audio.containers import check_claims
from qamro.audio.info import AudioError, AudioInfo, Limits, check_header, too_large, too_long
from qamro.audio.waveform import QUIETEST, Waveform

LOUDEST = 10.0
"""Samples up to here (20 dB over full scale) are kept as they are; beyond, a file surely holds no samples in [-1, 1]
but integers stored as floats."""

REVISION = "1"
"""Version of the samples that a file is decoded to; raise it with any change of them."""

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

    WAV, FLAC, Ogg Vorbis, Opus, MP3 and AIFF are decoded by libsndfile, the rest (AAC, M4A, WebM, AMR, the sound of
    MP4) by libav; content decides, not the name. Of several audio streams the first is taken. Mono is the mean of the
    channels.
    The sample rate is converted by soxr (quality "HQ"), block by block, so that memory follows what is kept.
    Values over 1.0 stay as they are up to 10.0. Safe to call from several threads. Files of strangers are better
    decoded by ``qamro.audio.guarded.load``: the same sound, from a process with a limit on time and memory.

    Args:
        path: The file.
        sample_rate: The rate in Hz that is wanted; None keeps the file's.
        limits: What is accepted; enforced from the header and again while decoding, since headers lie.
        allow_silence: Return digital silence instead of refusing it.

    Returns:
        Mono float32; N·sample_rate/rate samples, rounded, of N in the file.

    Raises:
        AudioError: As ``probe``; and: data is damaged or ends early, the sound is shorter than
            ``limits.min_seconds``, holds NaN or Inf, exceeds 10.0, is silent, or is more than ``limits`` take.
        ValueError: ``sample_rate`` is not positive.

    Example:
        >>> wave = load("clip.mp3", sample_rate=16_000)  # doctest: +SKIP
    """
    if sample_rate is not None and sample_rate <= 0:
        raise ValueError(f"a sample rate is positive, not {sample_rate}")
    with decoding(path, sample_rate, limits=limits, allow_silence=allow_silence) as (rate, expected, blocks):
        return Waveform(joined(blocks, expected), rate)


@contextmanager
def decoding(
    path: str | os.PathLike[str],
    sample_rate: int | None = None,
    *,
    limits: Limits = _DEFAULTS,
    allow_silence: bool = False,
) -> Iterator[tuple[int, int, Iterator[np.ndarray]]]:
    """Opens a file to decode it in constant memory; see ``load``.

    Yields:
        The rate in Hz, how many samples the header promises at it (0 where it promises none), and the sound in order:
        mono float32 of shape (n,). Errors that only decoding finds are raised by that iterator, at its end at latest.
    """
    with open_reader(path, limits) as reader:
        rate = reader.info.sample_rate
        target = sample_rate or rate
        seconds = reader.info.seconds if math.isfinite(reader.info.seconds) else 0.0
        expected = max(0, math.ceil(seconds * target))  # damaged headers tell of less than nothing
        if expected > limits.samples:
            raise too_large(reader.info, limits, expected)
        blocks = _resampled(_mono(reader, limits, allow_silence, target / rate), rate, target)
        yield target, expected, blocks


def joined(blocks: Iterable[np.ndarray], expected: int) -> np.ndarray:
    """Puts blocks of samples into one array, without holding them twice.

    Args:
        blocks: float32 of shape (n,).
        expected: How many samples there probably are; where there are more, the array grows.
    """
    samples, done = np.empty(expected + 16, dtype=np.float32), 0
    for block in blocks:
        if done + block.size > samples.size:
            larger = np.empty(max(done + block.size, samples.size * 3 // 2), dtype=np.float32)
            larger[:done] = samples[:done]
            samples = larger
        samples[done : done + block.size] = block
        done += block.size
    return samples[:done] if done * 2 > samples.size else samples[:done].copy()


def file_key(path: str | os.PathLike[str], limits: Limits = _DEFAULTS) -> str:
    """Returns a fingerprint of a file's bytes: 64 hexadecimal digits, SHA-256.

    Raises:
        AudioError: The file is missing, unreadable, empty, or larger than is accepted.
    """
    with _open_file(path, limits) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


@cache
def decoder_versions() -> str:
    """Names the versions of everything that a decoded sound depends on, for caches."""
    from importlib.metadata import PackageNotFoundError, version

    def installed(name: str) -> str:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return f"no {name}"

    return ", ".join((f"r{REVISION}", *map(installed, ("soundfile", "soxr", "av"))))


class Reader(Protocol):
    """A file that is open for decoding."""

    info: AudioInfo

    def blocks(self) -> Iterator[np.ndarray]:
        """Yields the decoded sound in order: float32 of shape (frames, channels), of bounded size.

        Raises:
            AudioError: The data is damaged or ends early.
        """
        ...


@contextmanager
def open_reader(path: str | os.PathLike[str], limits: Limits) -> Iterator[Reader]:
    """Opens a sound file, checks what its header claims, and closes it afterwards.

    Args:
        path: The file.
        limits: What is accepted.

    Yields:
        The reader.

    Raises:
        AudioError: The file is missing, unreadable, empty, no sound, cut off, or over a limit.
    """
    with _open_file(path, limits) as file:
        size = os.fstat(file.fileno()).st_size
        with _decoder(Path(path), file, size, limits) as reader:
            check_header(reader.info, limits)
            check_claims(file, reader.info)
            yield reader


def _open_file(path: str | os.PathLike[str], limits: Limits) -> IO[bytes]:
    try:
        # Non-blocking, or a named pipe would hang here. Opened by number, the file object has no name that a
        # decoder could read an extension or a protocol from ("http:…", "-" for standard input). Unbuffered, because
        # libsndfile reads from the same descriptor.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags), "rb", buffering=0)
    except IsADirectoryError:
        raise AudioError(path, "is a folder, not a sound file", "name the files inside it") from None
    except FileNotFoundError:
        raise AudioError(path, "there is no such file", "check the path") from None
    except PermissionError as problem:
        raise AudioError(path, "may not be read", "check the file's permissions") from problem
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise AudioError(path, f"cannot be opened ({reason})", "check the path") from problem
    try:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise AudioError(path, "is not a file but a pipe, socket or device", "save the sound to a file first")
        if state.st_size == 0:
            raise AudioError(path, "is empty (0 bytes)", "export or download it again")
        if state.st_size > limits.bytes:
            raise AudioError(
                path,
                f"has {state.st_size / 1e6:.3g} MB, more than the {limits.bytes / 1e6:.3g} MB allowed",
                "shorten it or compress it, for example to FLAC",
            )
    except BaseException:
        file.close()
        raise
    return file


def _decoder(path: Path, file: IO[bytes], size: int, limits: Limits) -> AbstractContextManager[Reader]:
    from qamro.audio.libav import open_libav
    from qamro.audio.libsndfile import open_libsndfile

    reader: AbstractContextManager[Reader] | None = open_libsndfile(path, file, size, limits.seconds)
    if reader is not None:
        return reader
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    what = what_it_is(head)
    try:
        reader = open_libav(path, file, size, limits)
    except ImportError:
        if what is None:
            raise AudioError(
                path,
                f"{_needs(head)} PyAV, which is not installed",
                "install it (pip install av), or convert the file to WAV, FLAC, MP3 or Ogg",
            ) from None
    if reader is None:
        what = what or "its content is of no known audio format, or is damaged"
        raise AudioError(path, f"is not sound that can be read: {what}", "choose a sound file, for example WAV or FLAC")
    return reader


def _mono(reader: Reader, limits: Limits, allow_silence: bool, ratio: float) -> Iterator[np.ndarray]:
    """Mixes block by block, and checks what only decoding can tell; ``ratio`` is the wanted rate over the file's."""
    info = reader.info
    most, done = int(limits.seconds * info.sample_rate), 0
    most_values = min(limits.values // info.channels, int(limits.samples / ratio))
    low, high, loudest_channel = np.inf, -np.inf, 0.0
    share = np.full(info.channels, 1 / info.channels, dtype=np.float32)
    for block in reader.blocks():
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite gets an error, not a warning
            if info.channels == 2:  # the same numbers as the product, without waking BLAS
                mono = (block[:, 0] + block[:, 1]) * np.float32(0.5)
            else:
                mono = block[:, 0] if info.channels == 1 else block @ share
        if not np.isfinite(mono).all():
            at = (done + int(np.argmin(np.isfinite(mono)))) / info.sample_rate
            raise AudioError(info.path, f"holds NaN or infinite samples, first at {at:.3f} s", "export it again")
        done += mono.size
        if done > most:
            raise too_long(info, limits)
        if done > most_values:
            raise too_large(info, limits)
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


def resample(wave: Waveform, sample_rate: int) -> Waveform:
    """Returns a sound at another rate, as ``load`` would have read it.

    Args:
        wave: The sound.
        sample_rate: The rate in Hz that is wanted.

    Raises:
        ValueError: ``sample_rate`` is not positive.
    """
    if sample_rate == wave.sample_rate:
        return wave
    if sample_rate <= 0:
        raise ValueError(f"a sample rate is positive, not {sample_rate}")
    expected = math.ceil(len(wave.samples) * sample_rate / wave.sample_rate)
    blocks = _resampled(iter([wave.samples]), wave.sample_rate, sample_rate)
    return Waveform(joined(blocks, expected), sample_rate)


def _resampled(blocks: Iterator[np.ndarray], rate: int, target: int) -> Iterator[np.ndarray]:
    if rate == target:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(rate, target, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


_SIGNATURES = (
    (b"version https://git-lfs", "a Git LFS pointer; the sound itself was not fetched (git lfs pull)"),
    (b"MThd", "a MIDI file, notes without sound"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
)


_OF_PYAV = (  # what a file begins with that libav reads and libsndfile does not: where, what, name
    (4, b"ftyp", "MP4, M4A or MOV"),
    (4, b"moov", "MOV"),
    (4, b"mdat", "MOV"),
    (0, b"\x1a\x45\xdf\xa3", "WebM or Matroska"),
    (0, b"#!AMR", "AMR"),
    (0, b"\x0b\x77", "AC-3"),
    (0, b"\x30\x26\xb2\x75", "WMA or WMV"),
    (0, b"FLV", "FLV"),
    (8, b"AVI ", "AVI"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"TTA1", "TTA"),
    (0, b"\x7f\xfe\x80\x01", "DTS"),
    (0, b"\xff\xfd", "MP2"),
    (0, b"\xff\xfc", "MP2"),
    (0, b"\xff\xf0", "AAC"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf8", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (0, b"\x00\x00\x01\xba", "MPEG video"),
)


def _needs(head: bytes) -> str:
    for at, magic, name in _OF_PYAV:
        if head[at:].startswith(magic):
            return f"is {name}, which needs"
    return "is damaged, or its format needs"


def what_it_is(head: bytes) -> str | None:
    """Says in a few words what a file that is no sound seems to be; None where its first bytes tell nothing.

    Args:
        head: Its first few hundred bytes or more.
    """
    for magic, name in _SIGNATURES:
        if head.startswith(magic):
            return f"it is {name}"
    text = _as_text(head)
    if text is None:
        return None
    if text.lstrip().lower().startswith(("<!doctype html", "<html")):
        return "it is a web page, perhaps what a failed download left"
    return f"it holds text that begins {text.strip()[:30]!r}"


def _as_text(head: bytes) -> str | None:
    try:
        # The last character may be cut in half.
        text = head.decode("utf-8-sig", errors="strict" if len(head) < 4096 else "ignore")
    except UnicodeDecodeError:
        return None
    return text if text.strip() and all(c.isprintable() or c in "\t\r\n\f" for c in text) else None
