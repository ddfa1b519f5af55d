"""Embeddings and frames kept on disk: what was embedded once is not embedded again."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import os
import sqlite3
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from qamro.audio import Waveform, content_key, file_key
from qamro.audio.decode import decoder_versions
from qamro.encoders.clips import Clip
from qamro.paths import cache_path

LIMIT = 1_000_000_000
"""Bytes of embeddings that are kept unless ``QAMRO_CACHE_LIMIT`` (bytes) says otherwise."""

_CHECK = 0.01
"""Share of the limit that a process writes before it counts again what all have written."""

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

_connections = threading.local()
_opening = threading.Lock()

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
        self._written = self.limit  # bytes since it was last counted: the first time counts

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
            self._written += sum(len(value) for _, value in values)
            if self._written > _CHECK * self.limit:  # counting reads the whole index
                self._shrink(base)
                self._written = 0

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
        """Does one step with this thread's connection."""
        try:
            base = self._connection()
            try:
                result = step(base)
                base.commit()
                return result
            except BaseException:
                base.rollback()
                raise
        except (sqlite3.Error, OSError) as problem:
            _connections.__dict__.pop("of", None)
            _log.warning("the store of embeddings %s could not be %s: %s", self.path, done, problem)
            if isinstance(problem, sqlite3.DatabaseError) and not isinstance(problem, sqlite3.OperationalError):
                for file in self._files():  # not a database, or damaged: the next step starts a new one
                    with contextlib.suppress(OSError):
                        file.unlink()
            return otherwise

    def _connection(self) -> sqlite3.Connection:
        """Returns a connection that this thread keeps, so that forks and threads have their own.

        It is made anew where the file is another one: removed, or that of another store.
        """
        kept = getattr(_connections, "of", None)
        with contextlib.suppress(OSError):
            state = self.path.stat()
            if kept is not None and kept[0] == (os.getpid(), self.path, state.st_dev, state.st_ino):
                return kept[1]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        base = sqlite3.connect(self.path, timeout=_WAIT)
        with _opening:  # turning a new file to WAL waits for nobody: threads go one by one, processes try again
            until = time.monotonic() + _WAIT
            while True:
                try:
                    base.execute("PRAGMA journal_mode = WAL")
                    base.execute("PRAGMA synchronous = NORMAL")
                    base.executescript(_SCHEMA)
                    break
                except sqlite3.OperationalError as problem:
                    if "locked" not in str(problem) or time.monotonic() > until:
                        base.close()
                        raise
                    time.sleep(0.01)
        state = self.path.stat()
        _connections.of = (os.getpid(), self.path, state.st_dev, state.st_ino), base
        return base

    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm")]


# Encoders that remember: the same face, and what was embedded once comes from the store.


def remembered(
    store: EmbeddingStore,
    encoder: str,
    contents: Sequence[str],
    compute: Callable[[list[int]], torch.Tensor],
) -> torch.Tensor:
    """Returns one row for each content, computing only what the store does not have.

    Args:
        store: Where rows are kept.
        encoder: Which encoder makes them, in which revision and setting.
        contents: N fingerprints; equal ones are computed once.
        compute: Takes the places of the contents that are missing, returns their rows (M, dim).

    Returns:
        (N, dim) float32.
    """
    known = store.get(encoder, contents)
    missing = {content: i for i, content in enumerate(contents) if content not in known}
    if missing or not contents:
        made = compute(list(missing.values())).float().cpu().numpy()
        if not contents:
            return torch.from_numpy(made)
        fresh = dict(zip(missing, made, strict=True))
        store.put(encoder, fresh)
        known |= fresh
    return torch.from_numpy(np.stack([known[content] for content in contents]))


@dataclass(frozen=True, eq=False)
class Recalled:
    """What is known of a file.

    Attributes:
        key: Fingerprint of its bytes; empty where it cannot be read.
        row: Its embedding, (dim,) float32; None where it is not known.
        seconds: Length of its sound; NaN where that is not known.
    """

    key: str
    row: torch.Tensor | None
    seconds: float


