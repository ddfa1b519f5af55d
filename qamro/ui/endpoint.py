"""What makes a function an endpoint for programs: uploads only, the bounds of visitors, and complaints in words.

Gradio reads hints as objects, so this module, too, does without ``from __future__ import annotations``.
"""

import contextlib
import copy
import functools
import inspect
import logging
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

import gradio as gr
from gradio.blocks import BlocksConfig
from gradio_client.utils import is_file_obj_with_meta, traverse
from pydantic import TypeAdapter, ValidationError

from qamro.ui import choices
from qamro.ui.bounds import TooMuchError
from qamro.ui.static import own_folder
from qamro.ui.texts import Api as T

MOST_CLIPS = 100
"""Clips of one call; a visitor's page takes more, but shows them one by one."""

MOST_FILES = 20
"""Tables of one call."""

MOST_DRAWS = 1000
"""Bootstrap draws of one call: what the app's own pages draw."""

_log = logging.getLogger(__name__)

Rows = list[dict[str, Any]]

Progress = Callable[..., Any]
"""Called with (done, of how many or None), ``desc`` and ``unit``, as ``gr.Progress`` is."""


def untold(*_: Any, **__: Any) -> None:
    """Tells nobody of progress."""


class File(TypedDict, total=False):
    """A file that was uploaded: the path that the upload answered, and ``meta`` as Gradio's clients write it."""

    path: str
    orig_name: str
    meta: dict[str, str]


class Refused(gr.Error):
    """What the caller did wrong; told to the caller and not to the log."""

    def __init__(self, message: str) -> None:
        super().__init__(message, duration=None, title="", print_exception=False)

    def __str__(self) -> str:
        return str(self.message)


class _Config(BlocksConfig):
    """Gradio draws up every component's settings for each visitor, for deep links, of which this app has none."""

    def __copy__(self) -> BlocksConfig:
        """Returns a visitor's, which draws nothing up."""
        own = super().__copy__()
        own.config_for_block = lambda *_: {}
        return own


