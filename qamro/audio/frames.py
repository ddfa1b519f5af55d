"""MP3 and FLAC without a length in their header, counted frame by frame.

libsndfile guesses the length of an MP3 from its first frame. Of 10 s without a Xing header (noise whose level changes)
it gave 2.87 s, of the file's first half 1.44 s, and no error: scores would be of another sound than raters heard, and
nobody would be told. It refuses a FLAC that was written into a pipe. Here frames are counted, and libsndfile is shown a
view of the file in which a header has the right count. The walk reads forward in blocks and gives up after a bounded
number of steps.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import IO

from qamro.audio.containers import TAGS, Bytes, Part

_SLACK = 0.1
"""Seconds by which an MP3 may be shorter than it states: encoders count padding differently."""

_MOST_TAGS = 10_000
_MOST_GUESSES = 200_000
"""Places at which a frame might begin that are tried in one file, beyond the frames themselves."""


# ---------------------------------------------------------------------------------------------------------- FLAC

_FLAC_FRAME = re.compile(rb"\xff[\xf8\xf9][\x10-\xfe][\x00-\xae]")


@dataclass(frozen=True)
class Flac:
    """A FLAC whose header states no length, as its frames tell it.

    Attributes:
        whole: Whether no frame is missing before the last.
        parts: What libsndfile is to read: the file with the right count in its header.
    """

    whole: bool
    parts: tuple[Part, ...]


def read_flac(file: IO[bytes], start: int, end: int) -> Flac | None:
    """Counts the samples of a FLAC that an encoder wrote into a pipe, so that its header does not.

    Frames are found by their headers, whose checksum must hold (RFC 9639): they are numbered, so that one that was lost
    is noticed.

    Args:
        file: The open file.
        start: Where ``fLaC`` stands.
        end: The file's size in bytes.

    Returns:
        None where the header states a length, or nothing can be made of it.
    """
    content = Bytes(file, end)
    info = content.get(start + 8, 18)
    facts = int.from_bytes(info[10:18], "big")
    if len(info) < 18 or facts & (2**36 - 1):
        return None
    samples, number, astray = 0, 0, 0
    for guess, at in enumerate(content.find(_FLAC_FRAME, start + 42)):
        if guess > 10 * _MOST_GUESSES:
            return None
        frame = _flac_frame(content.get(at, 16))
        if frame is None:
            continue
        own, block = frame
        if own == (samples if content.get(at + 1, 1) == b"\xf9" else number):
            samples, number, astray = samples + block, number + 1, 0
        else:
            astray += 1  # by chance one in 256 of what looks like a frame in the data
            if astray > 3:
                break
    if not 0 < samples < 2**36:
        return None
    parts = (start, start + 18), (facts | samples).to_bytes(8, "big"), (start + 26, end)
    return Flac(astray <= 3, parts)


def _flac_frame(head: bytes) -> tuple[int, int] | None:
    """Returns a frame's number (of itself or of its first sample) and its length in samples; None where it is none."""
    if len(head) < 6:
        return None
    ones = 8 - (head[4] ^ 0xFF).bit_length()
    if ones in (1, 8) or len(head) < 5 + max(ones, 1) + 4:
        return None
    number = head[4] & (0x7F >> ones)
    for byte in head[5 : 4 + ones]:
        number = number << 6 | (byte & 0x3F)
    at = 4 + max(ones, 1)
    code, rate = head[2] >> 4, head[2] & 15
    if code == 1:
        block = 192
    elif code < 6:
        block = 144 << code
    elif code > 7:
        block = 1 << code
    else:
        size = code - 5
        block, at = int.from_bytes(head[at : at + size], "big") + 1, at + size
    at += {12: 1, 13: 2, 14: 2}.get(rate, 0)
    return (number, block) if _crc8(head[:at]) == head[at] else None


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


# ---------------------------------------------------------------------------------------------------- MPEG audio