def _file_key(path: Path | None) -> str:
    from qamro.audio import AudioError

    try:
        return file_key(path) if path is not None else ""
    except (AudioError, OSError):  # decoding says what is wrong
        return ""


def _packed(content: str, seconds: float) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(content) + struct.pack("<d", seconds), dtype=np.uint8)


def _unpacked(row: np.ndarray) -> tuple[str, float]:
    data = row.astype(np.uint8).tobytes()
    return data[:32].hex(), struct.unpack("<d", data[32:40])[0]


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="file-keys")


class CachedEncoder:
    """Stands in for an encoder; everything but embedding is passed on to it.

    Attributes:
        encoder: The encoder that computes.
        store: Where embeddings are kept.
    """

    def __init__(self, encoder: Any, store: EmbeddingStore | None = None) -> None:
        """Wraps an encoder.

        Args:
            encoder: See ``docs/architecture.md``; what an embedding depends on besides ``name`` and ``revision`` it
                says in ``settings``.
            store: Where to keep embeddings; by default the store in the cache folder.
        """
        self.encoder = encoder
        self.store = store or EmbeddingStore()
        self._key = " ".join(filter(None, (encoder.name, f"r{encoder.revision}", getattr(encoder, "settings", ""))))
        if hasattr(encoder, "embed_text"):  # an encoder without it must not seem to have it
            self.embed_text = self._embed_text

    def __getattr__(self, name: str) -> Any:
        """Passes on what is not embedding."""
        return getattr(self.encoder, name)

    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Embeds clips: (N, audio_dim) float32 on the CPU."""
        return self._clips(self._key, clips, self.encoder.embed_audio)

    def embed_and_name(self, clips: Sequence[Clip]) -> tuple[torch.Tensor, list[str]]:
        """Embeds clips as ``embed_audio`` does, and names what is heard in each by its fingerprint."""
        contents = [content_key(Waveform(samples, rate)) for samples, rate in clips]
        rows = remembered(
            self.store, self._key, contents, lambda rows: self.encoder.embed_audio([clips[i] for i in rows])
        )
        return rows, contents

    # A file that was heard before is known by its bytes: it need not be decoded to find its embedding.

    def recall(self, files: Sequence[Path | None]) -> list[Recalled]:
        """Looks up the embeddings of files, without decoding them.

        Args:
            files: N files; None where there is none on this machine.

        Returns:
            For each what is known: at least its key, where it can be read; its embedding only where it was heard by
            decoders of these versions.
        """
        keys = list(_readers().map(_file_key, files))
        heard = self.store.get(self._heard, [key for key in keys if key], kept_as="u1")
        sounds = {key: _unpacked(row) for key, row in heard.items()}
        rows = self.store.get(self._row_key, [content for content, _ in sounds.values()])
        known = []
        for key in keys:
            content, seconds = sounds.get(key, ("", math.nan))
            row = self._embedding(rows[content]) if content in rows else None
            known.append(Recalled(key, row, seconds))
        return known

    def remember(self, heard: Sequence[tuple[str, str, float]]) -> None:
        """Keeps what files hold: for each its key, the fingerprint of its sound, and its length in seconds."""
        if heard:
            self.store.put(self._heard, {key: _packed(sound, seconds) for key, sound, seconds in heard}, kept_as="u1")

    @property
    def _row_key(self) -> str:
        return self._key

    def _embedding(self, row: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(row)

    @property
    def _heard(self) -> str:
        return f"sound at {self.encoder.sample_rate} Hz, {decoder_versions()}"

    def _embed_text(self, texts: Sequence[str]) -> torch.Tensor:
        """Embeds texts: (N, text_dim) float32 on the CPU."""
        contents = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        return remembered(
            self.store, f"{self._key} text", contents, lambda rows: self.encoder.embed_text([texts[i] for i in rows])
        )

    def _clips(self, key: str, clips: Sequence[Clip], compute: Callable[[list[Clip]], torch.Tensor]) -> torch.Tensor:
        contents = [content_key(Waveform(samples, rate)) for samples, rate in clips]
        return remembered(self.store, key, contents, lambda rows: compute([clips[i] for i in rows]))


class CachedScores(CachedEncoder):
    """Remembers the scores of an encoder that scores, too, together with its embeddings: one pass makes both."""

    def score(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Scores clips: N dicts from axis to score."""
        scores, _ = self.scores_and_embeddings(clips)
        return [dict(zip(self.encoder.axes, row, strict=True)) for row in scores.tolist()]

    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Embeds clips: (N, audio_dim) float32 on the CPU."""
        return self.scores_and_embeddings(clips)[1]

    def embed_and_name(self, clips: Sequence[Clip]) -> tuple[torch.Tensor, list[str]]:
        """Embeds clips, and names what is heard in each by its fingerprint."""
        return self.embed_audio(clips), [content_key(Waveform(samples, rate)) for samples, rate in clips]

    @property
    def _row_key(self) -> str:
        return f"{self._key} scores and embeddings"

    def _embedding(self, row: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(row)[len(self.encoder.axes) :]

    def scores_and_embeddings(self, clips: Sequence[Clip]) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores and embeds clips: (N, axes) and (N, audio_dim), float32 on the CPU."""
        count = len(self.encoder.axes)

        def both(missing: list[Clip]) -> torch.Tensor:
            return torch.cat(self.encoder.scores_and_embeddings(missing), dim=1)

        rows = self._clips(self._row_key, clips, both)
        return rows[:, :count], rows[:, count:]


