"""Whether a Matroska or WebM file has its end (RFC 8794, RFC 9559)."""

from __future__ import annotations

from typing import IO

MAGIC = b"\x1a\x45\xdf\xa3"
"""What a Matroska or WebM file begins with."""

_CONTAINERS = (0x18538067, 0x1F43B675)
"""Segment and Cluster, which recorders open without knowing how long they will be."""


def is_whole(file: IO[bytes], end: int) -> bool:
    """Whether no element claims bytes behind the end of the file.

    A recording that stops between two blocks, without a stated length, cannot be told from a whole one.

    Args:
        file: An open file.
        end: Its size in bytes.
    """
    at = 0
    while at < end:
        file.seek(at)
        head = file.read(12)
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
        inside = int.from_bytes(head[:id_size], "big") in _CONTAINERS
        if unknown and not inside:
            return False
        if not unknown and at + size > end:
            return False
        if not (unknown and inside):
            at += size
    return True


def _leading_zeros(byte: int) -> int:
    return 8 - byte.bit_length()
