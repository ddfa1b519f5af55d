"""What a visitor has: on every tab a folder and what goes on; on the Predict tab clips, and the scores of a run."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from qamro.ui.operate import count_row

if TYPE_CHECKING:
    import pandas as pd

    from qamro.predictors import Predictor, Provenance


TURN = 0.5
"""Seconds of scoring, about, before the next visitor has a turn."""

FIRST, MOST = 3, 16
"""Clips of a visitor's first turn, and of any: between them as many as fit into a turn."""


class Turns:
    """Lets so many work at once, and the others in turn: who has had a turn goes behind all who wait."""

    def __init__(self, places: int) -> None:
        """Sets how many may work at once."""
        self._free = places
        self._lock = threading.Lock()
        self._waiting: OrderedDict[int, deque[threading.Event]] = OrderedDict()

    @contextmanager
    def turn(self, who: object) -> Iterator[None]:
        """Waits for a turn and has it."""
        gate = threading.Event()
        with self._lock:
            if self._free:
                self._free -= 1
                gate.set()
            else:
                self._waiting.setdefault(id(who), deque()).append(gate)
        gate.wait()
        try:
            yield
        finally:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                else:
                    key, gates = self._waiting.popitem(last=False)
                    gates.popleft().set()
                    if gates:
                        self._waiting[key] = gates

    @property
    def waiting(self) -> int:
        """How many wait for a turn."""
        with self._lock:
            return sum(map(len, self._waiting.values()))


TURNS = Turns(max(1, int(os.environ.get("QAMRO_SCORING") or os.cpu_count() or 1)))
"""Of everybody who scores clips in this process."""


class Visitor:
    """State of one visitor on one tab; nothing in it is shared between visitors.

    Attributes:
        busy: Whether a run or a download is going on.
        stopping: Whether the visitor asked for its end.
    """

    def __init__(self) -> None:
        self.busy = False
        self.stopping = False
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
        selected: Id of the clip whose details are shown.
        handed: Clips that another tab handed over for a listening study.
        handed_axis: The axis that they are to be rated on, with the lowest and the highest score.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clips: dict[str, Clip] = {}
        self.run: Run | None = None
        self.selected: str | None = None
        self.handed: list[Clip] = []
        self.handed_axis: tuple[str, float, float] = ("", 0.0, 0.0)
        self._added = 0
        self.listed = 0  # answers that held the list of clips: a page shows the newest
        self.editing = threading.Lock()

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
        self._added += 1
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
            if clip is not None:
                clip.prompt = str(row.get("prompt") or "").strip()
                clip.system = str(row.get("system") or "").strip()

    def remove(self, key: str) -> None:
        """Takes a clip off the table; scores that it already has stay."""
        self.clips.pop(key, None)

    def score(self, predictor: Predictor) -> Generator[dict[str, Any]]:
        """Scores the clips on the table and yields each row as soon as it is ready.

        The rows collect in ``run``. They name the clip as the visitor's machine did and never tell this
        machine's paths. ``cancel`` ends the run after the row at hand.
        """
        clips = {key: replace(clip) for key, clip in self.clips.items()}
        self.run = run = Run(predictor.name, predictor.columns, predictor.axes, predictor.provenance, clips)
        self.selected, self.stopping, self.busy = None, False, True
        try:
            left, size = list(clips.values()), FIRST
            while left:
                with TURNS.turn(self):
                    if self.stopping:
                        break
                    began, part = time.perf_counter(), left[:size]
                    # Rows are shown while the next visitor has the processors: nobody's page holds up a turn.
                    rows = list(self._slice(predictor, part))
                    took = time.perf_counter() - began
                yield from rows
                if len(rows) < len(part):
                    break
                left = left[size:]
                size = max(1, min(MOST, round(size * TURN / max(took, 1e-3))))
        finally:
            run.cancelled = len(run.rows) < len(clips)
            self.busy = False

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


SHORTEST_WINDOW, MOST_WINDOWS = 3.0, 60


def window_seconds(seconds: float) -> float:
    """Returns the shortest window into which a clip of this many seconds is cut."""
    return max(SHORTEST_WINDOW, seconds / MOST_WINDOWS)


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
