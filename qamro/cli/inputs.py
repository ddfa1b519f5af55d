"""What ``predict`` is to score: manifests, folders and files turned into one list of clips."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study
    from qamro.studies.importers.options import Options
    from qamro.studies.manifest import Entry

_NAMED_COLUMNS = 30


@dataclass(frozen=True)
class Clip:
    """One clip to score.

    Attributes:
        path: The audio file.
        prompt: Its prompt, empty when there is none.
        system: What generated it, empty when unknown.
        name: What to call it, empty to go by the file name.
        entry: Says where its sound is, where that is no whole file of this machine.
    """

    path: Path
    prompt: str = ""
    system: str = ""
    name: str = ""
    entry: Entry | None = None


def gather(inputs: Iterable[Path], prompt: str = "", *, whole: bool = False) -> list[Clip]:
    """Turns arguments into clips: a manifest is read, a folder is searched, anything else is an audio file.

    A file that does not exist is kept as long as another input does, and fails by itself when it is scored.

    Args:
        inputs: Manifests, folders and files.
        prompt: For clips that no manifest gives a prompt.
        whole: Whether only whole files of this machine will do.

    Raises:
        FileNotFoundError: Nothing of what was named is there, or a manifest is missing.
        ValueError: A manifest is not valid, or a folder holds no audio.
        ImportError: A manifest is Parquet, and pyarrow is not installed.
    """
    from qamro.studies.manifest import is_manifest

    inputs = list(inputs)
    if not any(path.exists() for path in inputs):
        raise FileNotFoundError(f"there is no file or folder {inputs[0]}; name a manifest, a folder or audio files")
    clips: dict[object, Clip] = {}
    for path in inputs:
        if path.is_dir():
            found = _folder(path)
        elif is_manifest(path):
            found = read_manifest(path)
            if whole and any(clip.entry for clip in found):
                raise ValueError(f"{path} names parts of files, addresses or sound in archives; give whole files here")
        else:
            found = [Clip(path)]
        for clip in found:
            clips.setdefault((clip.path, clip.entry), clip)
    return [clip if clip.prompt else replace(clip, prompt=prompt) for clip in clips.values()]


def read_manifest(path: Path) -> list[Clip]:
    """Reads a manifest, whose files are relative to it; see ``qamro.studies.manifest``.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: It is none; names the row.
    """
    from qamro.studies import manifest

    folder, clips = path.resolve().parent, []
    for row in manifest.read_manifest(path):
        at, entry = Path(row.path), None if row.is_file else row
        if entry is None and at.is_relative_to(folder):
            at = path.parent / at.relative_to(folder)
        clips.append(Clip(at, row.prompt, row.system, row.clip if row.named else "", entry))
    return clips


def _folder(path: Path) -> list[Clip]:
    from qamro.audio import AUDIO_ENDINGS

    files = [
        file
        for file in path.rglob("*")
        if file.suffix.lower() in AUDIO_ENDINGS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    if not files:
        raise ValueError(
            f"{path} holds no audio files ({', '.join(AUDIO_ENDINGS[:6])} and {len(AUDIO_ENDINGS) - 6} more)"
        )
    return [Clip(file) for file in sorted(files, key=_natural)]


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sorts 2.mp3 before 10.mp3."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", str(path))]


def ratings_options(
    column: Sequence[str] | None = None,
    axis: str | Sequence[str] | None = "",
    scale: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
    delimiter: str = "",
    header: int | None = None,
    encoding: str = "",
    answer: Sequence[str] | None = None,
    ragged: str = "",
) -> Options:
    """Reads what the options say about a file of ratings; see ``qamro.studies.importers.options``.

    Of several axes, none says what the axis is where the file does not.

    Raises:
        ValueError: One is not of the form that it takes.
    """
    from qamro.studies.importers.options import Options

    if not isinstance(axis, str):
        axis = axis[0] if axis and len(axis) == 1 else ""
    return Options.parse(
        column=column or (),
        axis=axis,
        scale=scale or (),
        missing=missing or (),
        rows=rows or (),
        delimiter=delimiter,
        header=header,
        encoding=encoding,
        answer=answer or (),
        ragged=ragged,
    )


def open_ratings(ratings: str, options: Options | None = None) -> Study:
    """Opens rated clips by what a user may call them: a file, folder or zip, or the name of a fetched study.

    Says how they were read: what every column became, what was left out, counts, scales.

    Args:
        ratings: The file, folder, zip or name.
        options: What is known about the file.

    Raises:
        FileNotFoundError: There is no such file, or the study was not fetched.
        ValueError: It holds no ratings that can be read, or only votes.
    """
    study = _open_and_tell(ratings, options)
    if study.votes is not None and not len(study.ratings):
        raise ValueError(
            f"{ratings} holds {len(study.votes)} votes between pairs of clips and no ratings of single clips; rank its "
            f"systems with: qamro rank --votes {ratings}"
        )
    return study


def open_votes(votes: str, options: Options | None = None, *, or_ratings: bool = False) -> Study:
    """Opens a study with votes between pairs of clips; says how they were read.

    Args:
        votes: The file, folder, zip or name.
        options: What is known about the file.
        or_ratings: Whether ratings without any vote will do.

    Raises:
        FileNotFoundError: There is no such file, or the study was not fetched.
        ValueError: It holds no votes that can be read.
    """
    study = _open_and_tell(votes, options)
    if study.votes is None and not or_ratings:
        raise ValueError(f"{votes} holds {len(study.ratings)} ratings of single clips and no votes between pairs")
    return study


def _open_and_tell(name: str, options: Options | None) -> Study:
    from qamro.cli.console import remark
    from qamro.studies.registry import open_study

    study = open_study(name, options)
    for line in reading_of(study):
        remark(f"{name}: {line}")
    return study


def open_predictions(path: Path, options: Options, clip_column: str = "", study: Study | None = None) -> pd.DataFrame:
    """Reads a table of predictions; what is said of letters holds for it, too, where it is not in UTF-8.

    Args:
        path: The table, or a folder of parts that ``predict`` wrote for a corpus.
        options: What was said about the ratings.
        clip_column: The column that names its clips; empty to find out.
        study: The ratings; of a folder, only rows are read that may be of its clips. None reads all.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no table of predictions.
    """
    from qamro.studies.importers.letters import is_utf8
    from qamro.studies.importers.predictions import is_parts, read_parts, read_predictions

    if is_parts(path):
        from qamro.cli.console import remark
        from qamro.evaluation.align import may_belong

        table = read_parts(path, None if study is None else may_belong(study))
        if len(table) < table.attrs["rows"]:
            remark(f"{path}: {table.attrs['rows']:,} rows, of which {len(table):,} may be of rated clips and are read")
        return table
    from qamro.studies.importers.table import Parsing

    encoding = options.parsing.encoding
    parsing = Parsing(encoding=encoding) if encoding and path.is_file() and not is_utf8(path) else None
    return read_predictions(path, parsing, clip_column=clip_column)


def reading_of(study: Study, *, notes: bool = True) -> list[str]:
    """Says how a study was read, line by line: the form, columns, counts, scales, and in notes what was left out."""
    from qamro.studies.importers.scales import likely_scale

    who = set(study.ratings["rater"].unique()) if study.has_raters else set()
    who |= set(study.votes["rater"].unique()) if study.votes is not None else set()
    raters = len(who - {""})
    counts = [f"{len(study.clips)} clips", f"{len(study.systems)} systems"]
    counts += [f"{raters} raters" if raters else "no raters named", f"{len(study.ratings)} ratings"]
    counts += [f"{len(study.votes)} votes"] if study.votes is not None else []
    lines = [str(study.about["read_as"])] if study.about.get("read_as") else []
    columns = study.about.get("columns") or {}
    shown = [f"{name!r}: {what}" for name, what in list(columns.items())[:_NAMED_COLUMNS]]
    more = [f"and {len(columns) - len(shown)} more"] if len(columns) > len(shown) else []
    if columns:
        lines.append(f"columns: {'; '.join([*shown, *more])}")
    scales = []
    for axis, scores in study.ratings.groupby("axis", sort=False)["score"]:
        likely, _ = likely_scale(str(axis), float(scores.min()), float(scores.max()))
        told = f", likely a scale of {likely[0]:g} to {likely[1]:g}" if likely else ""
        scales.append(f"{axis} {scores.min():g} to {scores.max():g}{told}")
    lines.append(f"{', '.join(counts)}" + (f"; {'; '.join(scales[:_NAMED_COLUMNS])}" if scales else ""))
    return lines + [f"note: {note}" for note in study.about.get("notes", ()) if notes]


def open_audible(ratings: str, options: Options | None = None, *, or_votes: bool = False) -> Study:
    """Opens rated clips to train on.

    Args:
        ratings: As for ``open_ratings``.
        options: What is known about the file.
        or_votes: Whether votes between pairs of clips will do.

    Raises:
        FileNotFoundError: As ``open_ratings``; or not one clip's sound is here: says how to get it.
        ValueError: It holds no ratings that can be read.
    """
    from qamro.studies.registry import datasets

    study = (_open_and_tell if or_votes else open_ratings)(ratings, options)
    lost = study.missing_audio()
    if len(lost) < len(study.clips):
        return study
    path = study.clips["path"].iloc[0] if lost else ""
    looked = f"; looked for {(study.root or Path()) / path}" if path else ""
    remedy = "Put the sound files where the column path of the clips table says."
    if ratings in datasets() and not Path(ratings).exists():
        remedy = datasets()[ratings].how_to_hear
    raise FileNotFoundError(f"{study.name} is here without its audio (0 of {len(study.clips)} clips{looked}). {remedy}")


def warn_of_origin(name: str, scores: pd.DataFrame, study: Study) -> None:
    """Warns where scores say that the heads behind them were trained or calibrated on this study.

    Args:
        name: What the predictor is called; may be empty.
        scores: A score table; its facts say on which study.
        study: What the scores are held against.
    """
    from qamro.cli.console import warn
    from qamro.evaluation.align import match
    from qamro.predictors.provenance import trained_on

    if seen := trained_on(scores, study, [row for row, _ in match(scores, study).rows]):
        warn(
            f"{name}{': ' if name else ''}the heads behind {', '.join(seen)} were trained or calibrated on "
            f"{study.name}, too; figures on clips that they have seen flatter them, their card has those on clips that "
            "they have not"
        )
