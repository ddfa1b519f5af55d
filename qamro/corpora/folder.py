"""The folder that a corpus is scored into: shards that are whole or not there, and leases on those being scored.

``corpus.json`` says which manifest and which predictor it belongs to, ``plan-…`` holds the clips of each shard,
``part-<hash>.parquet`` the rows of one that is done. A part gets its name when it is whole, and its hash holds the
manifest's and the predictor's: what is there is done. Several machines may share the folder. Each shard is leased by a
file whose time is renewed while it is scored; the lease of a machine that died runs out. Two that score the same shard
by bad luck write the same rows to the same name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.corpora.shards import count_entries, deal_out, fingerprint, shard_entries
from qamro.corpora.sound import Sounds
from qamro.predictors.calibrated import Calibrated
from qamro.predictors.provenance import FACTS

if TYPE_CHECKING:
    from qamro.predictors import Predictor

FORMAT = "qamro corpus 1"
INFO = "corpus.json"
LEASE = 120.0
"""Seconds after which a shard that nobody renews may be taken over."""

_ROWS_AT_ONCE = 500


class OtherCorpusError(ValueError):
    """A folder holds scores of another manifest or predictor."""


@dataclass(frozen=True)
class Progress:
    """How far a shard or a corpus is.

    Attributes:
        rows: Rows that are written.
        failed: Those among them that have an error.
    """

    rows: int = 0
    failed: int = 0

    def __add__(self, other: Progress) -> Progress:
        """Adds up."""
        return Progress(self.rows + other.rows, self.failed + other.failed)


@dataclass(frozen=True)
class Corpus:
    """A corpus and the folder that it is scored into; may be sent to other processes and machines that see the folder.

    Attributes:
        folder: The folder.
        manifest: Fingerprint of the manifest.
        predictor: Fingerprint of the predictor.
        rows: Clips in the manifest.
        shards: How many shards they are dealt out to.
    """

    folder: Path
    manifest: str
    predictor: str
    rows: int
    shards: int

    @property
    def plan(self) -> Path:
        """The folder with the clips of each shard."""
        return self.folder / f"plan-{self.manifest[:16]}-{self.shards}"

    def part(self, index: int) -> Path:
        """Returns where a shard's rows are, as soon as it is done."""
        name = hashlib.sha256(f"{self.manifest} {self.predictor} {self.shards} {index}".encode()).hexdigest()
        return self.folder / f"part-{name[:24]}.parquet"

    def open_shards(self) -> list[int]:
        """Returns the shards that are not done; asks the disk once."""
        there = {file.name for file in self.folder.glob("part-*.parquet")}
        return [index for index in range(self.shards) if self.part(index).name not in there]

    def progress(self) -> Progress:
        """Counts the rows of the parts that are there, from their footers and their errors."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        done = Progress()
        for index in set(range(self.shards)) - set(self.open_shards()):
            errors = pq.read_table(self.part(index), columns=["error"]).column(0)
            done += Progress(len(errors), pc.sum(pc.not_equal(errors, "")).as_py() or 0)
        return done

    def score(self, index: int, predictor: Predictor, alive: Callable[[int], None] | None = None) -> Progress:
        """Scores one shard and puts its part where it belongs.

        Args:
            index: The shard.
            predictor: The one that the corpus was opened for.
            alive: Called with the number of rows now and then.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = score_schema(predictor.columns)
        target = self.part(index)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        sounds, done, waiting = Sounds(), Progress(), list[dict[str, Any]]()
        try:
            with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
                items = (sounds.item(entry) for entry in shard_entries(self.plan, index))
                for row in predictor.rows(items):
                    waiting.append(row)
                    done += Progress(1, int(bool(row["error"])))
                    if alive is not None:
                        alive(done.rows)
                    if len(waiting) >= _ROWS_AT_ONCE:
                        writer.write_table(pa.Table.from_pylist(waiting, schema))
                        waiting.clear()
                writer.write_table(pa.Table.from_pylist(waiting, schema))
            os.replace(temporary, target)
        finally:
            sounds.close()
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return done


