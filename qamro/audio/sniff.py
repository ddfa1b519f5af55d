"""Says what a file that is no sound seems to be, so that the error helps."""

from __future__ import annotations

_SIGNATURES = (
    (b"version https://git-lfs", "a Git LFS pointer; the sound itself was not fetched (git lfs pull)"),
    (b"MThd", "a MIDI file, notes without sound"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
)


def what_it_is(head: bytes) -> str:
    """Says in a few words what a file that is no sound seems to be.

    Args:
        head: Its first few hundred bytes or more.
    """
    for magic, name in _SIGNATURES:
        if head.startswith(magic):
            return f"it is {name}"
    text = _as_text(head)
    if text is None:
        return "its content is of no known audio format, or is damaged"
    if text.lstrip().lower().startswith(("<!doctype html", "<html")):
        return "it is a web page, perhaps what a failed download left"
    return f"it holds text that begins {text.strip()[:30]!r}"


def _as_text(head: bytes) -> str | None:
    try:
        # The last character may be cut in half.
        text = head.decode("utf-8-sig", errors="strict" if len(head) < 4096 else "ignore")
    except UnicodeDecodeError:
        return None
    return text if text.strip() and all(c.isprintable() or c in "\t\r\n\f" for c in text) else None
