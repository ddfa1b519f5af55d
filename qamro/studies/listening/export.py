"""What the owner of a study gets: a ``Study`` like any other, and everything about raters beside it."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.studies.listening import identity, quality
from qamro.studies.listening.design import PREFERENCE
from qamro.studies.listening.errors import ListeningError
from qamro.studies.listening.store import RatingStore
from qamro.studies.study import Study
from qamro.studies.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

_TABLES: dict[str, Callable[[RatingStore, str], pd.DataFrame]] = {
    "raters.csv": quality.raters,
    "checks.csv": quality.checks,
    "repeats.csv": quality.repeats,
}

_README = """# {name}
clips.csv and ratings.csv are the study: `qamro evaluate --ratings` reads this folder. Ratings are first ratings; what
raters said when a clip came back is in repeats.csv (preferences are those for `clip`), answers to attention checks are
in checks.csv, and raters.csv has a line for each rater: how much was rated, how many checks were passed, and the mean
difference between the two times as a share of the scale. Raters are called by the start of a salted hash.
"""
_PAIRS = """
Axis `preference`: 1 for the preferred clip, 0 for the other, 0.5 for both after a tie. Each comparison is two rows, one
for each clip; `against` names the other clip, and `side` says where the clip stood.
"""


def owner_only(token: str) -> None:
    """Lets the owner pass.

    Raises:
        ListeningError: Not the owner's token, or this server has none.
    """
    if not identity.has_owner():
        raise ListeningError(f"this server has no owner; start it with {identity.OWNER} set to a secret of your own")
    if not identity.is_owner(token):
        raise ListeningError("this is not the owner's token")


def overview(store: RatingStore, token: str) -> list[dict[str, Any]]:
    """Lists the studies of this server with their progress, newest first; for the owner only.

    Raises:
        ListeningError: Not the owner's token.
    """
    owner_only(token)
    rows = store.all(
        "SELECT studies.id, created_at, count(DISTINCT raters.id) AS raters, count(rated_at) AS rated,"
        " count(DISTINCT CASE WHEN finished_at IS NOT NULL THEN raters.id END) AS finished"
        " FROM studies LEFT JOIN raters ON raters.study = studies.id LEFT JOIN tasks ON tasks.rater = raters.id"
        " GROUP BY studies.id ORDER BY created_at DESC"
    )
    return [dict(row) | {"name": store.design(row["id"]).name} for row in rows]


def to_study(store: RatingStore, study: str) -> Study:
    """Returns a study with all first ratings that were confirmed and not taken back.

    Ratings have the further columns ``position`` (in the rater's order) and ``heard`` (seconds); preferences also
    ``against`` and ``side``. Attention checks and repeats are left out (see ``quality``).

    Raises:
        ListeningError: There is no such study.
    """
    import pandas as pd

    design = store.design(study)
    clips = store.all("SELECT * FROM clips WHERE study = ? AND beeps IS NULL ORDER BY id", study)
    names = {row["id"]: row["name"] for row in clips}
    rows = store.all(
        "SELECT rater, axis, score, position, a, b, heard_a, heard_b FROM ratings JOIN tasks ON tasks.id = task"
        " JOIN raters ON raters.id = rater WHERE raters.study = ? AND kind = 'first' AND withdrawn_at IS NULL"
        " ORDER BY joined_at, rater, position, ratings.id",
        study,
    )
    ratings = []
    for row in rows:
        head = {"rater": quality.label(row["rater"]), "axis": row["axis"], "position": row["position"]}
        left = head | {"clip": names[row["a"]], "score": row["score"], "heard": round(row["heard_a"], 2)}
        if row["b"] is None:
            ratings.append(left)
            continue
        right = head | {"clip": names[row["b"]], "score": 1 - row["score"], "heard": round(row["heard_b"], 2)}
        ratings.append(left | {"against": right["clip"], "side": "left"})
        ratings.append(right | {"against": left["clip"], "side": "right"})
    columns = ["clip", "rater", "axis", "score", "position", "heard"]
    columns += ["against", "side"] if design.mode == PREFERENCE else []
    table = [(c["name"], f"audio/{c['file']}", c["system"], c["prompt"], c["source"]) for c in clips]
    return Study(
        pd.DataFrame(table, columns=["clip", "path", "system", "prompt", "source"]),
        pd.DataFrame(ratings, columns=columns),
        name=design.name,
        root=store.folder,
        about={"source": "a listening study run with qamro", "design": design.to_json()},
    )


def write_folder(store: RatingStore, study: str, folder: Path, *, audio: bool = False) -> Path:
    """Writes a study as a folder that ``Study.load`` reads, with tables about raters beside it.

    Args:
        store: The store.
        study: Id of the study.
        folder: Where to write.
        audio: Copy the sound, too; else the paths are empty.
    """
    made, design = to_study(store, study), store.design(study)
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    for path in made.clips["path"] if audio else ():
        shutil.copyfile(store.folder / path, folder / path)
    if not audio:
        (folder / "audio").rmdir()
        made.clips["path"] = ""
    made.root = folder
    made.save(folder)
    for name, make in _TABLES.items():
        write_table(make(store, study), folder / name)
    text = _README.format(name=design.name) + (_PAIRS if design.mode == PREFERENCE else "")
    (folder / "README.md").write_text(text, encoding="utf-8")
    return folder


def write_zip(store: RatingStore, study: str, token: str, target: Path, *, audio: bool = False) -> Path:
    """Writes what ``write_folder`` does as one zip; for the owner only.

    Args:
        store: The store.
        study: Id of the study.
        token: The owner's token.
        target: The zip to write.
        audio: Whether the clips' sound goes in, too.

    Returns:
        ``target``.

    Raises:
        ListeningError: Not the owner's token, or no such study.
    """
    owner_only(token)
    with tempfile.TemporaryDirectory() as work:
        folder = write_folder(store, study, Path(work) / "study", audio=audio)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
    return target
