"""A manifest: a file that names clips, one a row, with prompts and systems; read alike by terminal, app and corpora.

CSV (an audiofolder's ``metadata.csv`` too), JSON lines and Parquet have the columns ``path`` (relative to the manifest,
absolute, or an address) and, if wanted, ``clip`` (what to call it), ``prompt``, ``system``, ``start`` and ``seconds``.
A Parquet with a column ``audio`` of bytes, as data sets of the hub have it, holds the sound itself. Lhotse's cuts say
where in a recording a clip lies.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from qamro.studies.tables import VERBATIM, StudyError

FORMS = (".csv", ".jsonl", ".jsonl.gz", ".parquet")
"""How the name of a manifest ends."""

PLAIN = (".csv", ".jsonl")
"""Those that are no larger in memory than on disk, and so may come from strangers."""

IN_PARQUET = "parquet://"
"""How the address of sound inside a Parquet file begins: ``parquet://ROW::FILE``."""

FILES = ("path", "audio_filepath", "audio", "file", "filename", "file_name", "url")
"""What the column of the sound may be called; the first that says something in a row. Without one, a name is a file."""

PROMPTS = ("prompt", "text", "caption")
NAMES = ("clip", "name")
_IDS = ("clip", "id", "name")
_OTHERS = ("system", "source", "start", "seconds")


class ManifestError(StudyError):
    """A manifest cannot be used; names file, row and column."""


_NAMED = 12
"""As many columns are named where none holds files."""


@dataclass(frozen=True)
class Entry:
    """A clip as a manifest names it.

    Attributes:
        clip: What it is called; the path as it is written there where nothing else does.
        path: Where its sound is: a file, an address that fsspec knows (``s3://…``, ``tar://MEMBER::ARCHIVE``), or
            ``parquet://ROW::FILE``.
        prompt: What it was generated from; empty when unknown.
        system: What generated it; empty when unknown.
        start: Where in the file it begins, seconds.
        seconds: How long it lasts; 0 to the file's end.
        row: Its row in the manifest, from 1.
        source: What versions of the same content share; empty when unknown.
        named: Whether the manifest itself says what it is called.
    """

    clip: str
    path: str
    prompt: str = ""
    system: str = ""
    start: float = 0.0
    seconds: float = 0.0
    row: int = 0
    source: str = ""
    named: bool = field(default=True, compare=False)

    @property
    def is_file(self) -> bool:
        """Whether it is the whole of a file, and not a part of one, nor at an address or inside an archive."""
        return "://" not in self.path and not self.start and not self.seconds


def is_manifest(path: Path) -> bool:
    """Whether a file's name is one of a manifest."""
    return path.name.lower().endswith(FORMS)


def read_manifest(path: Path | str) -> list[Entry]:
    """Reads a manifest whole; the ``clips.csv`` of a study is one.

    Raises:
        FileNotFoundError: There is no such file.
        ManifestError: A row names no sound or cannot be read, or the same sound stands twice; names the row.
        ImportError: It is Parquet, and pyarrow is not installed.
    """
    entries = list(read_entries(Path(path)))
    first: dict[tuple[str, float, float], int] = {}
    for entry in entries:
        row = first.setdefault((entry.path, entry.start, entry.seconds), entry.row)
        if row != entry.row:
            name = Path(entry.path).name
            raise ManifestError(f"{path}, row {entry.row}: {name} stands in row {row} already; remove one")
    return entries


def read_entries(path: Path) -> Iterator[Entry]:
    """Reads a manifest of any length, row by row; see ``read_manifest``."""
    folder = path.resolve().parent
    for number, row in enumerate(read_rows(path), 1):
        yield _entry(row, number, path, folder)


def read_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Reads the rows of a manifest as they stand there, by the names of their columns; see ``read_manifest``."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no manifest {path}")
    name = path.name.lower()
    return _parquet(path) if name.endswith(".parquet") else _lines(path) if ".jsonl" in name else _csv(path)


# Where a row says what.


def _entry(row: Mapping[str, Any], number: int, path: Path, folder: Path) -> Entry:
    try:
        if isinstance(row.get("recording"), Mapping):
            found = _cut(row)
        else:
            ends = {key: row.get(key) for key in ("start", "seconds")}
            lengths = {key: float(value) for key, value in ends.items() if value not in (None, "")}
            audio = _first(row, FILES if any(name in row for name in FILES) else NAMES)
            told = {"clip": _IDS, "prompt": PROMPTS, "system": ("system",), "source": ("source",)}
            found = {key: _first(row, names).strip() for key, names in told.items()} | {"path": audio} | lengths
            found |= {"named": found["clip"] not in ("", audio), "clip": found["clip"] or audio}
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as problem:
        raise ManifestError(f"{path}, row {number}: {problem}") from problem
    if not found["path"]:
        if column := next((name for name in (*FILES, *NAMES) if name in row), ""):
            raise ManifestError(f"{path}, row {number}, column {column!r} is empty; every row names its sound")
        there, called = ", ".join([str(name)[:40] for name in row][:8]), ", ".join((*FILES, *NAMES))
        there += f" and {len(row) - 8:,} more" if len(row) > 8 else ""
        raise ManifestError(f"{path}, row {number}: there is no column of clip names ({called}); it has {there}")
    where = str(found["path"])
    if "://" not in where and not os.path.isabs(where):
        where = str(folder / where)
    return Entry(**found | {"path": where, "row": number})


def _first(row: Mapping[str, Any], names: Iterable[str]) -> str:
    for name in names:
        value = row.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)
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
        reader = csv.reader(file, skipinitialspace=True)
        try:
            rows = (row for row in reader if any(map(str.strip, row)))
            header = [name.strip().lower() for name in next(rows, [])]
            if not header:
                raise ManifestError(f"{path} is empty: it has no column of clip names")
            while not header[-1]:  # a spreadsheet's empty columns at the end
                header = header[:-1]
            if twice := [name for name, n in Counter(header).items() if n > 1]:
                raise ManifestError(f"{path} has two columns named {twice[0]!r}; rename one")
            for number, row in enumerate(rows, 1):
                if len(row) < len(header) or any(map(str.strip, row[len(header) :])):
                    raise ManifestError(
                        f"{path}, row {number}: {len(row)} cells where {len(header)} are expected "
                        f"({', '.join(header)}); put text that holds commas between double quotes"
                    )
                yield {
                    name: cell if name in VERBATIM else cell.strip() for name, cell in zip(header, row, strict=False)
                }
        except (csv.Error, UnicodeDecodeError) as problem:
            raise ManifestError(
                f"{path} is not a table of text (line {reader.line_num + 1}): {problem}; save it in UTF-8"
            ) from problem


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
    names = [name for name in file.schema_arrow.names if name in {*FILES, *_IDS, *PROMPTS, *_OTHERS}]
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

    for column in file.schema_arrow:
        if column.name == "audio" and pa.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0:
            return column.name
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
