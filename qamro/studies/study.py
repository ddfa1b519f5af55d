"""The one type that carries a listening study between rooms: its clips and its ratings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.axes import AXES, axis_order
from qamro.studies.validation import check_clips, check_ratings

if TYPE_CHECKING:
    import pandas as pd

CLIP_COLUMNS = ("clip", "path", "system", "prompt")
RATING_COLUMNS = ("clip", "rater", "axis", "score")


class Study:
    """Clips and the ratings that people (or simulated listeners) gave them.

    Attributes:
        name: What the study is called in tables and figures.
        kind: Where the ratings come from: ``"human"`` or ``"simulated"``.
        clips: One row a clip: ``clip`` (unique name), ``path`` (audio file, empty when there is none),
            ``system`` (what generated it, empty when unknown), ``prompt`` (empty when there is none),
            and any further columns, for example ``source`` (the content that versions of a clip share).
        ratings: One row a rating: ``clip``, ``rater`` (empty when anonymous), ``axis``, ``score``,
            and any further columns. Scores stay on the scale they were given on.
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

    def __repr__(self) -> str:
        return (
            f"Study({self.name!r}, {self.kind}: {len(self.clips)} clips, {len(self.systems)} systems, "
            f"{len(self.ratings)} ratings on {', '.join(self.axes) or 'no axis'})"
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

    def audio_path(self, clip: str) -> Path:
        """Returns where a clip's audio file is, absolute when the study has a root.

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

    def clip_means(self) -> pd.DataFrame:
        """Returns the MOS of every clip and axis.

        Returns:
            Columns ``clip``, ``system``, ``axis``, ``mean``, ``count`` (ratings), ``sem`` (standard error of
            the mean, NaN with a single rating); one row for each clip and axis that was rated.
        """
        means = _mean_count_sem(self.ratings, ["clip", "axis"], "score")
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
        low = self.ratings["axis"].map({key: axis.low for key, axis in AXES.items()})
        high = self.ratings["axis"].map({key: axis.high for key, axis in AXES.items()})
        outside = self.ratings[(self.ratings["score"] < low) | (self.ratings["score"] > high)]
        return outside.groupby(["axis", "score"]).size().rename("count").reset_index()

    def save(self, folder: Path | str) -> Path:
        """Writes ``clips.csv``, ``ratings.csv`` and ``study.json`` (name, kind, notes) to a folder.

        Relative audio paths are rewritten to stay valid from the new folder; audio is not copied.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        clips = self.clips.copy()
        if self.root is not None and self.root.resolve() != folder.resolve():
            clips["path"] = [str((self.root / path).resolve()) if path else "" for path in clips["path"]]
        clips.to_csv(folder / "clips.csv", index=False)
        self.ratings.to_csv(folder / "ratings.csv", index=False)
        meta = {"name": self.name, "kind": self.kind, "about": self.about}
        (folder / "study.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False), encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: Path | str) -> Study:
        """Reads a folder of ``clips.csv`` and ``ratings.csv``; ``study.json`` beside them is optional.

        Raises:
            FileNotFoundError: One of the two tables is missing.
            StudyError: A table is not valid.
        """
        import pandas as pd

        folder = Path(folder)
        for table in ("clips.csv", "ratings.csv"):
            if not (folder / table).is_file():
                raise FileNotFoundError(f"{folder} holds no {table}; a study is a folder of clips.csv and ratings.csv")
        meta_file = folder / "study.json"
        meta = json.loads(meta_file.read_text(encoding="utf-8")) if meta_file.is_file() else {}
        return cls(
            pd.read_csv(folder / "clips.csv", dtype=str, keep_default_na=False),
            pd.read_csv(folder / "ratings.csv", dtype={"clip": str, "rater": str, "axis": str}, keep_default_na=False),
            name=meta.get("name", folder.resolve().name),
            kind=meta.get("kind", "human"),
            root=folder,
            about=meta.get("about"),
        )


def _mean_count_sem(table: pd.DataFrame, keys: list[str], value: str) -> pd.DataFrame:
    grouped = table.groupby(keys, sort=False)[value]
    result = grouped.agg(["mean", "count", "std"]).reset_index()
    result["sem"] = result["std"] / np.sqrt(result["count"])
    return result.drop(columns="std")
