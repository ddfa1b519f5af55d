"""What two facts of an MPEG audio file need no decoder: how long a frame is, and whether the file tells its length."""

from __future__ import annotations

_V1_RATES = (44100, 48000, 32000)
_KBITS = {  # (MPEG-1?, layer) to kbit/s by index 1 to 14: ISO 11172-3 table 2.4.2.3, ISO 13818-3
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def is_mpeg(head: bytes) -> bool:
    """Whether a file begins like MPEG audio (MP3, AAC in ADTS): a frame's sync word or an ID3 tag."""
    return head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def frame_bytes(head: bytes) -> int:
    """Returns the length in bytes that an MPEG audio frame's header states; 0 where it states none.

    Args:
        head: The frame's first four bytes or more.
    """
    if len(head) < 4 or not is_mpeg(head) or head[:3] == b"ID3":
        return 0
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    index, rate_index, pad = head[2] >> 4, (head[2] >> 2) & 3, (head[2] >> 1) & 1
    if version == 1 or layer == 4 or not 0 < index < 15 or rate_index == 3:
        return 0
    bits = _KBITS[version == 3, layer][index - 1] * 1000
    rate = _V1_RATES[rate_index] // {3: 1, 2: 2, 0: 4}[version]
    if layer == 1:
        return (12 * bits // rate + pad) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // rate + pad


def states_length(first_frame: bytes) -> bool:
    """Whether an MP3's first frame is a header (Xing, Info or VBRI) that holds the number of frames.

    Args:
        first_frame: The first 200 bytes or so from the first frame on.
    """
    return any(tag in first_frame[4:60] for tag in (b"Xing", b"Info", b"VBRI"))


def first_frame_at(head: bytes) -> int:
    """Returns where the first frame should begin: behind the ID3v2 tag, if there is one.

    Args:
        head: The file's first ten bytes or more.
    """
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | (byte & 0x7F)
    return 10 + size + (10 if head[5] & 0x10 else 0)
