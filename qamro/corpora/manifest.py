"""Manifests of any length: clips read one by one, and dealt out to shards on disk by the hash of their ids.

CSV, JSON lines and Parquet have the columns ``path`` (relative to the manifest, absolute, or an address) and, if
wanted, ``clip`` (the id; else the path), ``prompt``, ``system``, ``start`` and ``seconds``. A Parquet with a column
``audio`` of bytes, as datasets of the hub have it, holds the sound itself. Lhotse's cuts say where in a recording a
clip lies.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

IN_PARQUET = "parquet://"
"""How the address of sound inside a Parquet file begins: ``parquet://ROW::FILE``."""

_PATHS = ("path", "audio_filepath", "audio", "file", "filename", "url")
_IDS = ("clip", "id", "name")
_PROMPTS = ("prompt", "text", "caption")
_TEXT = 1_000
_ROWS_IN_MEMORY = 100_000


class ManifestError(ValueError):
    """A manifest cannot be used; names file, row and column."""


@dataclass(frozen=True)
class Entry:
    """A clip as a manifest names it.

    Attributes:
        clip: Its id, of which there is only one in the manifest.
        path: Where its sound is: a file, an address that fsspec knows (``s3://…``, ``tar://MEMBER::ARCHIVE``), or
            ``parquet://ROW::FILE``.
        prompt: What it was generated from; empty when unknown.
        system: What generated it; empty when unknown.
        start: Where in the file it begins, seconds.
        seconds: How long it lasts; 0 to the file's end.
        row: Its row in the manifest, from 1.
    """

    clip: str
    path: str
    prompt: str = ""
    system: str = ""
    start: float = 0.0
    seconds: float = 0.0
    row: int = 0


def is_manifest(path: Path) -> bool:
    """Whether a file's name is one of a manifest."""
    return path.name.lower().endswith((".csv", ".jsonl", ".jsonl.gz", ".parquet"))


def read_entries(path: Path) -> Iterator[Entry]:
    """Reads a manifest, row by row.

    Args:
        path: ``.csv``, ``.jsonl``, ``.jsonl.gz`` (also Lhotse's cuts) or ``.parquet``.

    Raises:
        FileNotFoundError: It is not there.
        ManifestError: A row names no sound, or cannot be read.
        ImportError: It is Parquet, and pyarrow is not installed.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no manifest {path}")
    name = path.name.lower()
    rows = _parquet(path) if name.endswith(".parquet") else _csv(path) if name.endswith(".csv") else _lines(path)
    folder = path.resolve().parent
    for number, row in enumerate(rows, 1):
        yield _entry(row, number, path, folder)


def fingerprint(path: Path) -> str:
    """Returns what a manifest is known by: a hash of its bytes, or of a Parquet file's size and footer."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if path.name.lower().endswith(".parquet"):
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - 8))
            footer = min(int.from_bytes(file.read(4), "little") + 8, size)
            file.seek(size - footer)
            digest.update(str(size).encode())
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def count_entries(path: Path) -> int:
    """Counts the rows of a manifest."""
    if path.name.lower().endswith(".parquet"):
        return need_pyarrow().ParquetFile(path).metadata.num_rows
    return sum(1 for _ in read_entries(path))


# Where a row says what.


def _entry(row: Mapping[str, Any], number: int, path: Path, folder: Path) -> Entry:
    try:
        if isinstance(row.get("recording"), Mapping):
            found = _cut(row)
        else:
            told = {key: row.get(key) for key in ("start", "seconds")}
            lengths = {key: float(value) for key, value in told.items() if value not in (None, "")}
            audio = _first(row, _PATHS)
            found = {"clip": _first(row, _IDS) or audio, "path": audio, "prompt": _first(row, _PROMPTS)}
            found |= {"system": _first(row, ("system",))} | lengths
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as problem:
        raise ManifestError(f"{path}, row {number}: {problem}") from problem
    if not found["path"]:
        named = ", ".join(list(map(str, row))[:8])
        raise ManifestError(f"{path}, row {number} names no sound; give a column path (it has {named})")
    where = str(found["path"])
    if "://" not in where and not os.path.isabs(where):
        where = str(folder / where)
    return Entry(**found | {"path": where, "row": number})


