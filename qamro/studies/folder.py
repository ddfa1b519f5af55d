"""A study as a folder: ``clips.csv``, ``ratings.csv`` and, if there are any, ``votes.csv`` and ``study.json``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.studies.tables import need, read_table, write_table
from qamro.studies.validation import RATING_TEXT, StudyError

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies.study import Study


def is_study(folder: Path) -> bool:
    """Whether a folder holds the two tables of a study."""
    return (folder / "clips.csv").is_file() and (folder / "ratings.csv").is_file()


def save_study(study: Study, folder: Path | str) -> Path:
    """Writes a study; see ``Study.save``. A full disk or a kill leaves what was there before."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    clips = study.clips.copy()
    clips["path"] = [_relocate(path, study.root, folder) for path in clips["path"]]
    names = ["clips.csv", "ratings.csv", "study.json", *(["votes.csv"] if study.votes is not None else [])]
    parts = [folder / f"{name}.part" for name in names]
    meta = {"name": study.name, "kind": study.kind, "about": study.about}
    text = json.dumps(meta, indent=1, ensure_ascii=False, default=str)
    try:
        write_table(clips, parts[0])
        write_table(study.ratings, parts[1])
        parts[2].write_text(text + "\n", encoding="utf-8")
        if study.votes is not None:
            write_table(study.votes, parts[3])
        for part, name in zip(parts, names, strict=True):
            os.replace(part, folder / name)
        if study.votes is None:
            (folder / "votes.csv").unlink(missing_ok=True)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return folder


def load_study(folder: Path | str) -> dict[str, Any]:
    """Reads a study's folder and returns the arguments that make a ``Study``; see ``Study.load``.

    Raises:
        FileNotFoundError: One of its tables is missing.
        StudyError: A table cannot be read.
    """
    folder = Path(folder)
    for table in ("clips.csv", "ratings.csv"):
        if not (folder / table).is_file():
            raise FileNotFoundError(f"{folder} holds no {table}; a study is a folder of clips.csv and ratings.csv")
    clips = read_table(folder / "clips.csv")
    ratings = read_table(folder / "ratings.csv")
    need(clips, ["clip"], folder / "clips.csv")
    need(ratings, ["clip", "axis", "score"], folder / "ratings.csv")
    for column in ratings.columns.difference(RATING_TEXT):
        ratings[column] = _numbers_where_all_are(ratings[column])
    votes = read_table(folder / "votes.csv") if (folder / "votes.csv").is_file() else None
    return {"clips": clips, "ratings": ratings, "votes": votes, "root": folder, **_meta(folder)}


def _meta(folder: Path) -> dict[str, Any]:
    file = folder / "study.json"
    if not file.is_file():
        return {"name": folder.resolve().name}
    try:
        meta = json.loads(file.read_text(encoding="utf-8"))
        about = dict(meta.get("about") or {})
    except (ValueError, AttributeError, TypeError) as problem:
        raise StudyError(f"{file} is not valid: {problem}; correct it, or remove it: it is optional") from problem
    return {"name": str(meta.get("name") or folder.resolve().name), "kind": meta.get("kind", "human"), "about": about}


def _relocate(path: str, root: Path | None, folder: Path) -> str:
    """Returns a path that means the same file from ``folder``: relative if the file lies below it."""
    if not path or (root is not None and root.resolve() == folder.resolve()):
        return path
    absolute = Path(os.path.abspath((root or Path()) / path))
    below = folder.resolve()
    return str(absolute.relative_to(below)) if absolute.is_relative_to(below) else str(absolute)


def _numbers_where_all_are(column: pd.Series) -> pd.Series:
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce")
    return values if np.isfinite(values.astype(float)).all() else column
