"""Embeddings kept on disk: what was embedded once is not embedded again."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from qamro.paths import cache_path

LIMIT = 1_000_000_000
"""Bytes of embeddings that are kept unless ``QAMRO_CACHE_LIMIT`` (bytes) says otherwise."""

_KEEP = 0.9
"""Share of the limit that is left when something has to go."""

_WAIT = 30.0
"""Seconds to wait for another process that is writing."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    encoder TEXT NOT NULL, content TEXT NOT NULL, value BLOB NOT NULL, bytes INTEGER NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (encoder, content)
);
CREATE INDEX IF NOT EXISTS oldest ON rows (used, bytes);
"""

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True)
class StoreInfo:
    """What the store holds.

    Attributes:
        path: The file.
        limit: Bytes of embeddings that it may hold.
        bytes: Bytes of embeddings that it holds.
        on_disk: Bytes of the file.
        by_encoder: For each encoder, its number of rows and their bytes.
    """

    path: Path
    limit: int
    bytes: int
    on_disk: int
    by_encoder: dict[str, tuple[int, int]]


class EmbeddingStore:
    """Rows of numbers by encoder and content, in one SQLite file that several processes may use at once.

    What was not used for longest goes first when the limit is reached. A store that cannot be read or written costs
    time and never an answer: it is logged, and the embedding is computed.
    """

    def __init__(self, path: Path | None = None, limit: int | None = None) -> None:
        """Names the file; it is made when something is put in.

        Args:
            path: The file; without it, one in the cache folder.
            limit: Bytes of embeddings to keep.
        """
        self.path = path or cache_path("embeddings", "embeddings.sqlite")
        self.limit = limit if limit is not None else int(os.environ.get("QAMRO_CACHE_LIMIT") or LIMIT)

    def get(self, encoder: str, contents: Sequence[str], *, kept_as: str = "<f4") -> dict[str, np.ndarray]:
        """Returns the rows that are there, and marks them as used.

        Args:
            encoder: Which encoder made them, in which revision and setting.
            contents: Fingerprints of what was embedded.
            kept_as: The number format that they were put in with.

        Returns:
            For each fingerprint that is known, its row, (dim,) float32.
        """
        if not self.path.is_file() or not contents:
            return {}

        def step(base: sqlite3.Connection) -> dict[str, np.ndarray]:
            found = {}
            for content in set(contents):
                row = base.execute("SELECT value FROM rows WHERE encoder = ? AND content = ?", (encoder, content))
                for (value,) in row.fetchall():  # all, since an open read would bar the update below
                    found[content] = np.frombuffer(value, dtype=kept_as).astype(np.float32)
            now = time.time_ns()
            used = [(now, encoder, content) for content in found]
            base.executemany("UPDATE rows SET used = ? WHERE encoder = ? AND content = ?", used)
            return found

        return self._use("read", step, {})

    def put(self, encoder: str, rows: Mapping[str, np.ndarray], *, kept_as: str = "<f4") -> None:
        """Keeps rows; the oldest go if there are too many.

        Args:
            encoder: As for ``get``.
            rows: (dim,) float32 by fingerprint.
            kept_as: The number format on disk, ``"<f2"`` for half the space.
        """
        now = time.time_ns()
        values = [(content, np.ascontiguousarray(row, dtype=kept_as).tobytes()) for content, row in rows.items()]

        def step(base: sqlite3.Connection) -> None:
            base.execute("BEGIN IMMEDIATE")
            base.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)",
                [(encoder, content, value, len(value), now) for content, value in values],
            )
            self._shrink(base)

        self._use("written", step, None)

    def info(self) -> StoreInfo:
        """Counts what is there."""
        query = "SELECT encoder, COUNT(*), SUM(bytes) FROM rows GROUP BY encoder ORDER BY encoder"
        by_encoder: dict[str, tuple[int, int]] = {}
        if self.path.is_file():
            by_encoder = self._use("read", lambda base: {row[0]: row[1:] for row in base.execute(query)}, {})
        on_disk = sum(file.stat().st_size for file in self._files() if file.is_file())
        return StoreInfo(self.path, self.limit, sum(size for _, size in by_encoder.values()), on_disk, by_encoder)

    def clear(self) -> int:
        """Removes everything, also while other processes use the store.

        Returns:
            How many rows went.
        """
        if not self.path.is_file():
            return 0

        def step(base: sqlite3.Connection) -> int:
            count = base.execute("DELETE FROM rows").rowcount
            base.commit()
            base.execute("VACUUM")
            base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return count

        return self._use("cleared", step, 0)

    def _shrink(self, base: sqlite3.Connection) -> None:
        total = base.execute("SELECT COALESCE(SUM(bytes), 0) FROM rows").fetchone()[0]
        if total <= self.limit:
            return
        going, too_many = [], total - _KEEP * self.limit
        for row, size in base.execute("SELECT rowid, bytes FROM rows ORDER BY used, rowid"):
            if too_many <= 0:
                break
            going.append((row,))
            too_many -= size
        base.executemany("DELETE FROM rows WHERE rowid = ?", going)

    def _use(self, done: str, step: Callable[[sqlite3.Connection], Result], otherwise: Result) -> Result:
        """Opens the store for one step; a connection each keeps threads and forks apart and takes under 1 ms."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self.path, timeout=_WAIT)) as base:
                base.execute("PRAGMA journal_mode = WAL")
                base.execute("PRAGMA synchronous = NORMAL")
                base.executescript(_SCHEMA)
                result = step(base)
                base.commit()
                return result
        except (sqlite3.Error, OSError) as problem:
            _log.warning("the store of embeddings %s could not be %s: %s", self.path, done, problem)
            if isinstance(problem, sqlite3.DatabaseError) and not isinstance(problem, sqlite3.OperationalError):
                for file in self._files():  # not a database, or damaged: the next step starts a new one
                    with contextlib.suppress(OSError):
                        file.unlink()
            return otherwise

    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm")]
