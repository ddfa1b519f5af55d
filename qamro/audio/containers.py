"""What WAV, AIFF, Ogg and WebM files claim about their length, against the bytes that are there.

libsndfile trusts the end of a file more than its header: it decodes a WAV or AIFF whose second half is missing, or an
Ogg file that stops in the middle of a page, as a shorter sound, and says nothing. libav does so with a browser's
recording. Here that is an error. Every walk reads forward in blocks and gives up after a bounded number of steps.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from qamro.audio.info import AudioError, AudioInfo

CHUNKED = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM")
"""What files made of chunks begin with: WAV, its big-endian and its 64-bit variants, AIFF."""

TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN", b"\x00\x00\x00\x00")
"""How the tags begin that stand behind the sound of a file, and padding."""

Part = bytes | tuple[int, int]
"""A piece of a view: bytes of our own, or where a stretch of the file begins and ends."""

_SLACK = 0.1
"""Seconds of unexplained bytes behind the data of a WAV that are let go as somebody's padding."""

_MOST_CHUNKS = 10_000
_BLOCK = 2**18


def check_claims(file: IO[bytes], info: AudioInfo) -> None:
    """Compares the length that a WAV, AIFF, Ogg or WebM file claims with what is there.

    Args:
        file: The open file; its position is kept.
        info: What the decoder made of it.

    Raises:
        AudioError: Sound is missing, or the header hides sound that is there.
    """
    position = file.tell()
    try:
        file.seek(0)
        head = file.read(12)
        if head[:4] in CHUNKED:
            _check_chunks(file, info)
        elif head[:4] == b"OggS" and not ogg_is_whole(file, info.bytes):
            raise cut_off(info, info.seconds)
    finally:
        file.seek(position)


def cut_off(info: AudioInfo, there: float, claimed: float = math.nan) -> AudioError:
    """Returns the error for a file that ends early.

    Args:
        info: The file.
        there: Seconds that can be decoded; NaN when not known.
        claimed: Seconds that there should be; NaN when not known.
    """
    if math.isnan(there) or claimed < there:
        part = "its end is missing"
    elif math.isnan(claimed):
        part = f"only {there:.2f} s can be decoded"
    elif claimed - there < 0.01:
        part = f"the last {1000 * (claimed - there):.2g} ms are missing"
    else:
        part = f"only {there:.2f} s of {claimed:.2f} s can be decoded"
    return AudioError(info.path, f"is cut off or damaged: {part}", "export or download it again")


class Bytes:
    """Bytes of a file by position, read forward in blocks."""

    def __init__(self, file: IO[bytes], end: int) -> None:
        self._file, self.end = file, end
        self._start, self._block = 0, b""

    def get(self, at: int, size: int) -> bytes:
        """Returns up to ``size`` bytes from ``at`` on; fewer only at the end."""
        offset = at - self._start
        if offset < 0 or offset + size > len(self._block):
            self._file.seek(at)
            self._start, offset = at, 0
            self._block = self._file.read(min(_BLOCK, max(self.end - at, 0)))
        return self._block[offset : offset + size]

    def find(self, pattern: re.Pattern[bytes], at: int) -> Iterator[int]:
        """Yields where a pattern of at most 16 bytes matches from ``at`` on."""
        while at < self.end:
            block = self.get(at, _BLOCK)
            for match in pattern.finditer(block):
                if match.start() < _BLOCK - 16 or len(block) < _BLOCK:
                    yield at + match.start()
            at += _BLOCK - 16 if len(block) == _BLOCK else max(len(block), 1)


# ------------------------------------------------------------------------------------------------- WAV and AIFF


@dataclass(frozen=True)
class Data:
    """The chunk that holds the sound of a WAV or AIFF file.

    Attributes:
        start: Where it begins.
        claimed: Its size in bytes by its header.
        there: Bytes from its start to the end of the file.
        hidden: Bytes behind its claimed end that are neither chunks nor a tag nor padding.
        unknown: Whether its header leaves the size open, so that it lasts to the end of the file.
    """

    start: int
    claimed: int
    there: int
    hidden: int
    unknown: bool


_UNKNOWN = 0x7FFF0000
"""Sizes from here on mean "not known yet" where the file is smaller: encoders that write into a pipe leave 0,
0xFFFFFFFF (ffmpeg), 0x7FFFF000 (SoX) or 0x80000000 (arecord), and never come back to correct it."""


def find_data(file: IO[bytes], end: int) -> Data | None:
    """Finds the sound's chunk.

    Args:
        file: An open file that begins with one of ``CHUNKED``.
        end: Its size in bytes.

    Returns:
        What it claims; None where there is no such chunk.
    """
    content = Bytes(file, end)
    kind = content.get(0, 4)
    order = ">" if kind in (b"RIFX", b"FORM") else "<"
    wide = 0
    for name, size, start in _chunks(content, order, 12):
        if name == b"ds64":  # sizes of more than 32 bits, in RF64 and BW64
            wide = struct.unpack("<Q", content.get(start + 8, 8).ljust(8, b"\0"))[0]
        elif name in (b"data", b"SSND"):
            claimed = wide if kind in (b"RF64", b"BW64") and size == 0xFFFFFFFF else size
            there, behind = end - start, min(start + claimed, end)
            hidden = 0 if _accounted(content, order, behind) else end - behind
            unknown = (claimed == 0 and hidden > 0) or (claimed >= _UNKNOWN and claimed > there)
            return Data(start, claimed, there, hidden, unknown)
    return None


