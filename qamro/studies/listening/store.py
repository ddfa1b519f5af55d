"""The store of ratings: one SQLite file, one transaction a confirmation; and who may do what."""

from __future__ import annotations

import hashlib
import hmac
import os
import random
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qamro.studies.listening.design import Design, Item, ListeningError, Planned, plan
from qamro.studies.listening.methods.method import Clips, no_stimuli
from qamro.studies.listening.sources import Sound, copy_blind, random_file, write_beeps
from qamro.studies.listening.steering import check_clips, ended

NextPair = Callable[
    [Sequence[tuple[str, str, float]], Sequence[str], Sequence[tuple[str, str]]],
    tuple[str, str],
]


class RatingStore:
    """A folder with the ratings (``ratings.sqlite``) and blind copies of the clips (``audio/``).

    Safe to use from several threads, and from several processes on one machine.

    Attributes:
        folder: Where it lies.
        clock: Returns the time, in seconds since 1970.
        next_pair: Chooses the pair of systems to ask about next: gets votes (two systems, and 1, .5 or 0 for the
            first), all systems, and the pairs to choose from. None leaves orders as they were drawn.
        steer: Of a study and a rater, both by id, returns the clip that is to be rated next, or None for none; only
            studies with a goal ask (see ``steering``).
    """

    steer: Callable[[RatingStore, str, str], int | None] | None = None

    def __init__(self, folder: Path | str, *, clock: Callable[[], float] = time.time) -> None:
        """Opens the store and makes it when it is new.

        Raises:
            sqlite3.DatabaseError: The folder holds a store of another version, or something else.
            OSError: The folder cannot be written.
        """
        self.folder = Path(folder)
        self.clock = clock
        self.next_pair: NextPair | None = None
        (self.folder / "audio").mkdir(parents=True, exist_ok=True)
        self._db = connect(self.folder / "ratings.sqlite")
        self._lock = threading.RLock()
        with self.transaction() as db:
            for key in ("salt", "store"):
                db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, new_salt()))
        self.salt, self.id = (self.one("SELECT value FROM meta WHERE key = ?", k)["value"] for k in ("salt", "store"))

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Runs what is inside as one writing transaction: all of it is on the disk afterwards, or nothing is."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Returns every row of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> Any:
        """Returns the first row of a query, or None."""
        with self._lock:
            return self._db.execute(sql, values).fetchone()

    def changes(self) -> tuple[int, int]:
        """Returns something that differs whenever anybody has written since."""
        with self._lock:
            return self._db.total_changes, self._db.execute("PRAGMA data_version").fetchone()[0]

    def snapshot(self, target: Path) -> None:
        """Writes a consistent copy of the ratings to a file; readers of an older copy are not disturbed."""
        part = target.with_suffix(".part")
        part.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._db.execute("VACUUM INTO ?", (str(part),))
        part.replace(target)

    def create(
        self, design: Design, sounds: Sequence[Sound], *, on_clip: Callable[[int, int], None] | None = None
    ) -> str:
        """Sets up a study and returns its random id, which is all that a rater needs to join.

        Args:
            design: What is asked.
            sounds: The clips; they are copied and may go away afterwards.
            on_clip: Called with the number of clips copied and of all clips.

        Raises:
            ListeningError: There is no clip (or no pair of clips), or two have the same name.
            AudioError: A file cannot be decoded.
        """
        _check_names(sounds)
        clips: list[tuple[Sound, str, float, int | None]] = []
        try:
            for done, sound in enumerate(sounds, 1):
                file = random_file()
                clips.append((sound, file, copy_blind(sound.path, self.folder / "audio" / file), None))
                if on_clip is not None:
                    on_clip(done, len(sounds))
            for count in design.answers if design.checks else ():
                file = random_file()
                clips.append((Sound("", Path()), file, write_beeps(count, self.folder / "audio" / file), count))
            return self._add(design, clips)
        except BaseException:
            for _, file, *_ in clips:
                (self.folder / "audio" / file).unlink(missing_ok=True)
            raise

    def _add(self, design: Design, clips: list[tuple[Sound, str, float, int | None]]) -> str:
        study, systems, contents = new_token()[:16], {}, {}
        with self.transaction() as db:
            db.execute("INSERT INTO studies VALUES (?, ?, ?)", (study, design.to_json(), self.clock()))
            for sound, file, seconds, beeps in clips:
                row = (study, sound.name, sound.system, sound.prompt, sound.source, file, seconds, beeps)
                key = db.execute("INSERT INTO clips VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", row).lastrowid or 0
                if beeps is None:
                    systems[key], contents[key] = sound.system, sound.source or sound.prompt
            check_clips(design, systems)
            for system in (design.reference, *design.anchors):
                if system and system not in systems.values():
                    known = ", ".join(sorted({name for name in systems.values() if name})[:8]) or "none is named"
                    raise ListeningError(f"no clip is of the system {system!r}; the systems are {known}")
            items = design.method.items(design, Clips(systems, contents), random.Random(study))
            if not items:
                raise ListeningError("there are no two clips of different systems to compare")
            rows = [(study, *item, None)[:3] for item in items]
            db.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)
        return study

    def design(self, study: str) -> Design:
        """Returns what a study asks.

        Raises:
            ListeningError: There is no such study.
        """
        row = self.one("SELECT design FROM studies WHERE id = ?", study)
        if row is None:
            raise ListeningError("there is no such study; check the link")
        return Design.from_json(row["design"])

    def join(self, study: str, crowd: Mapping[str, str] | None = None) -> str:
        """Adds a rater with a random order of their own and returns their token, which is stored nowhere.

        Whoever comes from a crowd's link again, with the same ids, gets the same token and goes on.

        Args:
            study: The study's id.
            crowd: ``participant`` and ``session``, ids that a crowd's link carried; kept as salted hashes only.

        Raises:
            ListeningError: There is no such study, it has ended, or the link is a crowd's preview.
        """
        design, token = self.design(study), new_token()
        ids = [str((crowd or {}).get(key) or "")[:200] for key in ("participant", "session")]
        if ids[1] == PREVIEW:
            raise ListeningError("this is a preview; accept the task first")
        participant, session = (hashed(f"{study}/{text}", self.salt) if text else None for text in ids)
        if participant:
            token = hashed(f"{study}/{ids[0]}/{ids[1]}/token", self.salt)
        if ended(self, study) and self.one("SELECT 1 FROM raters WHERE id = ?", hashed(token, self.salt)) is None:
            raise ListeningError("this study has ended: it knows what it was to find out. Thank you for coming")
        rater, rng = hashed(token, self.salt), random.SystemRandom()
        with self.transaction() as db:
            if db.execute("SELECT 1 FROM raters WHERE id = ?", (rater,)).fetchone():
                return token
            clips = {row["id"]: row for row in db.execute("SELECT * FROM clips WHERE study = ?", (study,))}
            pool = db.execute("SELECT a, b FROM items WHERE study = ?", (study,))
            items = [tuple(clip for clip in row if clip is not None) for row in pool]
            beeps = {key: clip["beeps"] for key, clip in clips.items() if clip["beeps"] is not None}
            tasks = [] if design.goal else plan(design, items, asked(db, study), beeps, rng)
            db.execute(
                "INSERT INTO raters (id, study, joined_at, participant, session) VALUES (?, ?, ?, ?, ?)",
                (rater, study, self.clock(), participant, session),
            )
            for position, task in enumerate(tasks):
                self.add_task(db, (study, rater), position, task, clips=clips, design=design)
        return token

    def add_task(
        self,
        db: sqlite3.Connection,
        rater: tuple[str, str],
        position: int,
        task: Planned,
        *,
        clips: Any = None,
        design: Design | None = None,
    ) -> None:
        """Writes a task of a rater, within a transaction.

        Args:
            db: The transaction.
            rater: Ids of the study and of the rater.
            position: In the rater's order.
            task: What is asked.
            clips: The rows of the study's clips by id, where the caller has them.
            design: Of the study, where the caller has it.
        """
        if clips is None:
            clips = {row["id"]: row for row in db.execute("SELECT * FROM clips WHERE study = ?", rater[:1])}
        rng, design = random.SystemRandom(), design or self.design(rater[0])
        music = [clip for clip in clips.values() if clip["beeps"] is None]
        shown = rng.choice(music) if task.kind == "check" else clips[task.clips[0]]
        right = task.clips[1] if len(task.clips) > 1 else None
        names = new_token(), new_token() if right is not None else None
        stimuli: list[int] = []
        answer = task.answer
        if task.kind != "check" and design.method.stimuli is not no_stimuli:
            stimuli, answer = design.method.stimuli(design, task.clips, clips_of(music), rng)
        row = db.execute(
            "INSERT INTO tasks (rater, position, kind, a, b, prompt, answer, audio_a, audio_b)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (rater[1], position, task.kind, task.clips[0], right, shown["prompt"], answer, *names),
        ).lastrowid
        db.executemany(
            "INSERT INTO stimuli (task, place, clip, audio) VALUES (?, ?, ?, ?)",
            [(row, place, clip, new_token()) for place, clip in enumerate(stimuli, 1)],
        )