def _first(row: Mapping[str, Any], names: Iterable[str]) -> str:
    for name in names:
        value = row.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def _cut(row: Mapping[str, Any]) -> dict[str, Any]:
    sources = row["recording"]["sources"]
    source = sources[0]
    if len(sources) != 1 or source["type"] not in ("file", "url"):
        raise ValueError(f"the recording of cut {row.get('id')} is no single file or address")
    custom = row.get("custom") or {}
    told = [one.get("text") for one in row.get("supervisions") or [] if one.get("text")]
    start, seconds = float(row.get("start") or 0), float(row.get("duration") or 0)
    if start == 0 and abs(seconds - float(row["recording"].get("duration") or -1)) < 1e-6:
        seconds = 0.0  # the whole recording
    return {
        "clip": str(row["id"]),
        "path": source["source"],
        "prompt": str(custom.get("prompt") or (told[0] if told else "")),
        "system": str(custom.get("system") or ""),
        "start": start,
        "seconds": seconds,
    }


# How rows are read.


def _csv(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            reader.fieldnames = [str(name).strip().lower() for name in reader.fieldnames or []]
            yield from reader
        except (csv.Error, UnicodeDecodeError) as problem:
            raise ManifestError(f"{path}, line {reader.line_num + 1} cannot be read as CSV: {problem}") from problem


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with _opened(path) as file:
        number = 0
        try:
            for number, line in enumerate(file, 1):  # noqa: B007
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise ValueError("it is no object")
                    yield row
        except (ValueError, RecursionError, OSError, EOFError) as problem:
            raise ManifestError(f"{path}, line {max(1, number)} cannot be read as JSON: {problem}") from problem


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    if path.name.lower().endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield file
    else:
        with path.open(encoding="utf-8") as file:
            yield file


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        file = need_pyarrow().ParquetFile(path)
    except (OSError, ValueError) as problem:
        raise ManifestError(f"{path} cannot be read as Parquet: {problem}") from problem
    names = [
        name for name in file.schema_arrow.names if name in {*_PATHS, *_IDS, *_PROMPTS, "system", "start", "seconds"}
    ]
    held = holds_audio(file)
    number = 0
    for batch in file.iter_batches(4096, columns=[name for name in names if name != held]):
        for row in batch.to_pylist():
            if held:
                row["path"] = f"{IN_PARQUET}{number}::{path.resolve()}"
                row.setdefault("id", str(number))
            number += 1
            yield row


def holds_audio(file: Any) -> str:
    """Returns the column of a Parquet file that holds sound itself; empty where none does."""
    import pyarrow as pa

    for field in file.schema_arrow:
        if field.name == "audio" and pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0:
            return field.name
    return ""


def need_pyarrow() -> Any:
    """Returns ``pyarrow.parquet``.

    Raises:
        ImportError: It is not installed; says how to.
    """
    try:
        import pyarrow.parquet
    except ImportError as problem:
        raise ImportError("Parquet needs pyarrow, which is not installed: pip install 'qamro[corpora]'") from problem
    return pyarrow.parquet


# Shards on disk.


def deal_out(path: Path, folder: Path, shards: int) -> None:
    """Writes a manifest's clips into one file a shard, so that each shard can be read by itself.

    Whoever of several machines is done first wins; all write the same.

    Args:
        path: The manifest.
        folder: Made anew, and complete as soon as it is there.
        shards: How many.

    Raises:
        ManifestError: A clip's id stands twice, or a row cannot be read.
    """
    if folder.is_dir():
        return
    part = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}")
    part.mkdir(parents=True)
    try:
        waiting: dict[int, list[str]] = {}
        held = 0
        for entry in read_entries(path):
            waiting.setdefault(shard_of(entry.clip, shards), []).append(json.dumps(asdict(entry)))
            held += 1
            if held >= _ROWS_IN_MEMORY:
                _append(part, waiting)
                held = 0
        _append(part, waiting)
        for index in range(shards):
            _check_ids(list(shard_entries(part, index)), path)
        try:
            os.rename(part, folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def shard_of(clip: str, shards: int) -> int:
    """Returns the shard that a clip belongs to, whatever else is in the manifest."""
    return int.from_bytes(hashlib.sha256(clip.encode("utf-8", "surrogatepass")).digest()[:8], "big") % shards


def shard_entries(folder: Path, index: int) -> Iterator[Entry]:
    """Reads the clips of a shard."""
    file = folder / f"{index}.jsonl"
    if file.is_file():
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                yield Entry(**json.loads(line))


def _append(folder: Path, waiting: dict[int, list[str]]) -> None:
    for index, lines in waiting.items():
        with (folder / f"{index}.jsonl").open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
    waiting.clear()


def _check_ids(entries: list[Entry], path: Path) -> None:
    first: dict[str, int] = {}
    for entry in entries:
        if entry.clip in first:
            raise ManifestError(
                f"{path}, row {entry.row}: clip {entry.clip[:_TEXT]!r} stands in row {first[entry.clip]} already; "
                "give each row an id of its own in a column clip"
            )
        first[entry.clip] = entry.row
