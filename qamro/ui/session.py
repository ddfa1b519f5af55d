"""What a visitor has: on every tab a folder and what goes on; on the Predict tab clips, and the scores of a run.

Sessions of the Predict tab outlive their page: ``SHELF`` keeps them by a key of the browser.
"""

from __future__ import annotations

import itertools
import re
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from qamro.ui.bounds import Held, Turns, bound
from qamro.ui.monitoring import count_row
from qamro.ui.texts import Bounds

if TYPE_CHECKING:
    import pandas as pd

    from qamro.predictors import Predictor, Provenance
    from qamro.ui.bounds import Place, Turn


C = TypeVar("C")

TURN = 0.5
"""Seconds of scoring, about, before the next visitor has a turn."""

FIRST, MOST = 3, 16
"""Clips of a visitor's first turn, and of any: between them as many as fit into a turn."""


TURNS = Turns(max(1, bound("QAMRO_SCORING")))
"""Of everybody who scores clips in this process."""

CLIPS = Held("QAMRO_CLIPS_ADDRESS", Bounds.CLIPS)
"""Clips that wait for a score, by address."""

TELL_FIRST, TELL_EVERY = 1.0, 2.0
"""Seconds after which a visitor who waits is told of the place in line, and after which again."""


class Visitor:
    """State of one visitor on one tab; nothing in it is shared between visitors.

    Attributes:
        busy: Whether a run or a download is going on.
        stopping: Whether the visitor asked for its end.
        address: Where the visitor's requests come from; empty where nobody knows.
        place: Where the visitor stands in line while clips wait for their turn; else None.
    """

    def __init__(self) -> None:
        self.busy = False
        self.stopping = False
        self.address = ""
        self.place: Place | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def folder(self, parent: Path | str | None = None) -> Path:
        """Returns a folder for files that are made for this visitor; it goes when the session goes.

        Args:
            parent: Where to make it the first time; None takes the system's folder for such things.
        """
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="session-", dir=parent, ignore_cleanup_errors=True)
        return Path(self._folder.name).resolve()

    def close(self) -> None:
        """Ends the session: stops a run and deletes the session's folder."""
        self.cancel()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def cancel(self) -> None:
        """Asks the run or the download that is going on to end; what is done stays."""
        self.stopping = True


def in_turns(
    visitor: Visitor, clips: Sequence[C], work: Callable[[Sequence[C]], Iterable[dict[str, Any]]]
) -> Generator[dict[str, Any] | None]:
    """Has clips scored a few at a time, taking turns with everybody else; ends early where the visitor asks.

    Args:
        visitor: Whose they are.
        clips: What is to be scored.
        work: Scores a few of them; ends early where the visitor asks.

    Yields:
        Rows as soon as they are ready; None now and then while it waits: ``visitor.place`` is where it stands.

    Raises:
        TooMuchError: Too many wait, or too many clips of this visitor's address do.
    """
    left, size = list(clips), FIRST
    with CLIPS.hold(visitor.address, len(left)):
        while left and not visitor.stopping:
            with TURNS.turn(visitor, visitor.address) as turn:
                yield from _waiting(visitor, turn)
                if visitor.stopping:
                    return
                began, part = time.perf_counter(), left[:size]
                # Rows are shown while the next visitor has the processors: nobody's page holds up a turn.
                rows = list(work(part))
                took = time.perf_counter() - began
            yield from rows
            if len(rows) < len(part):
                return
            left = left[size:]
            size = max(1, min(MOST, round(size * TURN / max(took, 1e-3))))


def _waiting(visitor: Visitor, turn: Turn) -> Iterator[None]:
    """Waits for a turn; stops now and then to let the page say where the visitor stands."""
    told = time.monotonic() + TELL_FIRST
    try:
        while not turn.wait(0.5) and not visitor.stopping:
            if time.monotonic() >= told:
                told, visitor.place = time.monotonic() + TELL_EVERY, turn.place
                yield None
    finally:
        visitor.place = None