def clips_of(rows: Sequence[Any]) -> Clips:
    """Systems and contents of clips, rows of the store."""
    return Clips(
        {row["id"]: row["system"] for row in rows}, {row["id"]: row["source"] or row["prompt"] for row in rows}
    )


def asked(db: sqlite3.Connection, study: str) -> dict[Item, int]:
    """How many raters each item was given to."""
    rows = db.execute(
        "SELECT a, b, count(*) AS n FROM tasks JOIN raters ON raters.id = tasks.rater"
        " WHERE raters.study = ? AND kind = 'first' GROUP BY a, b",
        (study,),
    )
    counts: dict[Item, int] = {}
    for row in rows:
        item = tuple(sorted(clip for clip in (row["a"], row["b"]) if clip is not None))
        counts[item] = counts.get(item, 0) + row["n"]
    return counts


def _check_names(sounds: Sequence[Sound]) -> None:
    if not sounds:
        raise ListeningError("a study needs clips; add some first")
    names = [sound.name for sound in sounds]
    for name in names:
        if not name.strip() or names.count(name) > 1:
            raise ListeningError(f"clip {name!r} stands twice, or has no name; give every clip a name of its own")


# The tables of the store, and how its file is opened.

PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
"""What Mechanical Turk gives for an assignment while a worker only looks."""

