"""The prompts of MusicEval: one table for most systems, one by file name for the six taken from demo pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qamro.studies.validation import StudyError

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
        return cls(_read(release / "prompt_info.txt"), _read(release / "demo_prompt_info.txt"))

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


def _read(path: Path) -> dict[str, str]:
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