def open_corpus(manifest: Path, folder: Path, predictor: Predictor, *, shard: int = 2000) -> Corpus:
    """Opens a folder for the scores of a manifest, or goes on with what is there.

    Args:
        manifest: See ``qamro.studies.manifest``.
        folder: Made where it is not there.
        predictor: What scores.
        shard: Clips of a shard, about.

    Raises:
        OtherCorpusError: The folder belongs to another manifest or predictor.
        ManifestError: The manifest cannot be used.
        FileNotFoundError: It is not there.
        OSError: The folder cannot be written.
    """
    if shard < 1:
        raise ValueError(f"--shard is at least 1, not {shard}")
    made_of, by = fingerprint(manifest), predictor_fingerprint(predictor)
    folder.mkdir(parents=True, exist_ok=True)
    info = folder / INFO
    if not info.is_file():
        rows = count_entries(manifest)
        told = {
            "format": FORMAT,
            "manifest": made_of,
            "manifest_file": manifest.name,
            "rows": rows,
            "shards": max(1, -(-rows // shard)),
            "predictor": by,
            "predictor_name": predictor.name,
            "columns": predictor.columns,
            "sources": {axis: str(source) for axis, source in predictor.provenance.items()},
        }
        _write_once(info, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    try:
        told = json.loads(info.read_text("utf-8"))
        same = told["manifest"] == made_of, told["predictor"] == by
        corpus = Corpus(folder.resolve(), made_of, by, int(told["rows"]), int(told["shards"]))
    except (ValueError, KeyError, TypeError) as problem:
        raise OtherCorpusError(f"{info} is damaged ({problem}); name another --out") from problem
    if not all(same):
        other = "manifest" if not same[0] else "predictor"
        named = told.get("manifest_file" if not same[0] else "predictor_name", "?")
        raise OtherCorpusError(
            f"{folder} holds scores of another {other} ({named}); name another --out, or remove that folder"
        )
    deal_out(manifest, corpus.plan, corpus.shards)
    return corpus


def predictor_fingerprint(predictor: Predictor) -> str:
    """Returns what a predictor's scores depend on, as a hash: axes, origins, settings, and the weights of its heads."""
    digest = hashlib.sha256()
    if isinstance(predictor, Calibrated):
        origins = {axis: source.as_dict() for axis, source in predictor.provenance.items()}
        maps = {axis: [one.x.tolist(), one.y.tolist()] for axis, one in predictor.maps.items()}
        made = [predictor.name, predictor.axes, origins, maps, predictor_fingerprint(predictor.base)]
        digest.update(json.dumps(made, sort_keys=True).encode())
        return digest.hexdigest()
    for part in getattr(predictor, "parts", [predictor]):
        encoder = getattr(part, "encoder", None)
        told = [part.name, part.axes, {axis: source.as_dict() for axis, source in part.provenance.items()}]
        told += [getattr(encoder, name, "") for name in ("name", "revision", "settings", "frame_settings")]
        digest.update(json.dumps(told, sort_keys=True, default=str).encode())
        heads = getattr(part, "_heads", None) or {}
        for axis, head in sorted(heads.items()) if isinstance(heads, dict) else []:
            for name, values in sorted(head.state_dict().items()):
                digest.update(f"{axis} {name}".encode() + values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def score_schema(columns: Sequence[str]) -> Any:
    """Returns the Arrow schema of a score table's columns."""
    import pyarrow as pa

    return pa.schema([(name, _kind_of(name)) for name in columns])


def _kind_of(column: str) -> Any:
    import pyarrow as pa

    text = column in ("clip", "path", "system", "prompt", "domain", "error")
    if column.partition("_")[0] in ("source", *FACTS) and "_" in column:
        return pa.dictionary(pa.int32(), pa.string())
    return pa.string() if text else pa.float64()


def _write_once(path: Path, text: str) -> None:
    """Writes a file whole, unless it is there."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    part.write_text(text, "utf-8")
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    except OSError:  # no hard links there
        if not path.exists():
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


# Leases


class Leases:
    """Says which shards this process scores, so that others leave them alone."""

    def __init__(self, folder: Path, seconds: float = LEASE) -> None:
        """Uses a folder that all share.

        Args:
            folder: Where the lease files lie.
            seconds: After which a lease that was not renewed has run out.
        """
        self._folder, self._seconds = folder / "leases", seconds
        self._folder.mkdir(parents=True, exist_ok=True)
        self._me = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}"

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[bool]:
        """Takes a lease and renews it from a thread; yields whether it was free."""
        if not self._take(name):
            yield False
            return
        over = threading.Event()

        def renew() -> None:
            while not over.wait(self._seconds / 4):
                with contextlib.suppress(OSError):
                    os.utime(self._folder / name)

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield True
        finally:
            over.set()
            thread.join()
            with contextlib.suppress(OSError):
                if (self._folder / name).read_text("utf-8") == self._me:
                    (self._folder / name).unlink()

    def _take(self, name: str) -> bool:
        file = self._folder / name
        for _ in range(2):
            try:
                with file.open("x", encoding="utf-8") as lease:
                    lease.write(self._me)
                return True
            except FileExistsError:
                if not self._ran_out(file):
                    return False
                # Renaming succeeds for one taker only, so that a fresh lease cannot be taken for the old one.
                old = file.with_name(f".{name}.{uuid.uuid4().hex}")
                try:
                    os.rename(file, old)
                except FileNotFoundError:
                    continue
                if not self._ran_out(old):  # somebody was quicker, and this one is new
                    with contextlib.suppress(OSError):
                        os.link(old, file)
                old.unlink(missing_ok=True)
        return False

    def _ran_out(self, file: Path) -> bool:
        """Compares with the clock of the disk's machine, which several machines share."""
        clock = self._folder / f".clock-{os.getpid()}-{threading.get_ident()}"
        try:
            clock.touch()
            return clock.stat().st_mtime - file.stat().st_mtime > self._seconds
        except FileNotFoundError:
            return True
        finally:
            with contextlib.suppress(OSError):
                clock.unlink()
