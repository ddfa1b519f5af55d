"""Four hundred bad inputs made by code: every format cut, bent and lied about, bombs, polyglots, tables and zips.

What each is worth is not said here: a cut MP3 may still be sound. All that is asked of a file is an answer in time:
sound or scores, or an error in plain words. ``benchmarks/fuzz.py`` makes as many more as one likes.
"""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from audio_files import BAD, GOOD, HOSTILE_NAMES, make_bad, make_good, tone, wav_bytes

CUTS = (1, 4, 11, 40, 0.1, 0.5, 0.9, 0.999)
LIES = (0, 1, 0x7F, 0xFF)


@lru_cache(1)
def good_files() -> dict[str, bytes]:
    """A third of a second of sound in every format, by its file name."""
    with TemporaryDirectory() as folder:
        paths = [make_good(kind, Path(folder), seconds=0.3, channels=1 + (i % 2)) for i, kind in enumerate(GOOD)]
        return {path.name: path.read_bytes() for path in paths}


def sounds() -> Iterator[tuple[str, bytes]]:
    """Yields names and bytes of files that claim to be sound, always the same."""
    rng = random.Random(20)
    for name, data in good_files().items():
        stem, _, ending = name.rpartition(".")
        for cut in CUTS:
            size = cut if isinstance(cut, int) else int(cut * len(data))
            yield f"{stem}-cut-{cut}.{ending}", data[:size]
        for flips in (1, 8, 64):
            yield f"{stem}-flip-{flips}.{ending}", flipped(data, flips, rng)
        for i in range(4):
            yield f"{stem}-head-{i}.{ending}", flipped(data[:100], 3, rng) + data[100:]
        for lie in LIES:
            at = rng.randrange(4, min(60, len(data) - 4))
            yield f"{stem}-lie-{lie}.{ending}", data[:at] + bytes([lie]) * 4 + data[at + 4 :]
        yield f"{stem}-twice.{ending}", data + data
        yield f"{stem}-tail.{ending}", data + rng.randbytes(300)
        yield f"{stem}-zip.{ending}", data + zip_of({"a.wav": b"x"})
    with TemporaryDirectory() as folder:
        for kind in BAD:
            if kind != "over_an_hour":
                path, _ = make_bad(kind, Path(folder))
                yield f"bad-{path.name}", path.read_bytes()
    yield from bombs()
    for i, name in enumerate(HOSTILE_NAMES):
        yield name, wav_bytes(tone(0.2))[: None if i % 2 else 60]


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yields small files that promise, nest or repeat very much."""
    yield "chunks.wav", b"RIFF" + struct.pack("<I", 2**31) + b"WAVE" + b"junk\0\0\0\0" * 300_000
    yield "chunks.aiff", b"FORM" + struct.pack(">I", 2**31) + b"AIFF" + b"junk\0\0\0\0" * 300_000
    flac = bytearray(good_files()["flac.flac"])
    for name, rate, samples in (("hour", 384_000, 384_000 * 3599), ("endless", 655_350, 2**36 - 1), ("none", 1, 1)):
        flac[18:26] = ((rate << 44 | 15 << 36 | samples) & (2**64 - 1)).to_bytes(8, "big")
        yield f"{name}.flac", bytes(flac)
    webm = good_files()["webm.webm"]
    yield "voids.webm", webm + b"\xec\x80" * 500_000
    yield "segments.webm", webm[:40] + bytes.fromhex("18538067 01ffffffffffffff") * 20_000
    yield "id3.mp3", b"ID3\x04\0\0\0\0\0\0" * 100_000 + good_files()["mp3.mp3"]
    yield "sync.mp3", b"\xff\xfb\x90\x00" * 250_000
    yield "pages.ogg", (b"OggS" + bytes(22) + b"\xff" + b"\xff" * 255) * 2_000
    yield "atoms.m4a", b"\0\0\0\x08free" * 200_000 + good_files()["m4a.m4a"]
    yield "moov.m4a", b"\0\0\0\x20ftypM4A " + bytes(20) + b"\x7f\xff\xff\xffmoov" * 5_000
    yield "list.wav", b"#EXTM3U\n" + b"file:///etc/passwd\n" * 1000
    yield "pdf.wav", b"%PDF-1.7" + wav_bytes(tone(0.3))
    yield "gif.flac", b"GIF89a" + bytes(flac)


def tables() -> Iterator[tuple[str, bytes]]:
    """Yields names and bytes of files that claim to be ratings, predictions or manifests."""
    rng = random.Random(21)
    good = "clip,system,rater,axis,score\n" + "".join(f"c{i}.wav,s{i % 3},r{i % 4},MI,{1 + i % 5}\n" for i in range(40))
    data = good.encode()
    for cut in (0, 1, 5, 30, 200):
        yield f"cut-{cut}.csv", data[:cut]
    for i in range(15):
        yield f"flip-{i}.csv", flipped(data, 10, rng)
    odd = {
        "nul": data.replace(b"r1", b"r\0"), "utf16": good.encode("utf-16"),
        "latin": good.replace("s1", "é").encode("latin-1"),
        "quotes": data.replace(b"s1", b'"'), "bom": b"\xef\xbb\xbf" * 3 + data, "cr": data.replace(b"\n", b"\r"),
        "semicolon": data.replace(b",", b";"), "huge-cell": data.replace(b"s1", b"x" * 200_000, 1),
        "columns": b",".join(b"q%d" % i for i in range(20_000)) + b"\n" + b",".join([b"3"] * 20_000),
        "axes": b"clip,rater,axis,score\n" + b"".join(b"c%d,r,a%d,3\n" % (i % 50, i) for i in range(10_000)),
        "inf": data.replace(b",3\n", b",inf\n"), "long-number": data.replace(b",3\n", b"," + b"9" * 5000 + b"\n"),
        "formula": data.replace(b"s1", b"=cmd|' /C calc'!A0"), "header-only": data[:30],
        "same-columns": b"clip,clip,clip\na,b,c\n", "blank": b"\n" * 50_000, "binary": rng.randbytes(5_000),
    }  # fmt: skip
    yield from ((f"{name}.csv", content) for name, content in odd.items())
    rows = [{"clip": f"c{i}", "MI": 3} for i in range(5)]
    trees = {
        "deep": "[" * 100_000, "deep-object": '{"a":' * 50_000, "closed": "[" * 5_000 + "]" * 5_000, "scalar": "3",
        "nan": "[NaN]", "keys": json.dumps([{f"q{i}": 1 for i in range(20_000)}]), "cut": json.dumps(rows)[:-5],
        "mixed": '[1, "a", null, {"clip": [1]}]', "nested": json.dumps([{"clip": {"clip": rows}}] * 3), "empty": "",
        "big-number": '[{"clip": "a", "MI": ' + "9" * 5_000 + "}]", "surrogate": '[{"clip": "\\ud800", "MI": 1}]',
    }  # fmt: skip
    for name, text in trees.items():
        yield f"{name}.json", text.encode()
        yield f"{name}.jsonl", text.encode()
    many = {f"d/{i}.wav": b"" for i in range(20_001)}
    zips = {
        "many": many, "bomb": {"a.csv": bytes(30_000_000)}, "up": {"../../a.csv": data}, "nothing": {},
        "nested": {"a.zip": zip_of({"b.zip": zip_of({"c.csv": data})})}, "deep": {"d/" * 200 + "a.csv": data},
        "absolute": {"/etc/a.csv": data},
        "long": {"n" * 300 + ".csv": data}, "bad-table": {"ratings.csv": b"\0\xff" * 500}, "drive": {"C:\\a.csv": data},
    }  # fmt: skip
    for name, members in zips.items():
        yield f"{name}.zip", zip_of(members)
    packed = zip_of({"ratings.csv": data})
    for i in range(8):
        yield f"flip-{i}.zip", flipped(packed, 6, rng)
        yield f"cut-{i}.zip", packed[: len(packed) * i // 8]
    yield "flip.xlsx", flipped(zip_of({"xl/workbook.xml": b"<x>" * 1000}), 3, rng)


def flipped(data: bytes, count: int, rng: random.Random) -> bytes:
    """Flips bits somewhere."""
    changed = bytearray(data)
    for _ in range(count if data else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def zip_of(members: dict[str, bytes]) -> bytes:
    """A zip in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()
