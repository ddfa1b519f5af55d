"""The clips of a corpus, counted, and dealt out to shards on disk by the hash of their ids."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from qamro.studies.manifest import Entry, ManifestError, need_pyarrow, read_entries

_TEXT = 1_000
_ROWS_IN_MEMORY = 100_000


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
