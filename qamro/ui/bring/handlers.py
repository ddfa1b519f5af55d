"""What happens when a study is chosen, brought along or taken away; each tells the page how far it is."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.ui.bring.desk import Desk
from qamro.ui.bring.following import follow
from qamro.ui.bring.texts import Bring as T
from qamro.ui.bring.view import UPLOAD, summary, view
from qamro.ui.static import own_folder

if TYPE_CHECKING:
    from qamro.studies import Study

Answer = tuple[Any, Any]
"""Of every handler: the view, and the study."""

_log = logging.getLogger(__name__)


def choose(desk: Desk, event: gr.EventData) -> Iterator[Answer]:
    """Opens a study by its name; makes or fetches it first where it is not here yet."""
    yield from by_name(desk, str(event.source), fetch=bool(event.fetch))


def opened(desk: Desk, wanted: str) -> Iterator[tuple[Desk, Any, Any]]:
    """Greets a visitor, and chooses the study that the address asks for, if it does."""
    for answer in by_name(desk, wanted) if wanted else iter([(view(desk), gr.skip())]):
        yield desk, *answer  # Gradio ends only desks that an event has returned


def by_name(desk: Desk, name: str, *, fetch: bool = False) -> Iterator[Answer]:
    """Opens a study of the registry, or the simulated one."""
    from qamro.studies.registry import DATASETS, SIMULATED

    if desk.busy:
        return
    desk.source = name
    if name == UPLOAD:
        desk.error = ""
        yield view(desk), gr.skip()
    elif name == SIMULATED:
        yield from _work(desk, T.OPENING.format(name=T.SIMULATED), _simulated)
    elif name not in DATASETS:
        desk.source, desk.error = "", T.UNKNOWN.format(name=name)
        yield view(desk), gr.skip()
    elif DATASETS[name].is_here or fetch:
        yield from _work(desk, T.OPENING.format(name=name), lambda tell: _registered(name, tell))
    else:
        desk.error = ""
        yield view(desk), gr.skip()


def bring(desk: Desk, event: gr.EventData) -> Iterator[Answer]:
    """Takes uploaded files in and reads the ratings among them."""
    if desk.busy:
        return
    folder = own_folder()
    files = [(Path(str(file["path"])).resolve(), str(file["name"])) for file in event.files]
    files = [(path, name) for path, name in files if path.is_relative_to(folder) and path.is_file()]
    desk.source = UPLOAD
    if not files:
        desk.error = T.NOT_OURS
        yield view(desk), gr.skip()
        return
    yield from _work(desk, T.READING, lambda tell: _read(files))


def forget(desk: Desk) -> Answer:
    """Takes the study away."""
    desk.summary, desk.source, desk.error = None, "", ""
    return view(desk), None


def stop(desk: Desk) -> None:
    """Asks what goes on to end."""
    desk.stopping = True


def _work(desk: Desk, text: str, work: Callable[[Callable[..., None]], Study]) -> Iterator[Answer]:
    """Does something that ends in a study, and tells how far it is."""
    desk.busy, desk.error, desk.stopping = {"text": text}, "", False
    yield view(desk), gr.skip()
    study, same = None, gr.skip()
    try:
        with contextlib.closing(follow(work, lambda: desk.stopping)) as progress:
            for told in progress:
                if "result" in told:
                    study = told["result"]
                    continue
                desk.busy = told
                yield view(desk), same
    except InterruptedError:
        desk.error = T.STOPPED
    except (ValueError, OSError, RuntimeError) as problem:
        desk.error = str(problem)
    except Exception as problem:
        _log.exception("opening a study")
        desk.error = T.BROKE.format(problem=problem)
    finally:
        desk.busy = None
    if study is not None and desk.audio and len(study.missing_audio()) == len(study.clips):
        desk.error = T.NO_AUDIO.format(name=study.name, n=len(study.clips))
        study = None
    if study is not None:
        desk.summary = summary(study)
    yield view(desk), same if study is None else study


def _simulated(tell: Callable[..., None]) -> Study:
    from qamro.studies.simulated import build

    return build(on_clip=lambda done, of: tell(T.MAKING.format(done=done, all=of), done, of)).study


def _registered(name: str, tell: Callable[..., None]) -> Study:
    from qamro.studies.download import FetchError
    from qamro.studies.fetch import fetch
    from qamro.studies.registry import get_dataset, open_study

    data = get_dataset(name)
    if data.is_here:
        return open_study(name)
    try:
        return fetch(
            data,
            on_progress=lambda at: tell(
                T.FETCHING.format(name=name, file=at.file, files=at.files, size=f"{at.bytes / 1e6:.1f} MB"),
                at.bytes if at.of_bytes else at.file,
                at.of_bytes or at.files,
            ),
        )
    except (FetchError, FileNotFoundError) as problem:
        raise ValueError(T.NO_FETCH.format(name=name, problem=problem, obtain=data.obtain).strip()) from problem


def _read(files: list[tuple[Path, str]]) -> Study:
    from qamro.studies.importers import read_ratings

    path, name = files[0]
    study = read_ratings(path)
    study.name = Path(name).stem
    return study
