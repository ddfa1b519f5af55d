"""What one visitor has chosen on one tab: the study in force, uploaded files; and which studies there are."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.studies.importers.layout import Layout
from qamro.studies.importers.table import Parsing
from qamro.ui.session import Kept, Visitor
from qamro.ui.study_picker.texts import Picker as T

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.studies.importers.found import Found

_LEFT = "study"
_CHOSEN = ("study", "source", "summary", "ours")
_ORDER = ("here", "fetch", "ask")

Tell = Callable[..., None]


@dataclass
class Upload:
    """Files that a visitor brought along, before they are imported.

    Attributes:
        folder: Where they lie, under the visitor's names.
        name: What the study will be called.
        layout: How they are read; None while nothing that looks like ratings was found.
        found: What that finds; None where it fails.
        examples: The first cells of each column.
        by_rater: Whether scales are told for each rater.
        sounds: Number of sound files among them.
        notes: What was left out, and why.
        problem: What is wrong; empty when nothing is.
        parsing: How the files are cut into cells, where the visitor said it.
        refused: Why the last correction was not made; empty when it was.
        corrections: How often the visitor corrected something.
        words: Words of which the visitor has to say what they stand for.
        sides: Whether they stand for sides of a vote.
    """

    folder: Path
    name: str
    layout: Layout | None = None
    found: Found | None = None
    examples: dict[str, list[str]] = field(default_factory=dict)
    by_rater: bool = False
    sounds: int = 0
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    parsing: Parsing = field(default_factory=Parsing)
    refused: str = ""
    corrections: int = 0
    words: tuple[str, ...] = ()
    sides: bool = False

    def failed(self, problem: Exception) -> Upload:
        """Returns the files with what is wrong with them."""
        words, sides = getattr(problem, "words", ()), getattr(problem, "sides", False)
        return replace(self, problem=str(problem), words=words, sides=sides)


class PickerState(Visitor):
    """A tab's choice of a study, for one visitor.

    Attributes:
        audio: Whether the tab needs the clips' sound.
        card: Which source is open on the page: a study's name, ``"upload"``, or empty.
        study: The study in force; None while there is none.
        source: Where that came from: its name, ``"upload"``, or empty while there is none.
        turn: How often a study was chosen.
        summary: What the page says about it.
        error: What went wrong last; empty when nothing did.
        going: What goes on: ``text``, and if known ``done`` and ``of``; None while nothing does.
        upload: Files that wait for their import.
        ours: Whether the study in force was brought along, so that it can be taken home.
        packed: How often it was.
        keeps: Whether the study outlives the page (see ``leave``).
        kept: What this browser's pages leave for each other; None before one has come, or where it sends no key.
    """

    def __init__(self, audio: bool = False, keeps: bool = False) -> None:
        super().__init__()
        self.audio, self.keeps = audio, keeps
        self.kept: Kept | None = None
        self.card = ""
        self.study: Study | None = None
        self.source = ""
        self.turn = 0
        self.summary: dict[str, Any] | None = None
        self.error = ""
        self.going: dict[str, Any] | None = None
        self.upload: Upload | None = None
        self.ours = False
        self.packed = 0

    def fresh_folder(self, parent: Path) -> Path:
        """Returns a new folder for files; imported ones stay until the visitor goes, as runs may still read them."""
        return Path(tempfile.mkdtemp(prefix="brought-", dir=(self.kept or self).folder(parent)))

    def leave(self) -> None:
        """Leaves the study in force to the next page of this browser."""
        if self.kept is not None and self.keeps:
            self.kept.parts[_LEFT] = {name: getattr(self, name) for name in _CHOSEN}

    def adopt(self, asked: str) -> bool:
        """Takes over the study that the page before left.

        Args:
            asked: Name of the study that the address asks for, empty for none: another one is not taken over.

        Returns:
            Whether there was one.
        """
        left = self.kept.parts.get(_LEFT) if self.kept is not None and self.keeps else None
        if left is None or left["study"] is None or self.turn or self.busy or (asked and asked != left["source"]):
            return False
        for name, value in left.items():
            setattr(self, name, value)
        self.card, self.turn = self.source, 1
        return True

    def drop(self) -> None:
        """Puts away the files that wait for their import."""
        if self.upload is not None:
            shutil.rmtree(self.upload.folder, ignore_errors=True)
            self.upload = None


def sources() -> list[dict[str, Any]]:
    """Returns what the page says about each study: on this machine first, then those that can be fetched."""
    from qamro.studies.registry import SIMULATED, datasets

    simulated = {"name": SIMULATED, "title": T.SIMULATED, "note": T.SIMULATED_NOTE, "state": "here", "details": ""}
    entries = [
        {
            "name": data.name,
            "title": data.name,
            "note": data.holds,
            "state": "here" if data.is_here else "fetch" if data.files else "ask",
            "details": T.DETAILS.format(
                size=f"{data.megabytes:,} MB" if data.megabytes else T.SIZE_UNKNOWN, licence=data.licence
            ),
            "obtain": data.obtain,
            "page": data.page,
        }
        for data in datasets().values()
    ]
    return [simulated, *sorted(entries, key=lambda entry: _ORDER.index(str(entry["state"])))]


def simulated(tell: Tell) -> Study:
    """Returns the bundled simulated study; it is rendered when asked for first."""
    from qamro.studies.simulated import build

    return build(on_clip=lambda done, of: tell(T.MAKING.format(done=done, all=of), done, of)).study


def registered(name: str, tell: Tell) -> Study:
    """Returns a published study; it is fetched if it is not on this machine.

    Raises:
        ValueError: It cannot be fetched; says why, and what to do instead.
    """
    from qamro.studies.fetch import FetchError, Progress, fetch
    from qamro.studies.registry import get_dataset, open_study

    data = get_dataset(name)
    if data.is_here:
        return open_study(name)

    def report(at: Progress) -> None:
        here = f"{at.bytes / 1e6:.1f} MB"
        size = T.OF_SIZE.format(here=here, size=f"{at.of_bytes / 1e6:.1f} MB") if at.of_bytes else here
        text = T.FETCHING.format(name=name, file=at.file, files=at.files, size=size)
        tell(text, *((at.bytes, at.of_bytes) if at.of_bytes else (at.file - 1, at.files)))

    try:
        return fetch(data, on_progress=report)
    except (FetchError, FileNotFoundError) as problem:
        raise ValueError(T.NO_FETCH.format(name=name, problem=problem, obtain=data.obtain).strip()) from problem
