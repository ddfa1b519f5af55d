"""AES-Natural: recordings of speech, music and sound with ten ratings on four axes, and the official split.

The audio comes from six data sets, which everybody gets from their own sites; ``aes_corpora`` maps each to a folder and
counts what is not there. The clips table has ``split``, ``corpus`` and ``source``: stems of one song, and readings of
one text in EARS, share a source, so that a split can hold out content.

Source: arXiv 2502.05139; ``evaluation_data/AES_natural_*.jsonl`` and ``audiomos2025_track2/*_list.csv`` of
facebookresearch/audiobox-aesthetics, CC BY 4.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qamro.studies.importers.aes_corpora import corpus_of, source_of
from qamro.studies.importers.forms import audiobox
from qamro.studies.importers.table import Sheet, opened
from qamro.studies.study import Study
from qamro.studies.tables import StudyError, need, numbers

if TYPE_CHECKING:
    import pandas as pd

RATINGS = tuple(f"AES_natural_{part}.jsonl" for part in ("speech", "music", "sound"))
LISTS = {split: f"audiomos2025-track2-{split}_list.csv" for split in ("train", "dev")}
PER_CLIP = 10
ROUNDING = 1e-6
"""The lists give means to one decimal, and ten whole ratings need no more: list and ratings agree."""


def recognises(cells: list[str]) -> bool:
    """Whether a first line is the header of an official list of mean scores."""
    return {"sample_id", "data_path"} <= set(cells)


def list_of(sheet: Sheet) -> Study:
    """Reads one official list by itself: means of ten ratings.

    Raises:
        StudyError: A column is missing or a cell is not a number.
    """
    table = _list(sheet)
    clips = _clips(table["data_path"].tolist())
    means = table.assign(clip=clips["clip"]).rename(columns=audiobox.AXIS_OF)
    ratings = means.melt("clip", list(audiobox.AXIS_OF.values()), "axis", "score").assign(mean_of=PER_CLIP)
    return Study(clips, ratings, name=sheet.path.stem, about={"ratings": f"means of {PER_CLIP} ratings"})


def read(ratings: list[Path], lists: dict[str, Path]) -> Study:
    """Joins the ten ratings of each clip with the official split.

    Args:
        ratings: ``AES_natural_speech.jsonl``, ``…_music.jsonl``, ``…_sound.jsonl``, or some of them.
        lists: From the split's name to its list; empty leaves ``split`` empty.

    Raises:
        FileNotFoundError: A file is missing.
        StudyError: A file is not valid, a listed clip has no ratings, or a list's mean is not the ratings' mean.
    """
    import pandas as pd

    parts = [audiobox.read(path) for path in ratings]
    scores = pd.concat([part.ratings for part in parts], ignore_index=True)
    clips = _clips([path for part in parts for path in part.clips["path"]])
    clips["split"] = ""
    study = Study(clips, scores, name="aes_natural", about={"raters": "anonymous"})
    means = study.clip_means().pivot(index="clip", columns="axis", values="mean")
    for split, path in lists.items():
        listed = _agree(path, means)
        study.clips.loc[study.clips["clip"].isin(listed), "split"] = split
    return study


def _agree(path: Path, means: pd.DataFrame) -> pd.Index:
    """Returns the clips of a list, having checked that its means are those of the ratings."""
    import pandas as pd

    table = _list(opened(path))
    listed = pd.Index(_clips(table["data_path"].tolist())["clip"])
    unknown = ~listed.isin(means.index)
    if unknown.any():
        row = int(unknown.argmax())
        raise StudyError(f"{path}, row {row + 1}: {listed[row]!r} has no ratings; give all three AES_natural files")
    for name, axis in audiobox.AXIS_OF.items():
        rated = means.loc[listed, axis].to_numpy()
        far = abs(table[name].to_numpy() - rated) > ROUNDING
        if far.any():
            row = int(far.argmax())
            raise StudyError(
                f"{path}, row {row + 1}, column {name!r}: {table[name].iloc[row]:g} is not the mean of the ratings "
                f"({rated[row]:g}); the files are of different releases"
            )
    return listed


def _list(sheet: Sheet) -> pd.DataFrame:
    table, path = sheet.frame, sheet.path
    need(table, ["sample_id", "data_path", *audiobox.AXIS_OF], path)
    for name in audiobox.AXIS_OF:
        table[name] = numbers(table, name, path)
    return table


def _clips(paths: list[str]) -> pd.DataFrame:
    import pandas as pd

    rows = [audiobox.describe(path) for path in paths]
    return pd.DataFrame(
        {
            "clip": [row["clip"] for row in rows],
            "path": [row["path"] for row in rows],
            "corpus": [corpus_of(row["path"]) for row in rows],
            "source": [source_of(row["path"]) for row in rows],
        }
    )