@dataclass
class Clip:
    """A clip on the table.

    Attributes:
        id: Names the clip within the session; the page knows this and never the path.
        name: What the visitor's machine calls the file, with the folder that it came in.
        path: Where the file lies on this machine.
        prompt: What it was generated from; empty when unknown.
        system: What generated it; empty when unknown.
    """

    id: str
    name: str
    path: Path
    prompt: str = ""
    system: str = ""


@dataclass
class Run:
    """One press of the Score button: which clips, by which predictor, and the rows so far.

    Attributes:
        predictor: Name of the predictor.
        columns: Columns of its score table.
        axes: The axes that it scores.
        provenance: For each axis, where its scores come from.
        clips: The clips as they were when the run began, by id.
        rows: Rows of the score table by clip id, in the order in which they came.
        began: When the run began (UTC).
        cancelled: Whether the visitor stopped it.
    """

    predictor: str
    columns: list[str]
    axes: tuple[str, ...]
    provenance: dict[str, Provenance]
    clips: dict[str, Clip]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    cancelled: bool = False
    windows: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def good(self) -> list[str]:
        """Ids of the clips that were scored, in the order of the clips."""
        return [key for key in self.clips if key in self.rows and not self.rows[key]["error"]]

    @property
    def failed(self) -> list[str]:
        """Ids of the clips that could not be scored, in the order of the clips."""
        return [key for key in self.clips if key in self.rows and self.rows[key]["error"]]


