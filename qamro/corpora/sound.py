"""Where the clips of a corpus lie: on disk, at addresses that fsspec knows, inside tar archives and Parquet files."""

from __future__ import annotations

import os
import tarfile
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qamro.audio import AudioError, Limits
from qamro.predictors.clips import Item
from qamro.studies.manifest import IN_PARQUET, Entry, holds_audio

IN_TAR = "tar://"
"""How the address of sound inside a tar begins: ``tar://MEMBER::ARCHIVE``, as fsspec has it."""

_MOST = Limits().bytes
_OPEN = 8


class Sounds:
    """Opens the sound of clips; safe to use from several threads."""

    def __init__(self) -> None:
        self._tars: OrderedDict[str, tuple[Any, dict[str, tuple[int, int]], threading.Lock]] = OrderedDict()
        self._groups: OrderedDict[tuple[str, int], Any] = OrderedDict()
        self._lock = threading.Lock()

    def item(self, entry: Entry) -> Item:
        """Returns a clip as predictors take it."""
        opened = None if "://" not in entry.path else lambda: self._copied(entry)
        where = (entry.start, entry.seconds)
        return Item(entry.clip, entry.path, entry.prompt, entry.system, opened, *where)

    def close(self) -> None:
        """Closes what is open."""
        for file, _, _ in self._tars.values():
            file.close()
        self._tars.clear()
        self._groups.clear()

    @contextmanager
    def _copied(self, entry: Entry) -> Iterator[Path]:
        """Copies what is not a file of this machine to one, for as long as it is needed."""
        try:
            data = self._bytes(entry.path)
        except AudioError:
            raise
        except ImportError as problem:
            raise AudioError(entry.path, str(problem), "pip install 'qamro[corpora]'") from problem
        except Exception as problem:  # every file system has errors of its own
            what = f"cannot be fetched ({type(problem).__name__}: {problem})"[:500]
            raise AudioError(entry.path, what, "check its address, and that this machine may read it") from problem
        number, name = tempfile.mkstemp(prefix="qamro-", suffix=".sound")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            del data
            yield Path(name)
        finally:
            os.unlink(name)

    def _bytes(self, where: str) -> bytes:
        if where.startswith(IN_PARQUET):
            row, _, file = where.removeprefix(IN_PARQUET).partition("::")
            return self._row(file, int(row))
        if where.startswith(IN_TAR) and "::" in where:
            member, _, archive = where.removeprefix(IN_TAR).partition("::")
            return self._member(archive.removeprefix("file://"), member)
        import fsspec

        with fsspec.open(where, "rb") as file:
            return _bounded(file.read(_MOST + 1), where)

    def _member(self, archive: str, member: str) -> bytes:
        file, places, lock = self._tar(archive)
        if member not in places:
            raise AudioError(f"{archive}/{member}", "is not in the archive", "check the manifest")
        start, size = places[member]
        if size > _MOST:
            raise AudioError(member, f"has {size / 1e6:.3g} MB, more than the {_MOST / 1e6:.3g} MB allowed", "cut it")
        with lock:
            file.seek(start)
            return file.read(size)

    def _tar(self, archive: str) -> tuple[Any, dict[str, tuple[int, int]], threading.Lock]:
        with self._lock:
            if archive in self._tars:
                self._tars.move_to_end(archive)
                return self._tars[archive]
            if "://" in archive:
                import fsspec

                file: Any = fsspec.open(archive, "rb").open()
            else:
                file = Path(archive).open("rb")  # noqa: SIM115
            try:
                with tarfile.open(fileobj=file, mode="r:") as tar:
                    places = {one.name: (one.offset_data, one.size) for one in tar if one.isfile()}
            except tarfile.TarError as problem:
                file.close()
                raise AudioError(
                    archive, f"cannot be read as an uncompressed tar ({problem})", "unpack it"
                ) from problem
            self._tars[archive] = file, places, threading.Lock()
            if len(self._tars) > _OPEN:
                self._tars.popitem(last=False)  # closed when the last thread lets go of it
            return self._tars[archive]

    def _row(self, file: str, row: int) -> bytes:
        import pyarrow.parquet

        with self._lock:
            known = self._groups.get((file, -1))
            if known is None:
                opened = pyarrow.parquet.ParquetFile(file)
                sizes = [opened.metadata.row_group(i).num_rows for i in range(opened.num_row_groups)]
                known = self._groups[file, -1] = opened, sizes, holds_audio(opened)
            opened, sizes, column = known
            group = 0
            while row >= sizes[group]:
                row -= sizes[group]
                group += 1
            key = file, group
            if key not in self._groups:
                for old in [one for one in self._groups if one[1] >= 0]:
                    del self._groups[old]
                self._groups[key] = opened.read_row_group(group, columns=[column]).column(0)
            value = self._groups[key][row].as_py()
        if not value or not value.get("bytes"):
            raise AudioError(f"{file} row {row + 1}", "holds no bytes of sound", "give the sound, or its path")
        return _bounded(value["bytes"], file)


def _bounded(data: bytes, where: str) -> bytes:
    if len(data) > _MOST:
        raise AudioError(where, f"has more than the {_MOST / 1e6:.3g} MB allowed", "cut it")
    return data
