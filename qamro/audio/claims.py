"""Holds what a container claims about its own length against the bytes that are there.

libsndfile trusts the end of the file more than its header: it decodes a WAV whose second half is missing, or an Ogg
file that stops in the middle of a page, as a shorter sound, and says nothing. Here that is an error.
"""

from __future__ import annotations

import math
from typing import IO

from qamro.audio import chunks, ogg
from qamro.audio.errors import AudioError
from qamro.audio.limits import AudioInfo

_SLACK = 0.1
"""Seconds of unexplained bytes behind the data of a WAV that are let go as somebody's padding."""


def check_claims(file: IO[bytes], info: AudioInfo) -> None:
    """Compares the length that a WAV, AIFF or Ogg file claims with what is there.

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
        if head[:4] in chunks.CONTAINERS:
            _check_chunks(file, info)
        elif head[:4] == b"OggS" and not ogg.is_whole(file, info.bytes):
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
    if math.isnan(there):
        part = "its end is missing"
    elif math.isnan(claimed):
        part = f"only {there:.2f} s can be decoded"
    elif claimed - there < 0.01:
        part = f"the last {1000 * (claimed - there):.2g} ms are missing"
    else:
        part = f"only {there:.2f} s of {claimed:.2f} s can be decoded"
    return AudioError(info.path, f"is cut off or damaged: {part}", "export or download it again")


def _check_chunks(file: IO[bytes], info: AudioInfo) -> None:
    data = chunks.find_data(file, info.bytes)
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