_RATES = (44100, 48000, 32000)
_KBITS = {  # (MPEG-1?, layer) to kbit/s by index 1 to 14: ISO 11172-3 table 2.4.2.3, ISO 13818-3
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG_FRAME = re.compile(rb"\xff[\xe2-\xff][\x10-\xef]")
_DELAY = 529
"""Samples by which a decoder of layer III lags behind."""

_IN_A_ROW = 4
"""Frames that must follow each other where sound is looked for behind something else."""


@dataclass(frozen=True)
class MpegFrame:
    """What a frame's header says: ``bytes`` and ``samples`` it lasts, and what must not change within a file."""

    bytes: int
    samples: int
    layer: int
    rate: int
    channels: int


@dataclass(frozen=True)
class Mpeg:
    """An MP3, or a file of MPEG layers I and II, as its frames tell it.

    Attributes:
        first: Its first frame's header.
        seconds: Sum of all frames; where it exceeded what was asked for, what the header says or infinite.
        stated: What its Xing, Info or VBRI header says; NaN without one.
        cut: Whether its end or something in its middle is missing.
        changes: Whether sample rate, layer or channels change midway.
        parts: What libsndfile is to read of an MP3: a header with the right count, and the frames without tags.
    """

    first: MpegFrame
    seconds: float
    stated: float
    cut: bool
    changes: bool
    parts: tuple[Part, ...]


@lru_cache(4096)
def mpeg_frame(head: bytes) -> MpegFrame | None:
    """Reads the header of a frame of MPEG audio; None where it is none, or states no length ("free format").

    Args:
        head: The frame's first four bytes.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE2:
        return None
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    index, rate_index, pad = head[2] >> 4, (head[2] >> 2) & 3, (head[2] >> 1) & 1
    if version == 1 or layer == 4 or not 0 < index < 15 or rate_index == 3:
        return None
    bits = _KBITS[version == 3, layer][index - 1] * 1000
    rate = _RATES[rate_index] // {3: 1, 2: 2, 0: 4}[version]
    channels = 1 if head[3] >> 6 == 3 else 2
    if layer == 1:
        return MpegFrame((12 * bits // rate + pad) * 4, 384, layer, rate, channels)
    half = layer == 3 and version != 3
    return MpegFrame((72 if half else 144) * bits // rate + pad, 576 if half else 1152, layer, rate, channels)


def skip_id3(file: IO[bytes]) -> int:
    """Returns where a file begins behind its ID3v2 tags."""
    at = 0
    for _ in range(_MOST_TAGS):
        file.seek(at)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            break
        size = 0
        for byte in head[6:10]:
            size = size << 7 | (byte & 0x7F)
        at += 10 + size + (10 if head[5] & 0x10 else 0)
    return at


def read_mpeg(file: IO[bytes], start: int, end: int, most_seconds: float) -> Mpeg | None:
    """Walks the frames of an MP3.

    Tags between joined files and behind the sound are left out. Frames behind anything else mean that bytes are lost.

    Args:
        file: The open file.
        start: Where to begin: behind ID3v2 tags, or where the sound of a WAV begins.
        end: Where it ends.
        most_seconds: Where to stop, because nobody wants more.

    Returns:
        None where there are no frames.
    """
    content = Bytes(file, end)
    at = _next_mpeg(content, start, 64)
    if at is None or (first := mpeg_frame(content.get(at, 4))) is None:
        return None
    header = content.get(at, min(first.bytes, 2048))
    tag = next((place for name in (b"Xing", b"Info", b"VBRI") if (place := header.find(name, 4, 60)) > 0), 0)
    stated = _stated_frames(header, tag)
    if tag:
        at += first.bytes
    frames, most = 0, most_seconds * first.rate / first.samples
    begin, spans = at, list[tuple[int, int]]()
    cut = changes = tagged = False
    while at < end and frames <= most:
        frame = mpeg_frame(content.get(at, 4))
        if frame is not None and (frame.rate, frame.channels, frame.layer) == (first.rate, first.channels, first.layer):
            if at + frame.bytes > end:
                cut = True
                break
            frames += 1
            at += frame.bytes
            continue
        spans.append((begin, at))
        tagged = content.get(at, 12).startswith(TAGS)
        onward = _next_mpeg(content, at, _MOST_GUESSES)
        begin = at if onward is None else onward
        if onward is None:
            break
        other = mpeg_frame(content.get(onward, 4))
        changes = other is not None and (other.rate, other.channels, other.layer) != (
            first.rate,
            first.channels,
            first.layer,
        )
        cut = not tagged and not changes
        if cut or changes:
            break
        at = onward
    if begin < at:
        spans.append((begin, at))
    step = first.samples / first.rate
    endless = frames > most
    cut = cut or (not tagged and not endless and frames < (stated or 0) - _SLACK / step)
    size = sum(b - a for a, b in spans)
    made = _counting_header(header, tag, first, frames, size) if first.layer == 3 else b""
    seconds = frames * step
    if endless:
        seconds = stated * step if stated and stated > frames else math.inf
    return Mpeg(first, seconds, stated * step if stated else math.nan, cut, changes, (made, *spans))


def _next_mpeg(content: Bytes, at: int, guesses: int) -> int | None:
    """Finds where several frames of one kind follow each other, or one that ends with the file."""
    for guess, place in enumerate(content.find(_MPEG_FRAME, at)):
        if guess >= guesses:
            return None
        spot, kinds = place, set[tuple[int, int, int]]()
        for _ in range(_IN_A_ROW):
            frame = mpeg_frame(content.get(spot, 4))
            if frame is None:
                break
            kinds.add((frame.rate, frame.channels, frame.layer))
            spot += frame.bytes
            if spot >= content.end:
                break
        else:
            frame = None if len(kinds) > 1 else frame
        if frame is not None and len(kinds) == 1:
            return place
    return None


def _stated_frames(header: bytes, tag: int) -> int | None:
    if not tag:
        return None
    if header[tag : tag + 4] == b"VBRI":
        return int.from_bytes(header[tag + 14 : tag + 18], "big") or None
    counts = header[tag + 7 : tag + 8] and header[tag + 7] & 1
    return int.from_bytes(header[tag + 8 : tag + 12], "big") or None if counts else None


def _counting_header(header: bytes, tag: int, first: MpegFrame, frames: int, size: int) -> bytes:
    """Returns a first frame that states the number of frames: the file's own, mended, or one made for the file.

    The file's own is kept where it can be, because it also says how many samples at both ends are padding.
    """
    complete = tag > 0 and len(header) == first.bytes and len(header) >= tag + 16
    if complete and header[tag : tag + 4] != b"VBRI" and header[tag + 7] & 1:
        own = bytearray(header)
        own[tag + 8 : tag + 12] = frames.to_bytes(4, "big")
        if own[tag + 7] & 2:
            own[tag + 12 : tag + 16] = min(size + len(own), 2**32 - 1).to_bytes(4, "big")
        return bytes(own)
    head = bytes([0xFF, header[1] | 1, 0x90 | header[2] & 0x0C, header[3]])
    whole = first.samples == 1152
    side = (32 if whole else 17) if first.channels == 2 else (17 if whole else 9)
    frame = mpeg_frame(head)
    assert frame is not None
    # A decoder that is told a count leaves out the first 529 samples, its own delay, and what is declared as padding
    # besides: a frame of silence goes in front, so that all that is left out is that frame, and nothing at the end.
    padding = (first.samples - _DELAY << 12 | _DELAY).to_bytes(3, "big")
    facts = b"Xing" + struct.pack(">II", 1, frames + 1) + b"LAME3.100".ljust(21, b"\0") + padding
    return (head + bytes(side) + facts).ljust(frame.bytes, b"\0") + head.ljust(frame.bytes, b"\0")
