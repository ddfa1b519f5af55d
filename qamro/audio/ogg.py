"""Whether an Ogg file has its end (RFC 3533)."""

from __future__ import annotations

from typing import IO

_LARGEST_PAGE = 27 + 255 + 255 * 255
_LAST_OF_STREAM = 4


def is_whole(file: IO[bytes], end: int) -> bool:
    """Whether the last page is complete and marked as the last of its stream.

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
