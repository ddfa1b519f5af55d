"""Decodes what libsndfile knows: WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF, CAF, AU, W64 and others.

Where a header would mislead libsndfile about the length, it is shown a view of the file with a right one. Frames of an
MP3 whose bits are damaged sound wrong for 26 ms; its decoder prints a remark about them to the terminal.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from qamro.audio.containers import CHUNKED, Data, Part, check_chunks, cut_off, find_data, with_size
from qamro.audio.frames import read_flac, read_mpeg, skip_id3
from qamro.audio.info import AudioError, AudioInfo

if TYPE_CHECKING:
    import soundfile

_BLOCK = 2**19
"""Values (frames times channels) decoded at once: 2 MiB, more than most clips have."""

_STEP = 1024

_MOST_FRAMES = 2**62
"""libsndfile's answer where a header gives no length (a FLAC stream); it then fails to read on."""

_MOST_PADDING = 8192
"""Samples that an MP3's header may declare to be padding, of which each end has at most 4095."""


class LibsndfileReader(AbstractContextManager["LibsndfileReader"]):
    """A file that libsndfile decodes."""

    def __init__(self, sound: soundfile.SoundFile, info: AudioInfo) -> None:
        self.info = info
        self._sound = sound

    def __exit__(self, *exc: Any) -> None:
        self._sound.close()

    def blocks(self) -> Iterator[np.ndarray]:
        """Yields float32 of shape (frames, channels)."""
        import soundfile

        size = max(1, _BLOCK // self.info.channels)
        done = 0
        try:
            while (block := self._sound.read(size, dtype="float32", always_2d=True)).size:
                done += len(block)
                yield block
        except soundfile.SoundFileError as problem:
            raise cut_off(self.info, self._decodable(done) / self.info.sample_rate, self.info.seconds) from problem
        if done < self._sound.frames:
            raise cut_off(self.info, done / self.info.sample_rate, self.info.seconds)

    def _decodable(self, done: int) -> int:
        """Counts on from a block that failed, in small steps; only for the error's message."""
        import soundfile

        with contextlib.suppress(soundfile.SoundFileError):
            self._sound.seek(done)
            while size := len(self._sound.read(_STEP, dtype="float32", always_2d=True)):
                done += size
        return done


class _View(io.RawIOBase):
    """A file made of stretches of another and of bytes of our own."""

    def __init__(self, file: IO[bytes], parts: tuple[Part, ...]) -> None:
        self._file = file
        self._parts = []  # where each begins in the view, its size, and itself
        self._size = self._at = 0
        for part in parts:
            size = len(part) if isinstance(part, bytes) else part[1] - part[0]
            self._parts.append((self._size, size, part))
            self._size += size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # A damaged header may ask to seek before the start: an error would be printed, since no C code can catch it.
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        for begin, size, part in self._parts:
            inside = self._at - begin
            if 0 <= inside < size:
                wanted = min(len(buffer), size - inside)
                if isinstance(part, bytes):
                    read = part[inside : inside + wanted]
                else:
                    self._file.seek(part[0] + inside)
                    read = self._file.read(wanted)
                buffer[: len(read)] = read
                self._at += len(read)
                return len(read)
        return 0


def open_libsndfile(path: Path, file: IO[bytes], size: int, most_seconds: float) -> LibsndfileReader | None:
    """Opens a file, or returns None where libsndfile refuses it or could not tell its length.

    Args:
        path: Its name, for messages.
        file: The open file; it is not closed.
        size: Its size in bytes.
        most_seconds: How much of an MP3 is looked at before it counts as endless.

    Raises:
        AudioError: It is an MP3 that is cut off or changes midway, or a WAV or AIFF of thousands of chunks.
    """
    start = skip_id3(file)
    file.seek(start)
    head = file.read(4)
    if head[:1] == b"\xff" and head[1:2] >= b"\xe2":
        return _open_mpeg(path, file, start, size, most_seconds)
    if head == b"fLaC" and (flac := read_flac(file, start, size)):
        reader = _opened(path, _view(file, flac.parts), size)
        if reader is not None and not flac.whole:
            with reader:
                raise cut_off(reader.info, reader.info.seconds)
        return reader
    if start:
        return _opened(path, _view(file, ((start, size),)), size)
    if head in CHUNKED:
        check_chunks(path, file, size)
    # By number: given a Python file, a damaged header that asks to seek before the start prints a traceback.
    file.seek(0)
    data = find_data(file, size) if head in (b"RIFF", b"RIFX") else None
    if data is not None and data.unknown and data.claimed == 0:  # a WAV from a pipe
        return _opened(path, _view(file, with_size(file, data)), size)
    file.seek(0)
    reader = _opened(path, file.fileno(), size)
    if reader is not None and reader.info.codec.startswith("mpeg"):  # its length is a guess from the first frame
        reader.__exit__()
        return _open_mpeg(path, file, data.start, _end(data), most_seconds) if data else None
    return reader


def _end(data: Data) -> int:
    return data.start + (data.there if data.unknown else min(data.claimed, data.there))


def _open_mpeg(path: Path, file: IO[bytes], start: int, end: int, most_seconds: float) -> LibsndfileReader | None:
    mpeg = read_mpeg(file, start, end, most_seconds)
    if mpeg is None:
        return None
    first = mpeg.first
    info = AudioInfo(path, "mp3", f"mp{first.layer}", first.rate, first.channels, mpeg.seconds, end)
    if mpeg.changes:
        raise AudioError(path, "changes its sample rate or its channels midway", "export it with one of each")
    if mpeg.cut:
        raise cut_off(info, mpeg.seconds, mpeg.stated)
    if first.layer != 3:  # has no header that states a length, so that libsndfile guesses it
        return None
    reader = _opened(path, _view(file, mpeg.parts), end)
    if reader is None:
        return None
    if mpeg.seconds <= most_seconds:  # libsndfile leaves out the padding at both ends
        padding = (mpeg.seconds - reader.info.seconds) * first.rate
        if padding > _MOST_PADDING or reader.info.channels != first.channels:
            reader.__exit__()
            return None
        info = replace(info, seconds=reader.info.seconds)
    reader.info = info
    return reader


def _view(file: IO[bytes], parts: tuple[Part, ...]) -> IO[bytes]:
    return io.BufferedReader(_View(file, parts), 2**16)


def _opened(path: Path, source: IO[bytes] | int, size: int) -> LibsndfileReader | None:
    import soundfile

    try:
        sound = soundfile.SoundFile(source, closefd=False)
    except (soundfile.SoundFileError, TypeError):
        return None
    if sound.frames >= _MOST_FRAMES:
        sound.close()
        return None
    rate = int(sound.samplerate)
    seconds = sound.frames / rate if rate else math.nan
    info = AudioInfo(path, sound.format.lower(), sound.subtype.lower(), rate, int(sound.channels), seconds, size)
    return LibsndfileReader(sound, info)
