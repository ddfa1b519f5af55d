"""A store whose file is damaged: found when it is opened, set aside, and what can be read of it is taken over."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

from filelock import FileLock

from qamro.studies.listening.store import VERSION, connect

_TABLES = ("meta", "studies", "clips", "items", "raters", "tasks", "ratings", "predictions")
_log = logging.getLogger(__name__)


def mend(folder: Path) -> str:
    """Sets a damaged store aside as ``ratings.damaged-….sqlite`` and makes a new one of what can be read.

    Rows come from the damaged file as far as it can be read, then from the newest backup beside it that is whole, for
    what the file does not have. A store that others are writing to, or of another version, is left alone.

    Args:
        folder: The store's folder.

    Returns:
        What was found and done, in words; empty where nothing was wrong.
    """
    path = folder / "ratings.sqlite"
    if not path.is_file():
        return ""
    with FileLock(folder / "opening.lock"):
        problem = damage(path)
        if not problem:
            return ""
        aside = path.with_name(f"ratings.damaged-{time.strftime('%Y%m%d-%H%M%S')}.sqlite")
        for end in ("", "-wal", "-shm"):
            file = path.with_name(path.name + end)
            if file.exists():
                file.rename(aside.with_name(aside.name + end))
        part = path.with_name("ratings.mended")
        part.unlink(missing_ok=True)
        new = connect(part)
        new.execute("PRAGMA foreign_keys=OFF")
        read = _copy(aside, new)
        backups = sorted((folder / "backup").glob("*.sqlite"), key=lambda file: file.stat().st_mtime, reverse=True)
        whole = next((file for file in backups if not damage(file)), None)
        added = _copy(whole, new) if whole is not None else 0
        _drop_orphans(new)
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        new.execute("PRAGMA journal_mode=DELETE")
        new.close()
        part.rename(path)
    told = (
        f"{path} was damaged ({problem}); it is kept as {aside.name}, and {read} rows were read from it"
        + (f", {added} from the backup {whole.name}" if whole is not None else "")
        + ". Copies of the clips are as they were"
    )
    _log.error("%s", told)
    return told


def damage(path: Path) -> str:
    """Says what is wrong with a store's file; empty where it is sound, in use, or of another version."""
    try:
        db = sqlite3.connect(path, timeout=30)
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                return ""
            told = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            return "" if told == "ok" else str(told)
        finally:
            db.close()
    except sqlite3.OperationalError as problem:
        return "" if "locked" in str(problem) or "unable to open" in str(problem) else str(problem)
    except sqlite3.DatabaseError as problem:
        return str(problem)


def _copy(source: Path, new: sqlite3.Connection) -> int:
    """Copies the rows that can be read and are not there yet, from both ends of each table; returns how many."""
    before = new.total_changes
    try:
        old = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    except sqlite3.Error:
        return 0
    try:
        for table in _TABLES:
            for order in ("ASC", "DESC"):
                try:
                    for row in old.execute(f"SELECT * FROM {table} ORDER BY rowid {order}"):
                        marks = ",".join("?" * len(row))
                        try:
                            new.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)
                        except sqlite3.Error:  # a row that no table takes
                            continue
                    break
                except sqlite3.Error:
                    continue
    finally:
        old.close()
    return new.total_changes - before


def _drop_orphans(new: sqlite3.Connection) -> None:
    """Leaves out rows that refer to what was lost, until all refer to something."""
    while broken := new.execute("PRAGMA foreign_key_check").fetchall():
        for table, row, *_ in broken:
            new.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))
