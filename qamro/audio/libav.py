"""Decodes what libav knows and libsndfile does not: AAC, M4A, WebM, AMR, AC-3, and the sound of MP4 and other videos.

It comes with PyAV, which need not be installed: its wheels carry parts under the GPL (see NOTICE).
"""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from qamro.audio.containers import EBML, TAGS, cut_off, webm_is_whole
from qamro.audio.info import AudioError, AudioInfo, Limits, too_slow

if TYPE_CHECKING:
    import av
    from av import AudioFifo, AudioResampler
    from av.container import InputContainer

_FORMATS = "mov,matroska,mp3,aac,ogg,flac,wav,w64,aiff,caf,au,asf,avi,flv,mpegts,mpeg,amr,ac3,eac3,dts,ape,wv,tta"
"""Demuxers that read one file of media. Playlists (HLS, concat) are left out: they name other files and addresses,
which a clip must never make us open."""

_NAMES = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska"}

_DURATION = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
"""How Matroska's tag of that name states the length of one track; its header knows only that of the whole file."""

_SLACK = 0.1
"""Seconds by which a stated length may exceed the decoded one: encoders count padding and priming differently."""

_BLOCK = 2**17
"""Frames collected into one block."""


class LibavReader(AbstractContextManager["LibavReader"]):
    """A file that libav decodes: its first audio stream."""

    def __init__(
        self, path: Path, container: InputContainer, size: int, source: _Bounded, *, cut: bool = False
    ) -> None:
        """Decodes the first frame, which knows better than the header (HE-AAC declares half its rate).

        Args:
            path: Its name, for messages.
            container: The open file, with at least one audio stream.
            size: Its size in bytes.
            source: What the container reads from.
            cut: Whether its end is known to be missing; decoding will tell how much is there.

        Raises:
            AudioError: There is no frame.
        """
        stream = container.streams.audio[0]
        name = _NAMES.get(container.format.name, container.format.name)
        codec = stream.codec_context.codec.canonical_name
        self._container = container
        self._stream = stream
        self._source = source
        self._cut = cut
        self._damaged = False
        self._decoded = 0
        self.info = AudioInfo(path, name, codec, 0, 0, math.nan, size)
        frames = self._decode()
        first = next(frames, None)
        if first is None:
            source.check()
            problem = "no sound can be decoded from it" if self._damaged else "holds no samples"
            raise AudioError(path, problem, "export or download it again")
        self._frames = itertools.chain([first], frames)
        self._kind = _kind(first)
        seconds = _stated_seconds(container, name)
        self.info = AudioInfo(path, name, codec, first.sample_rate, first.layout.nb_channels, seconds, size)

    def __exit__(self, *exc: Any) -> None:
        self._container.close()

    def blocks(self) -> Iterator[np.ndarray]:
        """Yields float32 of shape (frames, channels)."""
        from av import AudioFifo, AudioResampler

        pending, to_float = AudioFifo(), AudioResampler(format="flt")
        for frame in self._frames:
            if _kind(frame) != self._kind:
                raise AudioError(
                    self.info.path, "changes its sample rate or its channels midway", "export it with one of each"
                )
            frame.pts = None  # gaps between time stamps are no sound
            pending.write(frame)
            if pending.samples >= _BLOCK:
                yield _samples(pending, to_float)
        if pending.samples:
            yield _samples(pending, to_float)
        self._check_end()

    def _decode(self) -> Iterator[av.AudioFrame]:
        """Decodes packet by packet up to the end or to damage; a tag behind the sound does no harm."""
        from av.error import FFmpegError

        packets = self._container.demux(self._stream)
        while not self._damaged:
            packet = None
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except FFmpegError:
                self._damaged = packet is None or not bytes(packet).startswith(TAGS)
                continue
            # The last packet of raw samples is short and marked as corrupt wherever a header leaves its size open.
            if packet.is_corrupt and not self.info.codec.startswith("pcm_"):
                self._damaged = True
                return
            for frame in frames:
                self._decoded += frame.samples
                yield frame

    def _check_end(self) -> None:
        self._source.check()
        seconds = self._decoded / self.info.sample_rate
        if self._damaged or self._cut or seconds < self.info.seconds - _SLACK:
            raise cut_off(self.info, seconds, self.info.seconds)


class _Bounded:
    """A file that seems to end when its thread has worked for too long: libav walks through anything step by step."""

    def __init__(self, path: Path, file: IO[bytes], limits: Limits) -> None:
        self._path, self._file, self._limits = path, file, limits
        self._until = time.thread_time() + limits.work
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        return self._file.read(size) if time.thread_time() < self._until else b""

    def check(self) -> None:
        """Raises AudioError where it took too long."""
        if time.thread_time() >= self._until:
            raise too_slow(self._path, self._limits)


def open_libav(path: Path, file: IO[bytes], size: int, limits: Limits) -> LibavReader | None:
    """Opens a file, or returns None where libav finds nothing in it that it knows.

    Args:
        path: Its name, for messages.
        file: The open file; it is not closed.
        size: Its size in bytes.
        limits: How long it may take.

    Raises:
        ImportError: PyAV is not installed.
        AudioError: There is no audio stream, or nothing in it can be decoded.
    """
    import av

    cut = file.read(4) == EBML and not webm_is_whole(file, size)
    file.seek(0)
    source = _Bounded(path, file, limits)
    try:
        container = av.open(source, "r", options={"format_whitelist": _FORMATS}, metadata_errors="replace")
    except av.FFmpegError:
        source.check()
        return None
    try:
        if not container.streams.audio:
            source.check()
            what = "a video without sound" if container.streams.video else "no sound"
            raise AudioError(path, f"holds {what}", "choose a file with an audio track")
        if container.streams.audio[0].codec_context is None:
            raise AudioError(path, "holds sound of an unknown codec", "export it as WAV or FLAC")
        return LibavReader(path, container, size, source, cut=cut)
    except BaseException:
        container.close()
        raise


def _kind(frame: av.AudioFrame) -> tuple[int, int, str]:
    return frame.sample_rate, frame.layout.nb_channels, frame.format.name


def _samples(pending: AudioFifo, to_float: AudioResampler) -> np.ndarray:
    """Empties the queue into one array.

    Converted to interleaved floats first: of a frame of eight separate channels, PyAV 18 hands out a ninth that points
    nowhere, and reading it crashes the process.
    """
    parts = [part.to_ndarray().reshape(-1, part.layout.nb_channels) for part in to_float.resample(pending.read())]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _stated_seconds(container: InputContainer, name: str) -> float:
    """The length that the container states for its first audio stream; NaN where it would be an estimate."""
    stream = container.streams.audio[0]
    if name == "matroska":
        if tag := _DURATION.fullmatch(stream.metadata.get("DURATION", "")):
            return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
        alone = len(container.streams) == 1 and container.duration is not None
        return (container.duration or 0) / 1e6 if alone else math.nan
    states = name in ("mp4", "ogg", "flac", "wav", "w64", "caf", "aiff")
    if not states or stream.duration is None or stream.time_base is None:
        return math.nan
    return float(stream.duration * stream.time_base)