class Blocks(gr.Blocks):
    """An app whose public endpoints take uploads only."""

    def __init__(self, **options: Any) -> None:
        """Makes an empty app; options as of ``gr.Blocks``."""
        super().__init__(**options)
        self.default_config = _Config(self)

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """Hands Gradio what a handler answers for, and no more: it makes anew every component that is left out."""
        outputs = block_fn.outputs
        if not isinstance(predictions, dict) or not predictions or len(outputs) < 2:
            return await super().postprocess_data(block_fn, predictions, state)
        told = {getattr(key, "_id", None): value for key, value in predictions.items()}
        if not told.keys() <= {block._id for block in outputs}:
            return await super().postprocess_data(block_fn, predictions, state)
        answered = [block for block in outputs if block._id in told and not _is_nothing(told[block._id])]
        answers: dict[int, Any] = {}
        if answered:
            narrow = copy.copy(block_fn)
            narrow.outputs = answered
            values = [told[block._id] for block in answered]
            done = await super().postprocess_data(narrow, values if len(values) > 1 else values[0], state)
            answers = {block._id: value for block, value in zip(answered, done, strict=True)}
        return [answers.get(block._id, None if block.stateful else gr.skip()) for block in outputs]

    def handle_streaming_diffs(  # noqa: PLR0917 - as Gradio has it
        self,
        block_fn: Any,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """Has an output replaced, not edited, where it changes from or to an update.

        Gradio's page applies edits to the object that the answer before has brought, also where it has not shown that
        answer yet: of two that come together, the first would lose what the second leaves out.
        """
        runs = self.pending_diff_streams[session_hash] if session_hash is not None else {}
        before, after = list(runs.get(run, ())), list(data)
        edits = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        if final or simple_format or not before:
            return edits
        return [
            [["replace", [], new]] if edit and (_is_update(old) or _is_update(new)) else edit
            for old, new, edit in zip(before, after, edits, strict=True)
        ]

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Refuses files that were not uploaded, before Gradio would copy or fetch them."""
        super().validate_inputs(block_fn, inputs)
        if getattr(block_fn, "api_visibility", "private") != "private":
            traverse(inputs, uploaded, is_file_obj_with_meta)


def _is_update(value: Any) -> bool:
    return isinstance(value, dict) and "__type__" in value


def _is_nothing(value: Any) -> bool:
    """Whether a value is ``gr.skip()``."""
    return _is_update(value) and len(value) == 1


def uploaded(file: Any) -> tuple[Path, str]:
    """Returns where an uploaded file lies, and what its owner calls it.

    Raises:
        Refused: It did not come in through ``/gradio_api/upload``.
    """
    given = file.get("path") if isinstance(file, dict) else None
    if not given or not isinstance(given, str):
        raise Refused(T.NO_FILE.format(file=file))
    folder = own_folder()
    try:
        path = Path(given).resolve()
        # Gradio keeps an upload in a folder called by its hash; what else lies here was made for single visitors.
        ours = path.parent.parent == folder and not path.parent.name.startswith("session-") and path.is_file()
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise Refused(T.NOT_UPLOADED.format(path=given))
    name = file.get("orig_name")
    return path, name if isinstance(name, str) and name else path.name


def endpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """Tells a caller what is wrong in words, without this machine's paths; what nobody expected goes to the log.

    Where the function reports progress, the call reports it to Gradio, and that is no argument of the endpoint.
    """
    signature = inspect.signature(function)
    reports = "progress" in signature.parameters
    kinds = {
        name: TypeAdapter(each.annotation)
        for name, each in signature.parameters.items()
        if name != "progress" and "File" not in str(each.annotation)  # ``uploaded`` looks at files
    }

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        from qamro.checkpoints import WeightsError

        given = signature.bind(*args, **kwargs).arguments
        for name in kinds.keys() & given.keys():
            try:
                given[name] = kinds[name].validate_python(given[name])
            except ValidationError as problem:
                raise Refused(f"{name}: {problem.errors()[0]['msg']}") from None
        if reports:
            given.setdefault("progress", gr.Progress())
        try:
            return function(**given)
        except gr.Error:
            raise
        except TooMuchError as problem:
            raise Refused(str(problem)) from problem
        except (ValueError, KeyError, OSError, WeightsError) as problem:
            said = str(problem.args[0]) if isinstance(problem, KeyError) and problem.args else str(problem)
            raise Refused(said.replace(f"{own_folder()}/", "")) from problem
        except Exception as problem:
            _log.exception("endpoint %s", function.__name__)
            raise Refused(T.BROKE.format(kind=type(problem).__name__)) from problem

    told = [each for name, each in signature.parameters.items() if name != "progress"]
    call.__signature__ = signature.replace(parameters=told)  # type: ignore[attr-defined]
    call.reports = reports  # type: ignore[attr-defined]
    return call


# What several of them take


def some_files(files: Any, most: int, what: str, *, least: int = 1) -> list[tuple[Path, str]]:
    """Returns where uploaded files lie and what they are called; refuses too few and too many."""
    if not isinstance(files, list):
        raise Refused(T.NO_LIST.format(what=what))
    if not least <= len(files) <= most:
        raise Refused(T.HOW_MANY.format(what=what, n=len(files), least=least, most=most))
    return [uploaded(file) for file in files]


def one_each(texts: Any, n: int, what: str) -> list[str]:
    """Returns a text for each of n clips; refuses another number, but none at all."""
    if not texts:
        return [""] * n
    if not isinstance(texts, list) or len(texts) != n:
        given = len(texts) if isinstance(texts, list) else 1
        raise Refused(T.NOT_AS_MANY.format(n=given, what=what, of=n, whole="clips"))
    return ["" if text is None else str(text) for text in texts]


def ready(name: str) -> Any:
    """Returns a predictor, the best that is ready where none is named."""
    entry = choices.state(name or choices.best_ready())
    if entry.state != "ready":
        raise Refused(T.NOT_READY.format(name=entry.name, note=entry.note))
    return choices.get(entry.name)


def check_draws(draws: int, least: int = 0) -> None:
    """Refuses more draws than the app's own pages draw."""
    if not least <= draws <= MOST_DRAWS:
        raise Refused(T.DRAWS.format(least=least, most=MOST_DRAWS, draws=draws))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="session-", dir=own_folder(), ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


@contextlib.contextmanager
def opened_study(
    files: list[File] | None,
    name: str,
    *,
    columns: Sequence[str] | None = None,
    scales: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
    what: str = "ratings",
) -> Iterator[Any]:
    """Opens a study of the registry, or reads uploaded files as the study picker does; complaints name these files."""
    from qamro.studies.importers.archive import gather, naming
    from qamro.studies.importers.guessing import guess
    from qamro.studies.importers.options import Options
    from qamro.studies.importers.reading import read
    from qamro.studies.registry import DATASETS, SIMULATED, Study, get_dataset

    if bool(files) == bool(name):
        raise Refused(T.ONE_STUDY.format(what=what))
    if name == SIMULATED:
        from qamro.studies.simulated import build

        yield build().study
        return
    if name:
        if not get_dataset(name).is_here:
            raise Refused(T.NOT_HERE.format(name=name))
        yield Study.load(DATASETS[name].folder)
        return
    found = some_files(files, MOST_FILES, what)
    options = Options.parse(column=columns or (), scale=scales or (), missing=missing or ())
    with _folder() as home, naming(home, ""):
        notes = gather(found, home)
        rated = read(home, guess(home, options=options), strangers=True, options=options, ask=True)
        if rated.name == home.name:
            rated.name = PurePosixPath(found[0][1].replace("\\", "/")).stem
        if notes:
            rated.about["notes"] = [*rated.about.get("notes", ()), *notes]
        yield rated


def read_tables(files: Sequence[File], names: Sequence[str] | None) -> dict[str, Any]:
    """Reads tables of scores, by the names that were given or by their files'; complaints name the files."""
    from qamro.studies.importers.predictions import read_predictions

    tables: dict[str, Any] = {}
    for number, file in enumerate(files):
        path, called = uploaded(file)
        name = str(names[number]) if names else PurePosixPath(called.replace("\\", "/")).stem
        if not name or name in tables:
            raise Refused(T.SAME_NAME.format(name=name))
        try:
            tables[name] = read_predictions(path)
        except (ValueError, OSError) as problem:
            raise Refused(str(problem).replace(str(path), called)) from problem
    return tables


def plain(value: Any) -> Any:
    """Makes a value fit for JSON: numpy's numbers become Python's, what is not finite becomes None."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
