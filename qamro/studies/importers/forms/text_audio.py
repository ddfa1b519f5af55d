"""RELATE, XACLE and AudioEval: sounds rated for how well they match a text, each rating with its listener.

RELATE is read as its repository has it (sarulab-speech/RELATE, README and ``scores/``). Of XACLE, which is sent on
request, the README of XACLE-Challenge/XACLE_dataset_train_validation tells folders and the order of columns; it names
them otherwise than the challenge's own code, so they are read by their places.

Of AudioEval, its card on the hub tells files, counts and the columns ``file_name``, ``wav_name``, ``prompt_text`` of
the clips; the columns of its ratings it does not: they are read as any table's.

All ask what the axis TA asks, on other scales (0 to 10, 1 to 10): these become 1 to 5 in a straight line, and a note
says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qamro.axes import NEEDS_PROMPT
from qamro.studies.importers.scales import ScaleMap
from qamro.studies.study import Study
from qamro.studies.tables import StudyError, need, numbers, read_table

if TYPE_CHECKING:
    import pandas as pd

RELATE, XACLE, AUDIOEVAL = "REL.csv", "train.csv", "ratings.csv"
AS_TA, TEN_AS_TA = ScaleMap(0, 10, 1, 5), ScaleMap(1, 10, 1, 5)
_ASKED = {"enjoy": "CE", "useful": "CU", "complex": "PC", "align": "TA", "quality": "PQ"}
_SPLITS = {"train": "train", "validation": "dev", "test": "test"}
_RELATE = ["wavname", "text", "score", "listener_id", "audio type", "anchor label"]
_AXES = {"REL": "TA", "IS": "IS", "OS": "OS"}


def read_relate(path: Path) -> Study:
    """Reads ``scores/REL.csv``, and beside it ``IS.csv`` and ``OS.csv`` where they are.

    Anchors (pairs that do not belong together, to screen listeners by) are left out, and so is what REL marks as
    excluded. The ratings of IS and OS are published unscreened.

    Args:
        path: ``scores/REL.csv``; sound is looked for in ``RELATE_wave`` beside ``scores``.

    Raises:
        StudyError: A column is missing, or a score is no number from 0 to 10.
    """
    import pandas as pd

    parts, split = [], {}
    for file, axis in _AXES.items():
        one = path.with_name(f"{file}.csv")
        if not one.is_file():
            continue
        table = read_table(one)
        need(table, _RELATE, one)
        table["score"] = _scores(table, one)
        table = table[table["anchor label"] != "True"]
        if "in RELATE dataset" in table:
            table = table[table["in RELATE dataset"] != "excluded"]
            split = dict(zip(table["wavname"], table["in RELATE dataset"].map(_SPLITS).fillna(""), strict=True))
        parts.append(table.assign(axis=axis))
    every = pd.concat(parts, ignore_index=True)
    every["split"] = every["wavname"].map(split).fillna("")
    every["wavname"] = every["wavname"].str.lstrip("/")
    every["system"] = every["wavname"].str.partition("/")[0]
    every["path"] = "RELATE_wave/" + every["wavname"]
    about = {"notes": [_note(AS_TA), "IS and OS, from 0 to 10, are published before their listeners were screened"]}
    return _study(every, "relate", path.resolve().parent.parent, about)


def read_xacle(path: Path) -> Study:
    """Reads ``meta_data/train.csv`` and ``validation.csv``, single ratings: sound, text, score, listener.

    Args:
        path: ``meta_data/train.csv``; sound is looked for in ``wav/train`` and ``wav/validation``.

    Raises:
        StudyError: A file has other columns than these four, or a score is no number from 0 to 10.
    """
    import pandas as pd

    parts = []
    for file in ("train", "validation"):
        one = path.with_name(f"{file}.csv")
        if not one.is_file():
            continue
        table = read_table(one)
        if table.shape[1] != 4 or not table.iloc[:, 0].str.lower().str.endswith(".wav").all():
            raise StudyError(
                f"{one} has the columns {', '.join(table.columns)}; expected four: a name ending in .wav, text, score, "
                "listener"
            )
        table = table.set_axis(["wavname", "text", "score", "listener_id"], axis=1)
        names = file + "/" + table["wavname"].str.lstrip("/")
        table = table.assign(score=_scores(table, one), axis="TA", split=_SPLITS[file], system="")
        parts.append(table.assign(wavname=names, path="wav/" + names))
    return _study(pd.concat(parts, ignore_index=True), "xacle", path.resolve().parent.parent, {"notes": [_note(AS_TA)]})


def read_audioeval(path: Path) -> Study:
    """Reads ``annotations/ratings.csv`` as any table of ratings, and its clips from ``data/metadata.jsonl``.

    Raises:
        StudyError: One of the five questions (enjoyment, usefulness, complexity, quality, alignment) is not among its
            columns, or a clip is not in ``metadata.jsonl``.
    """
    import json

    from qamro.studies.importers.names import role_of
    from qamro.studies.importers.reading import read

    study = read(path)
    axes = {axis: next((key for word, key in _ASKED.items() if word in axis.lower()), axis) for axis in study.axes}
    if sorted(axes.values()) != sorted(_ASKED.values()):
        raise StudyError(
            f"{path} was read as ratings on {', '.join(study.axes)}; expected {', '.join(_ASKED.values())}"
        )
    told = path.parent.parent / "data" / "metadata.jsonl"
    clips: dict[str, tuple[str, str, str]] = {}
    for line in told.read_text(encoding="utf-8").splitlines() if told.is_file() else ():
        entry = json.loads(line)
        system = next((str(entry[key]) for key in entry if role_of(key) == "system"), "")
        described = ("data/" + str(entry["file_name"]), system, str(entry["prompt_text"]))
        clips |= dict.fromkeys((Path(str(entry[key])).stem for key in ("file_name", "wav_name")), described)
    names = [Path(str(clip)).stem for clip in study.clips["clip"]]
    if lost := [name for name in names if name not in clips]:
        raise StudyError(f"{told} does not describe the clip {lost[0]!r} of {path.name}")
    table = study.clips.drop(columns=["path", "system", "prompt"], errors="ignore")
    paths, systems, prompts = zip(*(clips[name] for name in names), strict=True)
    ratings = study.ratings.assign(axis=study.ratings["axis"].map(axes))
    if (off := TEN_AS_TA.outside(ratings["score"].to_numpy())).any():
        row = ratings.iloc[int(off.argmax())]
        raise StudyError(f"{path}: {row['score']:g} for {row['clip']!r} lies off the scale of 1 to 10")
    ratings = _aligned(ratings, TEN_AS_TA)
    about = study.about | {"notes": [_note(TEN_AS_TA)]}
    table = table.assign(path=paths, system=systems, prompt=prompts)
    return study.replace(clips=table, ratings=ratings, root=path.resolve().parent.parent, name="audioeval", about=about)


def _note(scale: ScaleMap) -> str:
    return (
        f"TA was rated from {scale.from_low:g} to {scale.from_high:g} and is mapped in a straight line to its scale, "
        f"{scale.to_low:g} to {scale.to_high:g}"
    )


def _aligned(ratings: pd.DataFrame, scale: ScaleMap) -> pd.DataFrame:
    """Puts ratings of how well a text is met on TA's scale; what was given stays in ``score_found``."""
    given = ratings["score"]
    moved = given.mask(ratings["axis"].isin(NEEDS_PROMPT), scale(given.to_numpy()))
    return ratings.assign(score=moved, score_found=given)


def _scores(table: pd.DataFrame, path: Path) -> pd.Series:
    scores = numbers(table, "score", path)
    if (off := AS_TA.outside(scores.to_numpy())).any():
        row = int(off.argmax())
        raise StudyError(f"{path}, row {row + 1}, column 'score': {scores.iloc[row]:g} lies off the scale of 0 to 10")
    return scores


def _study(table: pd.DataFrame, name: str, root: Path, about: dict[str, list[str]]) -> Study:
    clips = table.rename(columns={"wavname": "clip", "text": "prompt"})
    clips = clips[["clip", "path", "system", "prompt", "split"]].drop_duplicates("clip")
    ratings = table[["wavname", "listener_id", "axis", "score"]].set_axis(["clip", "rater", "axis", "score"], axis=1)
    return Study(clips.reset_index(drop=True), _aligned(ratings, AS_TA), name=name, root=root, about=about)