class Session(Visitor):
    """Everything that belongs to one visitor; nothing in here is shared between visitors.

    Attributes:
        clips: The clips on the table, by id, in their order.
        run: The last run; None before the first.
        predictor: Name of the predictor that was chosen last; empty before the first choice.
        selected: Id of the clip whose details are shown.
        held: Whether the visitor stopped a run, and nothing has come since: nothing is scored without a press.
        playable: Copies of clips that browsers play, by id, of those whose files they do not.
        handed: Clips that another tab handed over for a listening study.
        handed_axis: The axis that they are to be rated on, with the lowest and the highest score.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clips: dict[str, Clip] = {}
        self.run: Run | None = None
        self.predictor = ""
        self.selected: str | None = None
        self.held = False
        self.playable: dict[str, Path] = {}
        self.handed: list[Clip] = []
        self.handed_axis: tuple[str, float, float] = ("", 0.0, 0.0)
        self._added = 0
        self.note = ""  # what there is to say of the files that came last
        self.listed = self.told = 0  # answers that held the list of clips, or scores: a page shows the newest
        self.typed = 0.0  # when the prompts and systems were typed, in milliseconds by the page's clock
        self.followed = False  # whether something went on already when the page came up
        self.editing, self.looking = threading.Lock(), threading.Lock()

    def __deepcopy__(self, _: dict[int, Any]) -> Session:
        """Gradio copies an unused session for each visitor."""
        return Session()

    def add(self, path: Path | str, name: str, prompt: str = "", system: str = "", *, again: bool = False) -> bool:
        """Puts a clip on the table.

        Args:
            path: Where the file lies.
            name: What to call it; a number is added when the name is taken by another file.
            prompt: What it was generated from.
            system: What generated it.
            again: Whether a file may stand there twice, as it does where a program wants an answer for each.

        Returns:
            Whether it was added: False if this very file is there already.
        """
        path = Path(path)
        taken = {clip.name: clip.path for clip in self.clips.values()}
        if path in taken.values() and not again:
            return False
        unique = next(n for n in _candidates(name or path.name) if n not in taken)
        self._added, self.held = self._added + 1, False
        clip = Clip(f"c{self._added}", unique, path, prompt.strip(), system.strip())
        self.clips[clip.id] = clip
        return True

    def edit(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Takes over the prompts and systems that were typed into the page.

        Args:
            rows: Mappings with ``id`` and any of ``prompt`` and ``system``; unknown ids are passed over.
        """
        for row in rows:
            clip = self.clips.get(str(row.get("id")))
            if clip is None:
                continue
            clip.prompt = str(row.get("prompt") or "").strip()
            clip.system = str(row.get("system") or "").strip()
            if self.run is not None and clip.id in self.run.rows:  # who made it is a label: no score depends on it
                self.run.clips[clip.id].system = self.run.rows[clip.id]["system"] = clip.system

    def remove(self, *keys: str) -> None:
        """Takes clips off the table, and their scores with them."""
        self.clips = {key: clip for key, clip in self.clips.items() if key not in keys}
        if self.run is not None:
            self.run.clips = {key: clip for key, clip in self.run.clips.items() if key not in keys}
        if self.selected in keys:
            self.selected = None

    def waiting(self) -> list[str]:
        """Ids of the clips that have no score by the chosen predictor, or were scored with another prompt."""
        run = self.run
        if run is None or (self.predictor and run.predictor != self.predictor):
            return list(self.clips)
        return [key for key, clip in self.clips.items() if not _scored_as(run, clip)]

    def begin(self) -> bool:
        """Takes the one place for what goes on; False where something does already."""
        with self.editing:
            free, self.busy = not self.busy, True
        return free

    def score(self, predictor: Predictor, *, again: bool = False) -> Generator[dict[str, Any] | None]:
        """Scores the clips on the table and yields each row as soon as it is ready; see ``in_turns``.

        The rows collect in ``run``. They name the clip as the visitor's machine did and never tell this
        machine's paths. ``cancel`` ends the run after the row at hand.

        Args:
            predictor: The predictor.
            again: Score all clips; else those stay that it has scored with the prompts that they have.
        """
        clips = {key: replace(clip) for key, clip in self.clips.items()}
        last, run = self.run, Run(predictor.name, predictor.columns, predictor.axes, predictor.provenance, clips)
        if last is not None and not again and (last.predictor, last.provenance) == (run.predictor, run.provenance):
            run.rows = {key: last.rows[key] for key, clip in clips.items() if _scored_as(last, clip)}
            run.windows = {key: table for key, table in last.windows.items() if key in run.rows}
        self.run, self.predictor = run, predictor.name
        held, self.stopping, self.busy = self.busy, False, True
        try:
            left = [clip for key, clip in clips.items() if key not in run.rows]
            yield from in_turns(self, left, lambda part: self._slice(predictor, part))
        finally:
            run.cancelled = any(key not in run.rows for key in run.clips)
            self.busy = held

    def _slice(self, predictor: Predictor, clips: Sequence[Clip]) -> Iterator[dict[str, Any]]:
        """Scores a few clips into ``run``; ends early where the visitor asks."""
        texts = [clip.prompt for clip in clips], [clip.system for clip in clips]
        stream = predictor.stream([clip.path for clip in clips], *texts)
        try:
            for clip, row in zip(clips, stream, strict=False):
                if self.stopping or self.run is None:
                    return
                error = row["error"].replace(str(clip.path), clip.name).replace(clip.path.name, clip.name)
                self.run.rows[clip.id] = row | {"clip": clip.name, "path": clip.name, "error": error}
                count_row(self.run.rows[clip.id])
                yield self.run.rows[clip.id]
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()


def _scored_as(run: Run, clip: Clip) -> bool:
    """Whether a run has a row for a clip as it is now."""
    return clip.id in run.rows and clip.id in run.clips and run.clips[clip.id].prompt == clip.prompt


V = TypeVar("V", bound=Visitor)


