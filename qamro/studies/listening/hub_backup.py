"""Where ratings lie on this machine, and their backup as a data set on the Hugging Face Hub."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.paths import cache_dir
from qamro.studies.listening.export import write_folder
from qamro.studies.listening.recovery import mend
from qamro.studies.listening.store import RatingStore

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo, CommitScheduler

TOKEN, REPO = "HF_TOKEN", "QAMRO_RATINGS_REPO"
EVERY = 5.0
"""Minutes between two commits."""

_RETRY = 60.0  # seconds until the Hub is tried again
_ALLOWED = ["audio/*.flac", "backup/*"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """Where the backup goes.

    Attributes:
        repo: Name of a data set repository, ``owner/name``; made, private, if it is not there.
        token: A token that may write to it.
        endpoint: Address of the Hub; None is the usual one.
    """

    repo: str
    token: str = field(repr=False)
    endpoint: str | None = None


def wanted() -> Target | None:
    """Returns the target when ``HF_TOKEN`` and ``QAMRO_RATINGS_REPO`` are both set, else None."""
    token, repo = os.environ.get(TOKEN), os.environ.get(REPO)
    return Target(repo, token, os.environ.get("HF_ENDPOINT") or None) if token and repo else None


def restore(folder: Path, target: Target) -> bool:
    """Fetches the newest backup into a folder that has no ratings yet; returns whether there was one.

    Every store writes a snapshot under a name of its own, so that a store that could not be restored never overwrites
    an older one. A Hub that does not answer is logged, and nothing else.
    """
    if (folder / "ratings.sqlite").exists():
        return False
    try:
        from huggingface_hub import HfApi

        api = HfApi(endpoint=target.endpoint, token=target.token)
        if not api.repo_exists(target.repo, repo_type="dataset"):
            return False
        options: dict[str, Any] = {"repo_type": "dataset", "local_dir": folder, "allow_patterns": _ALLOWED}
        api.snapshot_download(target.repo, **options)
        snapshots = sorted((folder / "backup").glob("*.sqlite"), key=_last_change)
        if snapshots:
            part = folder / "ratings.part"
            shutil.copyfile(snapshots[-1], part)
            part.replace(folder / "ratings.sqlite")
            _log.info("ratings restored from %s", target.repo)
        return bool(snapshots)
    except Exception as problem:
        _log.warning("ratings could not be restored from %s: %s", target.repo, problem)
        return False


def start_backup(store: RatingStore, target: Target, *, every: float = EVERY) -> threading.Thread:
    """Starts committing in the background; tries again later where the Hub does not answer, and never raises.

    Args:
        store: What is backed up.
        target: The repository and the token to write to it.
        every: Minutes between commits.

    Returns:
        The thread that starts it.
    """

    def begin() -> None:
        while True:
            try:
                scheduler(store, target, every=every)
                return
            except Exception as problem:
                _log.warning("ratings are not backed up to %s yet: %s", target.repo, problem)
                time.sleep(_RETRY)

    thread = threading.Thread(target=begin, name="ratings-backup", daemon=True)
    thread.start()
    return thread


def scheduler(store: RatingStore, target: Target, *, every: float = EVERY) -> CommitScheduler:
    """Returns a running ``CommitScheduler`` that commits a snapshot whenever something has changed.

    In the repository: ``backup/<store>.sqlite`` (all there is, to restore from), ``backup/<study>/`` (the study as
    ``Study.load`` reads it) and ``audio/`` (the clips under random names).

    Raises:
        HfHubHTTPError: The Hub refuses the repository.
        OSError: The Hub does not answer.
    """
    from huggingface_hub import CommitScheduler, HfApi

    class Scheduler(CommitScheduler):
        """Writes a consistent snapshot before it looks for what is new; SQLite's own file changes at any time."""

        def push_to_hub(self) -> CommitInfo | None:
            with write_lock:
                if changed():
                    write_snapshot(store)
            return super().push_to_hub()

    write_lock, changed = threading.Lock(), _changes(store)
    return Scheduler(
        repo_id=target.repo,
        repo_type="dataset",
        private=True,
        folder_path=store.folder,
        every=every,
        allow_patterns=_ALLOWED,
        hf_api=HfApi(endpoint=target.endpoint, token=target.token),
    )


def write_snapshot(store: RatingStore) -> None:
    """Writes the snapshot and the studies below ``backup/``."""
    store.snapshot(store.folder / "backup" / f"{store.id}.sqlite")
    for row in store.all("SELECT id FROM studies"):
        write_folder(store, row["id"], store.folder / "backup" / row["id"])


def _changes(store: RatingStore) -> Callable[[], bool]:
    """Returns what tells whether anything was written since it was last asked."""
    seen: list[Any] = [None]

    def changed() -> bool:
        now = store.changes()
        different, seen[0] = now != seen[0], now
        return different

    return changed


def _last_change(path: Path) -> float:
    """When a snapshot's newest entry was made; 0 for what is no store."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            times = ("rated_at", "ratings"), ("joined_at", "raters"), ("created_at", "studies")
            found = [db.execute(f"SELECT max({column}) FROM {table}").fetchone()[0] for column, table in times]
            return max((time for time in found if time is not None), default=0.0)
    except sqlite3.Error:
        return 0.0


# Where the store of this machine lies.

FOLDER = "QAMRO_RATINGS_DIR"
"""Environment variable that moves the store."""

_opening = threading.Lock()
_open: dict[Path, RatingStore] = {}


def ratings_dir() -> Path:
    """Returns the store's folder: ``QAMRO_RATINGS_DIR``, or ``annotations`` in the cache."""
    named = os.environ.get(FOLDER)
    return Path(named).expanduser() if named else cache_dir("annotations")


def open_store() -> RatingStore:
    """Opens the store of this machine once and keeps it; on a machine with a backup, what was lost is fetched first."""
    folder = ratings_dir().resolve()
    with _opening:
        if folder not in _open:
            target = wanted()
            if target is not None:
                restore(folder, target)
            mend(folder)
            _open[folder] = RatingStore(folder)
            if target is not None:
                start_backup(_open[folder], target)
        return _open[folder]
