"""How the letters of a file are stored, and what a file is that is no text, by its beginning."""

from __future__ import annotations

from pathlib import Path

from qamro.studies.tables import StudyError

HEAD = 1 << 18
"""Bytes at the beginning that are looked at."""
EXCEL, PARQUET = b"PK\x03\x04", b"PAR1"
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"\x93NUMPY": "an array of NumPy",
    b"SQLite format 3": "a database of SQLite",
    b"%PDF": "a PDF",
    b"$FL2": "a data file of SPSS",
    b"MATLAB 5.0": "a data file of MATLAB",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "packed with gzip",
    b"BZh": "packed with bzip2",
    b"7z\xbc\xaf": "packed with 7-Zip",
    b"Rar!": "packed with RAR",
    b"RIFF": "a sound file",
    b"ID3": "a sound file",
    b"fLaC": "a sound file",
    b"OggS": "a sound file",
    b"\x80\x04": "a pickle of Python",
}
"""How files begin that are no text, and what they are."""


def no_text(head: bytes) -> str:
    """What a file is that is no table of text, by its beginning; empty where nothing tells."""
    start = head.lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<table")):
        return "a page of HTML or XML, whatever its ending"
    return next((what for magic, what in _MAGIC.items() if head.startswith(magic)), "")


def is_utf8(path: Path) -> bool:
    """Whether a file's beginning is UTF-8 or UTF-16, so that nobody has to say how its letters are stored."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    try:
        return head.startswith((EXCEL, PARQUET)) or bool(encoding_of(head, path))
    except StudyError:
        return False


def encoding_of(head: bytes, path: Path) -> str:
    """Returns how the letters of a file are stored, from its beginning: UTF-8 or UTF-16.

    Raises:
        StudyError: It is neither; what may be Latin-1 is not guessed, as no letter tells it apart from others.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head[1:200:2].count(0) > len(head[1:200:2]) * 0.4:
        return "utf-16-le"
    if head[0:200:2].count(0) > max(len(head[0:200:2]) * 0.4, 1):
        return "utf-16-be"
    if b"\0" in head:
        raise StudyError(f"{path} is not a table of text (it holds zero bytes); save it as CSV with UTF-8 encoding")
    try:
        head[: HEAD - 4].decode("utf-8")
    except UnicodeDecodeError as problem:
        if problem.start < len(head) - 8:
            ways = [f"if {looks!r} is right: --encoding {name}" for name, looks in _encodings(head, problem.start)]
            raise StudyError(
                f"{path} is not a table of text in UTF-8 ({problem}); save it as CSV with UTF-8 encoding, or say how "
                f"its letters are stored: {'; or '.join(ways)}"
            ) from problem
    return "utf-8-sig"


_ENCODINGS = {"latin-1": "cp1252", "shift_jis": "cp932", "gb18030": "gb18030", "euc_kr": "cp949", "cp1251": "cp1251"}
"""Encodings that are offered where a file is not UTF-8, and how each is tried."""


def _encodings(head: bytes, start: int) -> list[tuple[str, str]]:
    """Encodings that a file may be in, and what its first other letters are then; Latin-1 first, which fits any."""
    begin = max(head.rfind(b"\n", 0, start) + 1, start - 24, 0)
    end = head.find(b"\n", start)
    line = head[begin : min(end if end >= 0 else len(head), start + 60)]
    found = []
    for name, codec in _ENCODINGS.items():
        try:
            head[: head.rfind(b"\n") + 1].decode(codec)
            looks = line.decode(codec, errors="ignore").strip()[:16]
        except UnicodeDecodeError:
            continue
        letters = [c for c in looks if ord(c) > 127]
        script = {"cp932": "\u3040\u30ff", "cp949": "\uac00\ud7a3", "cp1251": "\u0400\u04ff"}.get(codec, "\u3000\u9fff")
        fits = sum(script[0] <= c <= script[1] or "\u4e00" <= c <= "\u9fff" for c in letters)
        if letters and (codec == "cp1252" or (len(letters) > 1 and 2 * fits > len(letters))):
            found.append((name, looks))
    return found or [("latin-1", line.decode("cp1252", errors="replace").strip()[:20])]