class Shelf(Generic[V]):
    """Keeps visitors' sessions by the key that their browser keeps: a reload or a second tab finds them again."""

    def __init__(self, seconds: float, most: int = 1000, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Sets for how long a session is kept after it was last asked for, and how many are."""
        self._seconds, self._most, self._clock, self._lock = seconds, most, clock, threading.Lock()
        self._kept: OrderedDict[str, tuple[float, V]] = OrderedDict()

    def take(self, key: str, session: V) -> V:
        """Returns the session that is kept under a key; keeps the one given where there is none.

        Args:
            key: Random, known to one browser alone: whoever knows it sees the session.
            session: That of a page which has just come up.
        """
        if not _KEY.fullmatch(key):
            return session
        now = self._clock()
        with self._lock:
            over = [old for old, (last, _) in self._kept.items() if last < now - self._seconds]
            gone = [self._kept.pop(old)[1] for old in over]
            kept = self._kept.pop(key, (now, session))[1]
            self._kept[key] = now, kept
            while len(self._kept) > self._most:
                gone.append(self._kept.popitem(last=False)[1][1])
        for one in gone:
            one.close()
        return kept

    def leave(self, session: V) -> None:
        """Closes a session whose page has gone, unless it is kept here."""
        with self._lock:
            kept = any(one is session for _, one in self._kept.values())
        if not kept:
            session.close()


_KEY = re.compile(r"[0-9a-f]{32}")

DAY = 24 * 60 * 60

SHELF: Shelf[Session] = Shelf(DAY)
"""Of this process; uploaded files are deleted after a day, too."""


class Kept(Visitor):
    """What a browser's pages leave for the next one, beside the clips of Predict; its folder holds their files.

    Attributes:
        parts: By who left it, for example ``"compare"``, whatever that needs to go on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, Any] = {}

    @staticmethod
    def of(key: object) -> Kept | None:
        """Returns what is kept under a browser's key, nothing yet at first; None where the page sent no such key."""
        return KEPT.take(str(key), Kept()) if _KEY.fullmatch(str(key)) else None


KEPT: Shelf[Kept] = Shelf(DAY, 200)
"""Of this process."""


SHORTEST_WINDOW, USUAL_WINDOW, MOST_WINDOWS = 3.0, 5.0, 60


def shortest_window(seconds: float) -> float:
    """Returns the shortest window into which a clip of this many seconds may be cut: 3 s, or a sixtieth of it."""
    return max(SHORTEST_WINDOW, seconds / MOST_WINDOWS)


def window_seconds(seconds: float) -> float:
    """Returns how long the windows of a clip are unless somebody says: 5 s, which LogMel hears at once.

    A clip of less than 10 s is cut in two, down to the shortest window; NaN, a length that is not known, is no less.
    """
    return max(shortest_window(seconds), min(USUAL_WINDOW, seconds / 2))


def predict_session() -> Any:
    """Finds the Predict tab's session in the app that is being built, for other tabs to take from; else a new one."""
    import gradio as gr

    app = gr.context.Context.root_block
    blocks = app.blocks.values() if app is not None else ()
    found = (block for block in blocks if isinstance(block, gr.State) and isinstance(block.value, Session))
    return next(found, None) or gr.State(Session())


def _candidates(name: str) -> Iterator[str]:
    stem, dot, ending = name.rpartition(".")
    yield name
    for n in itertools.count(2):
        yield f"{stem} ({n}){dot}{ending}" if stem else f"{name} ({n})"


def read_manifest(path: Path | str) -> dict[str, tuple[str, str]]:
    """Reads a manifest that came with clips; see ``qamro.studies.manifest``.

    Returns:
        For each file name (without folders), its prompt and its system.

    Raises:
        ValueError: It is none; the message calls it "it".
    """
    from qamro.studies import manifest

    if not Path(path).name.lower().endswith(manifest.PLAIN):
        raise ValueError("it is packed; here a manifest is a CSV or .jsonl, the command line's predict takes others")
    try:
        rows = manifest.read_manifest(path)
    except (ValueError, ImportError) as problem:
        raise ValueError(str(problem).replace(str(path), "it")) from problem
    if not any(row.prompt or row.system for row in rows):
        raise ValueError("it gives no clip a prompt or a system")
    if any(row.start or row.seconds for row in rows):
        raise ValueError("it names parts of files; here whole files are scored, the command line's predict takes parts")
    return {_file_name(row.path): (row.prompt, row.system) for row in rows}


def apply_manifest(clips: Iterable[Clip], entries: dict[str, tuple[str, str]]) -> tuple[int, list[str]]:
    """Gives clips the prompts and systems of a manifest.

    Returns:
        How many clips it named, and the names in it that belong to none of them.
    """
    found, left = 0, dict(entries)
    for clip in clips:
        name = _file_name(clip.name)
        if name in entries:
            prompt, system = entries[name]
            clip.prompt, clip.system = prompt or clip.prompt, system or clip.system
            left.pop(name, None)
            found += 1
    return found, list(left)


def _file_name(path: str) -> str:
    return PurePosixPath(path.strip().replace("\\", "/")).name
