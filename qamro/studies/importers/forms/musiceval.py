"""MusicEval: lists of ``file,MI,TA`` without a header, and the release that they are part of.

Each line of a list holds the means of five experts. A mean is kept as one row of the ratings table with ``mean_of`` = 5
and no rater, so that counts are right and no spread of ratings is made up. ``person_mos/train_person_mos.txt`` holds
the single ratings, a row each and no rater named; a list in which clips stand several times is read as such.

File names carry system and prompt: ``audiomos2025-track1-S008_P020.wav``. Six systems were taken from demo pages and
have prompts of their own, listed by file name in ``demo_prompt_info.txt``; their ``P001`` is not the others' ``P001``.

Source: arXiv 2501.10811; CC BY-NC 4.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qamro.studies.importers.names import role_of
from qamro.studies.importers.table import Parsing, Sheet, opened
from qamro.studies.study import Study
from qamro.studies.tables import StudyError, numbers, read_table

if TYPE_CHECKING:
    import pandas as pd

AXES = ("MI", "TA")
EXPERTS = 5
SPLITS = ("train", "dev", "test")

_NAME = re.compile(r"(?P<system>S\d+)_(?P<prompt>P\d+)(?:\.\w+)?$")
_NO_HEADER = Parsing(header=0)
_LIST = "{split}_mos_list.txt"
_SINGLE = "{split}_person_mos.txt"

DEMO_SYSTEMS = frozenset({"S001", "S006", "S013", "S017", "S018", "S033"})
"""Systems whose clips come from demo pages and have prompts of their own."""


@dataclass(frozen=True)
class Prompts:
    """Prompts by id and by file name.

    Attributes:
        by_id: ``P001`` and so on: the prompts that all systems but the six got.
        by_clip: File names: the prompts of the six.
    """

    by_id: dict[str, str]
    by_clip: dict[str, str]

    @classmethod
    def read(cls, release: Path) -> Prompts:
        """Reads ``prompt_info.txt`` and ``demo_prompt_info.txt``; a file that is missing gives no prompts.

        Raises:
            StudyError: A line is not an id and a text with a tab between.
        """
        return cls(_read_prompts(release / "prompt_info.txt"), _read_prompts(release / "demo_prompt_info.txt"))

    def of(self, clip: str, system: str, prompt_id: str) -> str:
        """Returns a clip's prompt, empty when unknown. A demo clip never gets the prompt that shares its id.

        Args:
            clip: Name of the file.
            system: Its system, as ``S001``.
            prompt_id: Its prompt, as ``P001``.
        """
        if clip in self.by_clip:
            return self.by_clip[clip]
        return "" if system in DEMO_SYSTEMS else self.by_id.get(prompt_id, "")


def _read_prompts(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    prompts: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as problem:
        raise StudyError(f"{path} is not text in UTF-8: {problem}") from problem
    for number, line in enumerate(lines, 1):
        key, tab, text = line.strip().partition("\t")
        if key and not tab:
            raise StudyError(f"{path}, line {number}: expected an id, a tab and the prompt")
        if key and (key, text.strip()) != ("id", "text"):
            prompts[key] = text.strip().strip('"')
    return prompts


def recognises(cells: list[str]) -> bool:
    """Whether a first line is of this form: a name that holds a system and a prompt, two numbers, and no header."""
    return len(cells) == 3 and bool(_NAME.search(cells[0])) and all(_number(cell) for cell in cells[1:])


def is_list(cells: list[str]) -> bool:
    """Whether a first line is a name and two numbers, so that it may be a list of this form under other names."""
    named = len(cells) == 3 and not _number(cells[0]) and not role_of(cells[0])
    return named and all(_number(cell) for cell in cells[1:])


def is_release(folder: Path) -> bool:
    """Whether a folder is laid out like the release, with the lists in ``sets``."""
    return any((folder / "sets").glob(_LIST.format(split="*")))


def read(path: Path) -> Study:
    """Reads one list, of means or of single ratings; prompts are found when the list lies in the ``sets`` of a release.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: A line is not a name and two means of five ratings, or single ratings are not whole.
    """
    return study_of(opened(path, _NO_HEADER))


def study_of(sheet: Sheet) -> Study:
    """Reads a list; see ``read``."""
    root = sheet.path.resolve().parent.parent
    return _study(_lines(sheet), root if is_release(root) else None, sheet.path.stem)


def read_release(folder: Path) -> Study:
    """Reads a release: every split that is there, prompts, and the published means of the systems.

    The clips table has the further columns ``split``, ``prompt_id`` and ``source`` (clips of one prompt share it).

    Args:
        folder: Holds ``sets/train_mos_list.txt`` (or dev, test, total), ``prompt_info.txt``,
            ``demo_prompt_info.txt``, ``system_mos/*.csv``, ``wav/``; all but the lists may be missing.

    Raises:
        FileNotFoundError: There is no list.
        StudyError: A file is not valid.
    """
    lists = {split: folder / "sets" / _LIST.format(split=split) for split in SPLITS}
    lists = {split: file for split, file in lists.items() if file.is_file()}
    total = folder / "sets" / _LIST.format(split="total")
    if not lists and total.is_file():
        lists = {"": total}
    if not lists:
        raise FileNotFoundError(f"{folder} holds no sets/train_mos_list.txt; give the unpacked release of MusicEval")
    import pandas as pd

    means = [_lines(opened(file, _NO_HEADER)).assign(split=split) for split, file in lists.items()]
    names = pd.concat([part["clip"] for part in means])
    if names.duplicated().any():
        raise StudyError(f"{folder}/sets: {names[names.duplicated()].iloc[0]!r} stands twice; remove one")
    own = {split: folder / "person_mos" / _SINGLE.format(split=split) for split in lists}
    if all(file.is_file() for file in own.values()):
        single = [_lines(opened(file, _NO_HEADER)).assign(split=split) for split, file in own.items()]
        study = _study(pd.concat(single, ignore_index=True), folder, "musiceval")
        if differ := _differing(single, means):
            told = f"{len(differ)} clips' single ratings do not have their published means, for example {differ[0]}"
            study.about["notes"] = [*study.about.get("notes", ()), told]
    else:
        study = _study(pd.concat(means, ignore_index=True), folder, "musiceval")
    study.about["system_mos"] = read_system_mos(folder)
    return study


def read_system_mos(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Returns the published means of each system: file, then system, then axis."""
    means = {}
    for file in sorted((folder / "system_mos").glob("*.csv")):
        table = read_table(file, columns=["system", *AXES])
        table = table[table["system"].str.fullmatch(r"S\d+")].reset_index(drop=True)  # a header, if there is one
        values = {axis: numbers(table, axis, file) for axis in AXES}
        means[file.stem] = {
            system: {axis: float(values[axis].iloc[i]) for axis in AXES} for i, system in enumerate(table["system"])
        }
    return means


def _lines(sheet: Sheet) -> pd.DataFrame:
    table, path = sheet.called(["clip", *AXES]), sheet.path
    for axis in AXES:
        table[axis] = numbers(table, axis, path)
        odd = (abs(table[axis] * EXPERTS - (table[axis] * EXPERTS).round()) > 1e-3).to_numpy()
        if odd.any():
            row = int(odd.argmax())
            raise StudyError(
                f"{path}, row {row + 1}: {axis} {table[axis].iloc[row]:g} is no mean of {EXPERTS} whole ratings; if "
                "these are predictions, give them as predictions"
            )
    if table["clip"].duplicated().any():
        for axis in AXES:
            odd = (table[axis] != table[axis].round()).to_numpy()
            if odd.any():
                row = int(table["clip"].duplicated().to_numpy().argmax())
                raise StudyError(
                    f"{path}, row {row + 1}: {table['clip'].iloc[row]!r} stands twice, so that these would be single "
                    f"ratings, and {axis} {table[axis][odd].iloc[0]:g} is not whole; keep one row a clip"
                )
    return table


def _differing(single: list[pd.DataFrame], means: list[pd.DataFrame]) -> list[str]:
    """The clips of which the single ratings do not have the listed mean, to the third decimal."""
    import pandas as pd

    found = pd.concat(single).groupby("clip")[list(AXES)].mean()
    listed = pd.concat(means).set_index("clip")[list(AXES)]
    near = (listed - found.reindex(listed.index)).abs().le(2e-3).all(axis=1)
    return [str(clip) for clip in listed.index[~near]]


def _study(table: pd.DataFrame, root: Path | None, name: str) -> Study:
    prompts = Prompts.read(root) if root is not None else Prompts({}, {})
    parts = table["clip"].str.extract(_NAME).fillna("")
    clips = table[["clip"]].assign(
        path=["wav/" + clip if root is not None else "" for clip in table["clip"]],
        system=parts["system"],
        prompt=[prompts.of(clip, *ids) for clip, *ids in zip(table["clip"], *parts.to_numpy().T, strict=True)],
        prompt_id=parts["prompt"],
        source=parts["prompt"].where(~parts["system"].isin(DEMO_SYSTEMS), parts["system"] + "_" + parts["prompt"]),
    )
    if "split" in table.columns:
        clips["split"] = table["split"]
    ratings = table.melt("clip", list(AXES), "axis", "score")
    single = table["clip"].duplicated().any()
    about: dict[str, object] = {"ratings": "single ratings of experts who are not named"}
    if not single:
        ratings = ratings.assign(mean_of=EXPERTS)
        about = {"ratings": f"means of {EXPERTS} experts"}
    clips = clips.drop_duplicates("clip").reset_index(drop=True)
    lacking = int((clips["prompt"] == "").sum())
    if root is not None and lacking:
        about["notes"] = [f"{lacking} of {len(clips)} clips have no prompt in prompt_info.txt or demo_prompt_info.txt"]
    return Study(clips, ratings, name=name, root=root, about=about)


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