VERSION = 2
"""Version of the tables; a store of version 1 is brought up, one of any other is refused and not guessed at."""

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
  study TEXT NOT NULL REFERENCES studies (id), joined_at REAL NOT NULL, finished_at REAL,
  participant TEXT, session TEXT,  -- salted hashes of the ids in a crowd's link
  headphones INTEGER, headphone_tries INTEGER NOT NULL DEFAULT 0  -- most right answers of the test, and how often taken
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
CREATE TABLE stimuli (  -- what else a task lets hear: the versions of a MUSHRA trial, X of an ABX one
  task INTEGER NOT NULL REFERENCES tasks (id), place INTEGER NOT NULL, clip INTEGER NOT NULL REFERENCES clips (id),
  audio TEXT NOT NULL UNIQUE, heard REAL NOT NULL DEFAULT 0, PRIMARY KEY (task, place)
) STRICT;
CREATE TABLE ratings (
  id INTEGER PRIMARY KEY, task INTEGER NOT NULL REFERENCES tasks (id), axis TEXT NOT NULL, score REAL NOT NULL,
  rated_at REAL NOT NULL, withdrawn_at REAL,  -- set by undo; what is withdrawn counts nowhere
  stimulus INTEGER NOT NULL DEFAULT 0  -- place of the stimulus that it is for; 0: the task's own clip or pair
) STRICT;
CREATE UNIQUE INDEX one_rating ON ratings (task, axis, stimulus) WHERE withdrawn_at IS NULL;
CREATE TABLE predictions (
  clip INTEGER NOT NULL REFERENCES clips (id), predictor TEXT NOT NULL, axis TEXT NOT NULL, score REAL,
  source TEXT NOT NULL, PRIMARY KEY (clip, predictor, axis)
) STRICT;
CREATE INDEX clips_of ON clips (study);
CREATE INDEX items_of ON items (study);
CREATE INDEX raters_of ON raters (study);
"""


_FROM_1 = """
ALTER TABLE raters ADD COLUMN participant TEXT;
ALTER TABLE raters ADD COLUMN session TEXT;
ALTER TABLE raters ADD COLUMN headphones INTEGER;
ALTER TABLE raters ADD COLUMN headphone_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ratings ADD COLUMN stimulus INTEGER NOT NULL DEFAULT 0;
CREATE TABLE stimuli (
  task INTEGER NOT NULL REFERENCES tasks (id), place INTEGER NOT NULL, clip INTEGER NOT NULL REFERENCES clips (id),
  audio TEXT NOT NULL UNIQUE, heard REAL NOT NULL DEFAULT 0, PRIMARY KEY (task, place)
) STRICT;
DROP INDEX one_rating;
CREATE UNIQUE INDEX one_rating ON ratings (task, axis, stimulus) WHERE withdrawn_at IS NULL
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
    """Makes the tables or brings older ones up, unless another process was quicker."""
    db.execute("BEGIN IMMEDIATE")
    try:
        statements = ""
        if not db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            statements = _TABLES
        elif db.execute("PRAGMA user_version").fetchone()[0] == 1:
            statements = _FROM_1
        for statement in statements.split(";\n"):
            if statement.strip():
                db.execute(statement)
        if statements:
            db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


# Who may do what: random links for raters, kept as salted hashes, and the owner's token.

OWNER = "QAMRO_OWNER_TOKEN"
"""Environment variable that holds the owner's token."""

SPACE = "SPACE_ID"
"""Environment variable that a Hugging Face Space sets: there, strangers visit."""

_BYTES = 24


def new_token() -> str:
    """Returns a token of 192 random bits, fit for an address."""
    return secrets.token_urlsafe(_BYTES)


def new_salt() -> str:
    """Returns 128 random bits as hexadecimal digits."""
    return secrets.token_hex(16)


def hashed(token: str, salt: str) -> str:
    """Returns what is stored instead of a token.

    A plain keyed hash is enough: nobody guesses 192 random bits, however fast each try is.
    """
    return hmac.new(bytes.fromhex(salt), token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


SHORTEST = 20
"""Characters that the owner's token must have on a Space, where strangers may guess."""


class WrongTokenError(ListeningError):
    """Somebody gave a token that is not the owner's."""


def has_owner() -> bool:
    """Whether this server has an owner's token; one that is too short for a Space counts as none there."""
    return bool(_expected())


def _expected() -> str:
    token = os.environ.get(OWNER, "")
    return "" if os.environ.get(SPACE) and len(token) < SHORTEST else token


def is_owner(token: str) -> bool:
    """Whether this is the owner's token, found out in constant time; never where no token is set."""
    expected = _expected()
    same = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))
    return bool(expected) and same


def may_set_up(token: str) -> bool:
    """Whether a visitor may set up a study: the owner, or anybody on a machine that has none and is no Space."""
    return is_owner(token) if has_owner() else not os.environ.get(SPACE)
