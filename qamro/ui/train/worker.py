"""The process that trains: embeds a study, fits its heads, tests them, writes them to a folder; and how it is run.

A training has a process of its own, so that the page stays alive and no visitor waits for another's epochs.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.ui.bounds import Line, bound
from qamro.ui.processes import EVERY, context, settle
from qamro.ui.texts import Bounds
from qamro.ui.train.state import (
    Done,
    Embedding,
    Epoch,
    Epochs,
    Failed,
    Judging,
    Loading,
    Message,
    Settings,
    Waiting,
)

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from qamro.studies import Study
    from qamro.training.embedded_study import EmbeddedStudy
    from qamro.training.recipe import Progress

TELL_EVERY = 0.2
"""Seconds between two messages about epochs."""


@dataclass(frozen=True)
class Task:
    """What a process is to do.

    Attributes:
        study: With audio.
        settings: What was chosen.
        folder: Where to write; the process makes it.
        name: For the card.
        command: What makes these heads again, for the card.
        threads: How many the process may use.
    """

    study: Study
    settings: Settings
    folder: Path
    name: str
    command: str = ""
    threads: int = 1


def work(task: Task, link: Connection, stop: Callable[[], bool]) -> None:
    """Does a task and sends messages until ``Done`` or ``Failed``; the entry point of the process.

    Args:
        task: What to do.
        link: Where messages go; when nobody listens any more, the process ends.
        stop: Asked after every epoch; True ends the training and keeps the best so far.
    """
    try:
        link.send(Loading())
        link.send(train(task, link.send, stop))
    except (BrokenPipeError, KeyboardInterrupt):
        return
    except (ValueError, OSError, RuntimeError) as problem:
        link.send(Failed(str(problem), expected=True))
    except Exception as problem:
        link.send(Failed(f"{type(problem).__name__}: {problem}", expected=False))


def train(task: Task, tell: Callable[[Message], None], stop: Callable[[], bool]) -> Done:
    """Trains, tests and writes; see ``work``.

    Raises:
        ValueError: The study, the encoder and the settings do not go together.
        WeightsError: The encoder's weights are not on this machine.
        OSError: The folder cannot be written.
    """
    import torch

    from qamro.predictors.saved import remembering_encoder
    from qamro.training import recipe as road

    torch.set_num_threads(task.threads)
    recipe = road.recipe_of(task.settings, task.name, task.command)
    encoder = remembering_encoder(task.settings.encoder)
    clips, clock, news = _Clips(tell, len(task.study.clips)), _Clock(task.settings.seconds, stop), _News(tell)

    def on_embedded(_: EmbeddedStudy) -> None:
        clips.over()
        clock.start()

    def on_epoch(event: Progress) -> bool:
        news.add(event.axis, event.rows or [event.row])
        return clock.over()

    bundle, prepared = road.train(
        task.study, recipe, encoder, on_clip=clips, on_embedded=on_embedded, on_epoch=on_epoch, stop=clock.over
    )
    news.flush()
    tell(Judging())
    task.folder.mkdir(parents=True, exist_ok=True)
    bundle.save(task.folder / "heads")
    prepared.predict(prepared.parts["test"], bundle.heads).to_csv(task.folder / "predictions.csv", index=False)
    return Done(task.folder, prepared.embeddings.failed, clock.out_of_time, clips.seconds)


class _Clips:
    """Tells how far embedding is."""

    def __init__(self, tell: Callable[[Message], None], clips: int) -> None:
        self._tell, self._began, self._told, self.seconds = tell, time.perf_counter(), 0.0, 0.0
        tell(Embedding(0, clips, 0.0))

    def __call__(self, done: int, total: int) -> None:
        now = time.perf_counter()
        if done >= total or now - self._told > TELL_EVERY:
            self._told = now
            self._tell(Embedding(min(done, total), total, now - self._began))

    def over(self) -> None:
        """Keeps how long it took."""
        self.seconds = time.perf_counter() - self._began


class _Clock:
    """Says when training has to end: the visitor asked for it, or the time is up."""

    def __init__(self, seconds: float, stop: Callable[[], bool]) -> None:
        self._seconds, self._until, self._stop = seconds, math.inf, stop
        self.out_of_time = False

    def start(self) -> None:
        """Counts the seconds from now on."""
        self._until = time.monotonic() + self._seconds if self._seconds else math.inf

    def over(self) -> bool:
        self.out_of_time = self.out_of_time or time.monotonic() > self._until
        return self.out_of_time or self._stop()


class _News:
    """Collects epochs and sends several at once: a small head does hundreds in a second."""

    def __init__(self, tell: Callable[[Message], None]) -> None:
        self._tell, self._axis, self._rows, self._told = tell, "", list[Epoch](), 0.0

    def add(self, axis: str, rows: Sequence[dict[str, float]]) -> None:
        if axis != self._axis:
            self.flush()
        self._axis = axis
        self._rows.append(epoch_of(rows))
        if time.monotonic() - self._told > TELL_EVERY:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            self._tell(Epochs(self._axis, self._rows))
        self._rows, self._told = [], time.monotonic()


def epoch_of(rows: Sequence[dict[str, float]]) -> Epoch:
    """Sums up an epoch of several seeds; seeds for which a number is undefined are left out of it.

    Args:
        rows: The newest row of each seed's history.
    """
    values = {key: [row.get(key, math.nan) for row in rows] for key in ("train_loss", "val_loss", "val_srcc")}
    known = {key: [value for value in found if math.isfinite(value)] for key, found in values.items()}
    mean = {key: sum(found) / len(found) if found else math.nan for key, found in known.items()}
    ends = {key: (min(found), max(found)) if found else (math.nan, math.nan) for key, found in known.items()}
    return Epoch(int(rows[0]["epoch"]), **mean, val_loss_ends=ends["val_loss"], val_srcc_ends=ends["val_srcc"])


# The process, as the page runs it

LINE = Line("QAMRO_TRAININGS", Bounds.TRAININGS_FULL)
"""Of those who want to train."""


class Job:
    """One training.

    Attributes:
        task: What it does.
        cancelled: Whether it is to end and leave nothing.
    """

    def __init__(self, task: Task, is_gone: Callable[[], bool] = lambda: False) -> None:
        """Starts nothing yet.

        Args:
            task: What to do.
            is_gone: Asked now and then; True ends it as ``cancel`` does: nobody is there any more.
        """
        self.task = replace(task, threads=max(1, (os.cpu_count() or 2) // max(1, bound("QAMRO_TRAININGS"))))
        self.cancelled, self._is_gone = False, is_gone
        self._stop: Any = None
        self._process: Any = None

    def messages(self) -> Generator[Message | None]:
        """Runs it and yields its messages; None where there is nothing new.

        The last message is ``Done`` or ``Failed``; after ``cancel`` there is none. Whoever stops iterating ends the
        process.

        Raises:
            TooMuchError: Too many wait already.
        """
        LINE.join(self)
        try:
            while (place := LINE.wait(self, EVERY)) is not None:
                if self._ended():
                    return
                yield Waiting(place)
            yield from self._run()
        finally:
            LINE.leave(self)

    def _ended(self) -> bool:
        if not self.cancelled and self._is_gone():
            self.cancel()
        return self.cancelled

    def stop(self) -> None:
        """Ends the training after the epoch at hand; the best so far is tested and kept."""
        if self._stop is not None:
            self._stop.set()

    def cancel(self) -> None:
        """Ends everything at once; nothing is kept."""
        self.cancelled = True
        if self._process is not None:
            self._process.kill()

    def _run(self) -> Generator[Message | None]:
        made_in = context()
        receive, send = made_in.Pipe(duplex=False)
        self._stop = made_in.Event()
        process = made_in.Process(target=_entry, args=(self.task, send, self._stop, dict(os.environ)), daemon=True)
        process.start()
        self._process = process
        send.close()
        try:
            while not self._ended():
                if not receive.poll(EVERY):
                    yield None
                    continue
                try:
                    message = receive.recv()
                except (EOFError, ConnectionError):
                    process.join(5)
                    if self.cancelled:
                        return
                    yield Failed(f"the training process ended by itself (exit code {process.exitcode})", expected=False)
                    return
                yield message
                if isinstance(message, Done | Failed):
                    return
        finally:
            receive.close()
            process.join(0.5 if not self.cancelled else 0)
            if process.is_alive():
                process.kill()
                process.join()


def _entry(task: Task, link: Any, stop: Any, environment: dict[str, str]) -> None:
    settle(environment)
    work(task, link, stop.is_set)
