"""Holds what a container claims about its own length against the bytes that are there.

libsndfile trusts the end of the file more than the header: it decodes a WAV whose second half is missing, and an Ogg
file that stops in the middle of a page, as a shorter sound and says nothing. Here that is an error.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import IO

from qamro.audio.errors import AudioError
from qamro.audio.limits import AudioInfo

_UNKNOWN = 0x7FFF0000
"""Data sizes from here on mean "not known yet": encoders that write into a pipe leave 0, 0xFFFFFFFF (ffmpeg),
0x7FFFF000 (SoX) or 0x80000000 (arecord), and never come back to correct it."""

_SLACK = 0.1
"""Seconds of bytes behind the data that no header accounts for and that are let go as padding."""

TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN", b"\x00\x00\x00\x00")
"""How the tags begin that stand behind the sound of a file, and padding."""

_OGG_PAGE = 27 + 255 + 255 * 255


def check_claims(file: IO[bytes], info: AudioInfo) -> None:
    """Compares the lengths that a WAV, AIFF or Ogg container claims with what is there.

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
        if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM"):
            _check_chunks(file, head, info)
        elif head[:4] == b"OggS":
            _check_ogg(file, info)
    finally:
        file.seek(position)


def cut_off(info: AudioInfo, there: float, claimed: float) -> AudioError:
    """Returns the error for a file that ends early.

    Args:
        info: The file.
        there: Seconds that can be decoded.
        claimed: Seconds that there should be; NaN when not known.
    """
    part = "its end is missing" if math.isnan(there) else f"only {there:.2f} s"
    if not math.isnan(there):
        part += " can be decoded" if math.isnan(claimed) else f" of {claimed:.2f} s can be decoded"
    return AudioError(info.path, f"is cut off or damaged: {part}", "export or download it again")


def _check_chunks(file: IO[bytes], head: bytes, info: AudioInfo) -> None:
    order = ">" if head[:4] in (b"RIFX", b"FORM") else "<"
    wide_size = 0
    for name, claimed, start in _chunks(file, order, 12, info.bytes):
        if name == b"ds64":
            file.seek(start + 8)
            wide_size = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))[0]
        if name in (b"data", b"SSND"):
            size = wide_size if head[:4] in (b"RF64", b"BW64") and claimed == 0xFFFFFFFF else claimed
            _check_data(file, order, start, size, info)
            return


def _check_data(file: IO[bytes], order: str, start: int, size: int, info: AudioInfo) -> None:
    there = info.bytes - start
    if (size == 0 and not _accounted(file, order, start, info.bytes)) or (size >= _UNKNOWN and size > there):
        return
    if size == 0:
        raise AudioError(info.path, "holds no samples", "export it again")
    if size > there:
        raise cut_off(info, info.seconds, info.seconds * size / max(there, 1))
    hidden = info.seconds * (there - size) / size
    if hidden > _SLACK and not _accounted(file, order, start + size, info.bytes):
        raise AudioError(
            info.path,
            f"its header declares {info.seconds:.2f} s but is followed by {hidden:.2f} s more that it does not mention",
            "export it again, so that its header tells its real length",
        )


def _chunks(file: IO[bytes], order: str, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Walks a chain of chunks; yields (name, claimed size, where its content starts)."""
    while start + 8 <= end:
        file.seek(start)
        name, size = struct.unpack(f"{order}4sI", file.read(8))
        yield name, size, start + 8
        start += 8 + size + size % 2


def _accounted(file: IO[bytes], order: str, start: int, end: int) -> bool:
    """Whether everything from ``start`` on is further chunks, a known tag or padding."""
    file.seek(start)
    rest = file.read(12)
    if len(rest) < 8 or rest.startswith(TAGS):
        return True
    for at in (start, start + 1):  # with and without the pad byte after an odd length
        chain = list(_chunks(file, order, at, end)) if at + 8 <= end else []
        if chain and all(name.isascii() and name.decode().isprintable() for name, _, _ in chain):
            _, size, content = chain[-1]
            if content + size <= end:
                return True
    return False


def _check_ogg(file: IO[bytes], info: AudioInfo) -> None:
    """Looks at the last page: a whole file ends with a complete one that is marked as the end of its stream."""
    file.seek(max(0, info.bytes - 2 * _OGG_PAGE))
    tail = file.read()
    at = tail.rfind(b"OggS\x00")
    page = tail[at:]
    whole = at >= 0 and len(page) >= 27 and len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])
    if not whole or not page[5] & 4:
        raise cut_off(info, info.seconds, float("nan"))
