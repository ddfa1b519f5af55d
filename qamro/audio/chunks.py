"""How much sound a WAV or AIFF file claims to hold, and how much is there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

CONTAINERS = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM")
"""What files made of chunks begin with: WAV, its big-endian and its 64-bit variants, AIFF."""

TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN", b"\x00\x00\x00\x00")
"""How the tags begin that stand behind the sound of a file, and padding."""

_UNKNOWN = 0x7FFF0000
"""Sizes from here on mean "not known yet" where the file is smaller: encoders that write into a pipe leave 0,
0xFFFFFFFF (ffmpeg), 0x7FFFF000 (SoX) or 0x80000000 (arecord), and never come back to correct it."""


@dataclass(frozen=True)
class Data:
    """The chunk that holds the sound.

    Attributes:
        claimed: Its size in bytes by its header.
        there: Bytes from its start to the end of the file.
        hidden: Bytes behind its claimed end that are neither chunks nor a tag nor padding.
        unknown: Whether its header leaves the size open, so that it lasts to the end of the file.
    """

    claimed: int
    there: int
    hidden: int
    unknown: bool


def find_data(file: IO[bytes], end: int) -> Data | None:
    """Finds the sound's chunk.

    Args:
        file: An open file that begins with one of ``CONTAINERS``.
        end: Its size in bytes.

    Returns:
        What it claims; None where there is no such chunk.
    """
    file.seek(0)
    kind = file.read(4)
    order = ">" if kind in (b"RIFX", b"FORM") else "<"
    wide = 0
    for name, size, start in _walk(file, order, 12, end):
        if name == b"ds64":  # sizes of more than 32 bits, in RF64 and BW64
            file.seek(start + 8)
            wide = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))[0]
        elif name in (b"data", b"SSND"):
            claimed = wide if kind in (b"RF64", b"BW64") and size == 0xFFFFFFFF else size
            there, behind = end - start, min(start + claimed, end)
            hidden = 0 if _accounted(file, order, behind, end) else end - behind
            unknown = (claimed == 0 and hidden > 0) or (claimed >= _UNKNOWN and claimed > there)
            return Data(claimed, there, hidden, unknown)
    return None


def _walk(file: IO[bytes], order: str, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Walks a chain of chunks: name, claimed size, where the content starts."""
    while start + 8 <= end:
        file.seek(start)
        name, size = struct.unpack(f"{order}4sI", file.read(8))
        yield name, size, start + 8
        start += 8 + size + size % 2


def _accounted(file: IO[bytes], order: str, start: int, end: int) -> bool:
    """Whether everything from ``start`` on is chunks, a known tag or padding."""
    file.seek(start)
    rest = file.read(12)
    if len(rest) < 8 or rest.startswith(TAGS):
        return True
    for first in (start, start + 1):  # some writers leave out the pad byte after an odd size, some do not
        content = end
        for name, size, at in _walk(file, order, first, end):
            if not (name.isascii() and name.decode().isprintable()):
                break
            content = at + size
        else:
            if content <= end:
                return True
    return False