def check_chunks(path: Path, file: IO[bytes], end: int) -> None:
    """Refuses a file of very many small chunks: decoders walk through all of them, slowly.

    Args:
        path: Its name, for the message.
        file: An open file that begins with one of ``CHUNKED``.
        end: Its size in bytes.

    Raises:
        AudioError: It has more than 10,000.
    """
    content = Bytes(file, end)
    order = ">" if content.get(0, 4) in (b"RIFX", b"FORM") else "<"
    if sum(1 for _ in _chunks(content, order, 12)) >= _MOST_CHUNKS:
        raise AudioError(
            path, f"consists of {_MOST_CHUNKS} chunks or more, which no recorder writes", "export it again"
        )


def _chunks(content: Bytes, order: str, start: int) -> Iterator[tuple[bytes, int, int]]:
    """Walks a chain of chunks: name, claimed size, where the content starts."""
    for _ in range(_MOST_CHUNKS):
        if start + 8 > content.end:
            return
        name, size = struct.unpack(f"{order}4sI", content.get(start, 8))
        yield name, size, start + 8
        start += 8 + size + size % 2


def _accounted(content: Bytes, order: str, start: int) -> bool:
    """Whether everything from ``start`` on is chunks, a known tag or padding."""
    rest = content.get(start, 12)
    if len(rest) < 8 or rest.startswith(TAGS):
        return True
    for first in (start, start + 1):  # some writers leave out the pad byte after an odd size, some do not
        reached = content.end
        for name, size, at in _chunks(content, order, first):
            if not (name.isascii() and name.decode().isprintable()):
                break
            reached = at + size
        else:
            if reached <= content.end:
                return True
    return False


def _check_chunks(file: IO[bytes], info: AudioInfo) -> None:
    data = find_data(file, info.bytes)
    if data is None or data.unknown:
        return
    if data.claimed == 0:
        raise AudioError(info.path, "holds no samples", "export it again")
    if data.claimed > data.there:
        claimed = info.seconds * data.claimed / data.there if data.there else math.nan
        raise cut_off(info, info.seconds, claimed)
    hidden = info.seconds * data.hidden / data.claimed
    if hidden > _SLACK:
        raise AudioError(
            info.path,
            f"its header declares {info.seconds:.2f} s but {hidden:.2f} s more follow that it does not mention",
            "export it again, so that its header tells its real length",
        )


def with_size(file: IO[bytes], data: Data) -> tuple[Part, ...]:
    """Returns the view of a WAV in which the size of the sound is what is there.

    Args:
        file: The open file.
        data: Its chunk of sound.
    """
    file.seek(0)
    order = ">" if file.read(4) == b"RIFX" else "<"
    size = struct.pack(f"{order}I", min(data.there, 0xFFFFFFFE))
    return (0, data.start - 4), size, (data.start, data.start + data.there)


# ----------------------------------------------------------------------------------------------------------- Ogg

_LARGEST_PAGE = 27 + 255 + 255 * 255
_LAST_OF_STREAM = 4


def ogg_is_whole(file: IO[bytes], end: int) -> bool:
    """Whether the last page of an Ogg file is complete and marked as the last of its stream (RFC 3533).

    Args:
        file: An open Ogg file.
        end: Its size in bytes.
    """
    file.seek(max(0, end - 2 * _LARGEST_PAGE))
    tail = file.read()
    page = tail[max(tail.rfind(b"OggS"), 0) :]
    if len(page) < 27:
        return False
    segments = page[26]
    size = 27 + segments + sum(page[27 : 27 + segments])
    return len(page) >= size and bool(page[5] & _LAST_OF_STREAM)


# ------------------------------------------------------------------------------------------- Matroska and WebM

EBML = b"\x1a\x45\xdf\xa3"
"""What a Matroska or WebM file begins with."""

_MOST_ELEMENTS = 400_000
"""An hour of sound and pictures has as many; where there are more, libav judges alone."""

_OPEN_ENDED = (0x18538067, 0x1F43B675)
"""Segment and Cluster, which recorders open without knowing how long they will be."""


def webm_is_whole(file: IO[bytes], end: int) -> bool:
    """Whether no element claims bytes behind the end of the file (RFC 8794, RFC 9559).

    libav sees that by itself where the header states a length; a recording of a browser does not, and 2 s of 10 s would
    pass for the whole. One that stops between two blocks cannot be told from a whole one.

    Args:
        file: An open file.
        end: Its size in bytes.
    """
    content, at = Bytes(file, end), 0
    for _ in range(_MOST_ELEMENTS):
        if at >= end:
            break
        head = content.get(at, 12)
        id_size = _leading_zeros(head[0]) + 1
        if id_size > 4 or len(head) <= id_size:
            return False
        size_size = _leading_zeros(head[id_size]) + 1
        digits = head[id_size : id_size + size_size]
        if size_size > 8 or len(digits) < size_size:
            return False
        size = int.from_bytes(digits, "big") & ((1 << 7 * size_size) - 1)
        unknown = size == (1 << 7 * size_size) - 1
        at += id_size + size_size
        inside = int.from_bytes(head[:id_size], "big") in _OPEN_ENDED
        if unknown and not inside:
            return False
        if not unknown and at + size > end:
            return False
        if not (unknown and inside):
            at += size
    return True


def _leading_zeros(byte: int) -> int:
    return 8 - byte.bit_length()
