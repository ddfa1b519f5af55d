"""``Study``, the one type that carries a listening study: its clips and ratings, in memory and as a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.axes import AXES, axis_order
from qamro.studies.tables import (
    RATING_TEXT,
    StudyError,
    check_clips,
    check_ratings,
    check_votes,
    need,
    read_table,
    write_table,
)

if TYPE_CHECKING:
    import pandas as pd


class Study:
    """Clips and the ratings that people (or simulated listeners) gave them.

    Attributes:
        name: What the study is called in tables and figures.
        kind: Where the ratings come from: ``"human"`` or ``"simulated"``.
        clips: One row a clip: ``clip`` (unique name), ``path`` (audio file, empty when there is none),
            ``system`` (what generated it, empty when unknown), ``prompt`` (empty when there is none),
            and any further columns, for example ``source`` (the content that versions of a clip share).
        ratings: One row a rating as it was given: ``clip``, ``rater`` (empty when anonymous), ``axis``, ``score``,
            and any further columns; ``counted`` has them as they count. Scores stay on the scale they were given
            on. Where a file publishes means only, ``mean_of`` says how many ratings a score is the mean of; without
            that column it is one.
        votes: One row a vote between two clips: ``clip_a``, ``clip_b``, ``system_a``, ``system_b``, ``rater``,
            ``axis``, ``winner`` (``a``, ``b``, ``tie`` or ``both_bad``); None where nobody compared clips. A study
            may hold votes, ratings or both.
        root: The folder that relative paths refer to, or None.
        about: Free notes that travel with the study: licence, citation, source.
    """

    def __init__(
        self,
        clips: pd.DataFrame,
        ratings: pd.DataFrame,
        *,
        name: str = "study",
        kind: str = "human",
        root: Path | str | None = None,
        about: dict[str, Any] | None = None,
        votes: pd.DataFrame | None = None,
    ) -> None:
        """Checks both tables and keeps copies of them.

        Raises:
            StudyError: A column is missing, a clip is named twice, a rating names an unknown clip, or a
                score is not a finite number; the message names the table, the row and the remedy.
        """
        if kind not in ("human", "simulated"):
            raise ValueError(f"kind is 'human' or 'simulated', not {kind!r}")
        self.name = name
        self.kind = kind
        self.root = Path(root) if root is not None else None
        self.about = dict(about or {})
        self.clips = check_clips(clips)
        self.ratings = check_ratings(ratings, self.clips)
        self.votes = check_votes(votes, self.clips) if votes is not None and len(votes) else None

    def __repr__(self) -> str:
        votes = f", {len(self.votes)} votes" if self.votes is not None else ""
        return (
            f"Study({self.name!r}, {self.kind}: {len(self.clips)} clips, {len(self.systems)} systems, "
            f"{len(self.counted)} ratings on {', '.join(self.axes) or 'no axis'}{votes})"
        )

    def with_clips(self, clips: pd.DataFrame) -> Study:
        """Returns the study with another clips table; everything else stays.

        Raises:
            StudyError: A rating or vote names a clip that is not in it.
        """
        return self.replace(clips=clips)

    def replace(self, **changes: Any) -> Study:
        """Returns the study with some of its parts changed; everything else stays, votes and notes too.

        Args:
            changes: Arguments of ``Study`` by name.

        Raises:
            StudyError: The parts do not belong together.
        """
        parts = {name: getattr(self, name) for name in ("clips", "ratings", "name", "kind", "root", "about", "votes")}
        return Study(**(parts | changes))

    def of_clips(self, clips: Iterable[str]) -> Study:
        """Returns the study of some of its clips: their ratings, and the votes between two of them."""
        kept = set(clips)
        votes = self.votes
        if votes is not None:
            votes = votes[votes["clip_a"].isin(kept) & votes["clip_b"].isin(kept)]
        return self.replace(
            clips=self.clips[self.clips["clip"].isin(kept)],
            ratings=self.ratings[self.ratings["clip"].isin(kept)],
            votes=votes,
        )

    @property
    def axes(self) -> list[str]:
        """The rated axes, known ones first."""
        return axis_order([str(axis) for axis in self.ratings["axis"].unique()])

    @property
    def systems(self) -> list[str]:
        """The named systems, sorted."""
        return sorted(str(system) for system in self.clips["system"].unique() if system)

    @property
    def has_raters(self) -> bool:
        """Whether every rating says who gave it."""
        return len(self.ratings) > 0 and bool((self.ratings["rater"] != "").all())

    @property
    def holds_means(self) -> bool:
        """Whether some scores are means of several ratings, so that nothing can be said about single ratings."""
        return "mean_of" in self.ratings.columns and bool((self.ratings["mean_of"] > 1).any())

    @cached_property
    def counted(self) -> pd.DataFrame:
        """The ratings as every mean, count and statistic takes them: one for each rater, clip and axis.

        A rater who rated a clip again gave one rating, the mean of them; anonymous ratings, and published means, are
        each their own.

        Returns:
            The columns of ``ratings``; of repeated ones the first row, with the mean score.
        """
        keys = ["clip", "rater", "axis"]
        again = self.ratings.duplicated(keys) & (self.ratings["rater"] != "")
        if self.holds_means or not again.any():
            return self.ratings
        means = self.ratings.groupby(keys, sort=False)["score"].transform("mean").round(12)
        score = self.ratings["score"].where(self.ratings["rater"] == "", means)
        return self.ratings.assign(score=score)[~again].reset_index(drop=True)

    @property
    def repeats(self) -> int:
        """How many ratings went into others, because their rater had rated the clip on that axis before."""
        return len(self.ratings) - len(self.counted)

    def audio_path(self, clip: str) -> Path:
        """Returns where a clip's audio file is, absolute when the study has an absolute root.

        Raises:
            KeyError: There is no such clip.
            FileNotFoundError: The study holds no audio for it.
        """
        rows = self.clips.loc[self.clips["clip"] == clip, "path"]
        if rows.empty:
            raise KeyError(f"study {self.name!r} has no clip {clip!r}")
        path = rows.iloc[0]
        if not path:
            raise FileNotFoundError(f"study {self.name!r} names no audio file for clip {clip!r}")
        return self.root / path if self.root is not None else Path(path)

    def missing_audio(self) -> list[str]:
        """Returns the clips that name no audio file, or one that is not there, in the order of the clips table."""
        root = self.root or Path()
        rows = zip(self.clips["clip"], self.clips["path"], strict=True)
        return [clip for clip, path in rows if not path or not (root / path).is_file()]

    @property
    def rated_clips(self) -> pd.DataFrame:
        """The rows of ``clips`` that have a rating."""
        return self.clips[self.clips["clip"].isin(self.ratings["clip"].unique())]

    def clip_means(self) -> pd.DataFrame:
        """Returns the MOS of every clip and axis.

        Returns:
            Columns ``clip``, ``system``, ``axis``, ``mean``, ``count`` (ratings, see ``counted``), ``sem`` (standard
            error of the mean, NaN with a single rating or where only a mean was published); one row for each clip and
            axis that was rated.
        """
        return self._clip_means.copy()

    @cached_property
    def _clip_means(self) -> pd.DataFrame:
        keys = ["clip", "axis"]
        means = _mean_of_means(self.ratings, keys) if self.holds_means else _mean_count_sem(self.counted, keys, "score")
        return self.clips[["clip", "system"]].merge(means, on="clip", how="inner")

    def system_means(self) -> pd.DataFrame:
        """Returns the mean score of every system and axis: the mean over its clips' MOS.

        Returns:
            Columns ``system``, ``axis``, ``mean``, ``count`` (clips), ``ratings`` and ``sem`` (standard error
            over clips, NaN with a single clip). Clips without a system are left out.
        """
        clips = self.clip_means()
        clips = clips[clips["system"] != ""]
        means = _mean_count_sem(clips, ["system", "axis"], "mean")
        totals = clips.groupby(["system", "axis"], sort=False)["count"].sum().rename("ratings").reset_index()
        return means.merge(totals, on=["system", "axis"])[["system", "axis", "mean", "count", "ratings", "sem"]]

    def out_of_range(self) -> pd.DataFrame:
        """Counts the ratings outside their axis's scale, which are kept as found.

        The published Audiobox-Aesthetics files rate 1 to 10 and yet hold zeros, for example.

        Returns:
            Columns ``axis``, ``score``, ``count``; empty when every rating is on its scale.
        """
        # As floats, since the columns of no ratings at all may be of text.
        low, high = (
            self.ratings["axis"].map({key: getattr(axis, end) for key, axis in AXES.items()}).astype(float)
            for end in ("low", "high")
        )
        scores = self.ratings["score"].astype(float)
        outside = self.ratings[(scores < low) | (scores > high)]
        return outside.groupby(["axis", "score"]).size().rename("count").reset_index()

    def save(self, folder: Path | str) -> Path:
        """Writes ``clips.csv``, ``ratings.csv``, ``study.json`` (name, kind, notes) and ``votes.csv`` to a folder.

        Relative audio paths are rewritten to stay valid from the new folder; audio is not copied.
        """
        return save_study(self, folder)

    @classmethod
    def load(cls, folder: Path | str) -> Study:
        """Reads a folder of ``clips.csv`` and ``ratings.csv``; ``study.json`` beside them is optional.

        Raises:
            FileNotFoundError: One of the two tables is missing.
            StudyError: A file is not valid; the message names it, the row and the remedy.
        """
        arguments = load_study(folder)
        try:
            return cls(**arguments)
        except ValueError as problem:
            raise StudyError(f"{folder}: {problem}") from problem

    @classmethod
    def from_hub(cls, dataset: str, revision: str | None = None) -> Study:
        """Fetches a data set of the Hugging Face Hub and reads the ratings in it, of any form that is known.

        Args:
            dataset: ``OWNER/NAME``.
            revision: A commit or branch; its latest unless given.

        Raises:
            StudyError: Nothing in it looks like ratings; says what does.
            OSError: The Hub does not answer, or refuses the data set.
        """
        from qamro.studies.hub import from_hub

        return from_hub(dataset, revision)

    def push_to_hub(self, dataset: str, *, private: bool = True, audio: bool = True) -> str:
        """Uploads the study, and its clips' sound, as a data set of the Hugging Face Hub.

        Args:
            dataset: ``OWNER/NAME``; made where it is not there yet.
            private: Whether a new one is private. Ratings are by people: ask them before anybody may read them.
            audio: Whether the clips' sound goes along.

        Returns:
            Its address.

        Raises:
            OSError: The Hub does not answer, or refuses it.
        """
        from qamro.studies.hub import push_to_hub

        return push_to_hub(self, dataset, private=private, audio=audio)


def _mean_count_sem(table: pd.DataFrame, keys: list[str], value: str) -> pd.DataFrame:
    grouped = table.groupby(keys, sort=False)[value]
    result = grouped.agg(["mean", "count", "std"]).reset_index()
    result["sem"] = result["std"] / np.sqrt(result["count"])
    return result.drop(columns="std")


def _mean_of_means(ratings: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    weighted = ratings.assign(total=ratings["score"] * ratings["mean_of"])
    grouped = weighted.groupby(keys, sort=False)
    result = grouped[["total", "mean_of"]].sum()
    one = grouped["score"].first().where(grouped.size() == 1)  # a lone mean stays as published, to the last bit
    result["mean"] = one.fillna(result["total"] / result["mean_of"])
    result = result.reset_index().rename(columns={"mean_of": "count"}).assign(sem=np.nan)
    return result[[*keys, "mean", "count", "sem"]]


# A study as a folder: ``clips.csv``, ``ratings.csv`` and, if there are any, ``votes.csv`` and ``study.json``.


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
