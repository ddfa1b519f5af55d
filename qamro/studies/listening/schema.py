"""The tables of the store, and how its file is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

VERSION = 1
"""Version of the tables; a store of another version is refused and not guessed at."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE studies (
  id TEXT PRIMARY KEY, design TEXT NOT NULL, created_at REAL NOT NULL
) STRICT;
CREATE TABLE clips (
  id INTEGER PRIMARY KEY, study TEXT NOT NULL REFERENCES studies (id), name TEXT NOT NULL, system TEXT NOT NULL,
  prompt TEXT NOT NULL, source TEXT NOT NULL, file TEXT NOT NULL UNIQUE, seconds REAL NOT NULL,
  beeps INTEGER  -- NULL for a clip of the study; else an attention check
) STRICT;
CREATE TABLE items (  -- what can be asked: a clip, or two
  study TEXT NOT NULL REFERENCES studies (id), a INTEGER NOT NULL REFERENCES clips (id), b INTEGER REFERENCES clips (id)
) STRICT;
CREATE TABLE raters (
  id TEXT PRIMARY KEY,  -- salted hash of the token in the personal link
  study TEXT NOT NULL REFERENCES studies (id), joined_at REAL NOT NULL, finished_at REAL
) STRICT;
CREATE TABLE tasks (
  id INTEGER PRIMARY KEY, rater TEXT NOT NULL REFERENCES raters (id), position INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('first', 'repeat', 'check')),
  a INTEGER NOT NULL REFERENCES clips (id), b INTEGER REFERENCES clips (id),
  prompt TEXT NOT NULL, answer REAL,
  audio_a TEXT NOT NULL UNIQUE, audio_b TEXT UNIQUE,  -- random names under which the sound is served
  shown_at REAL, heard_a REAL NOT NULL DEFAULT 0, heard_b REAL NOT NULL DEFAULT 0, rated_at REAL,
  UNIQUE (rater, position)
) STRICT;
CREATE TABLE ratings (
  id INTEGER PRIMARY KEY, task INTEGER NOT NULL REFERENCES tasks (id), axis TEXT NOT NULL, score REAL NOT NULL,
  rated_at REAL NOT NULL, withdrawn_at REAL  -- set by undo; what is withdrawn counts nowhere
) STRICT;
CREATE UNIQUE INDEX one_rating ON ratings (task, axis) WHERE withdrawn_at IS NULL;
CREATE TABLE predictions (
  clip INTEGER NOT NULL REFERENCES clips (id), predictor TEXT NOT NULL, axis TEXT NOT NULL, score REAL,
  source TEXT NOT NULL, PRIMARY KEY (clip, predictor, axis)
) STRICT;
CREATE INDEX clips_of ON clips (study);
CREATE INDEX items_of ON items (study);
CREATE INDEX raters_of ON raters (study);
"""


def connect(path: Path) -> sqlite3.Connection:
    """Opens a store's file and makes its tables when it is new.

    Write-ahead logging with ``synchronous=FULL``: a transaction that was confirmed is on the disk, whatever happens to
    the process (https://www.sqlite.org/pragma.html#pragma_synchronous).

    Raises:
        sqlite3.DatabaseError: The file is no store of this version.
    """
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA foreign_keys=ON")
        _make(db)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise sqlite3.DatabaseError(f"{path} is a store of version {version}; this program reads version {VERSION}")
    except BaseException:
        db.close()
        raise
    return db


def _make(db: sqlite3.Connection) -> None:
    """Makes the tables, unless another process was quicker."""
    db.execute("BEGIN IMMEDIATE")
    try:
        if not db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