# Frames that are remembered: computed once, kept in half precision.

_KEPT_AS = "<f2"


class CachedFrames:
    """Stands in for an encoder of frames; everything but embedding is passed on to it.

    Frames are rounded to half precision, the first time as well: a clip scored from the store gets the score that it
    got when it was embedded.

    Attributes:
        encoder: The encoder that computes.
        store: Where frames are kept, together with all other embeddings and within their limit.
    """

    def __init__(self, encoder: Any, store: EmbeddingStore | None = None) -> None:
        """Wraps an encoder.

        Args:
            encoder: With ``embed_frames``, ``embed_text_frames``, or both.
            store: Where to keep frames; by default the store in the cache folder.
        """
        self.encoder = encoder
        self.store = store or EmbeddingStore()
        settings = (getattr(encoder, name, "") for name in ("settings", "frame_settings"))
        self._key = " ".join(filter(None, (encoder.name, f"r{encoder.revision}", *settings)))

    def __getattr__(self, name: str) -> Any:
        """Passes on what is not embedding."""
        return getattr(self.encoder, name)

    def embed_frames(self, clips: Sequence[Clip]) -> list[torch.Tensor]:
        """Embeds clips along time: N tensors (T_i, frame_dim) float32 on the CPU."""
        contents = [content_key(Waveform(samples, rate)) for samples, rate in clips]
        return self._remembered(
            f"{self._key} frames",
            contents,
            lambda rows: self.encoder.embed_frames([clips[i] for i in rows]),
            self.encoder.frame_dim,
        )

    def embed_text_frames(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """Embeds texts token by token: N tensors (L_i, token_dim) float32 on the CPU."""
        contents = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        return self._remembered(
            f"{self._key} tokens",
            contents,
            lambda rows: self.encoder.embed_text_frames([texts[i] for i in rows]),
            self.encoder.token_dim,
        )

    def _remembered(
        self,
        key: str,
        contents: Sequence[str],
        compute: Callable[[list[int]], list[torch.Tensor]],
        width: int,
    ) -> list[torch.Tensor]:
        known = self.store.get(key, contents, kept_as=_KEPT_AS)
        missing = {content: i for i, content in enumerate(contents) if content not in known}
        if missing:
            made = zip(missing, compute(list(missing.values())), strict=True)
            fresh = {content: rows.numpy().astype(np.float16).reshape(-1) for content, rows in made}
            self.store.put(key, fresh, kept_as=_KEPT_AS)
            known |= {content: row.astype(np.float32) for content, row in fresh.items()}
        return [torch.from_numpy(known[content]).view(-1, width) for content in contents]
