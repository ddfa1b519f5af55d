"""Named endpoints for programs: what the tabs do, called over HTTP; docs/api.md shows them in three languages.

Files come in as uploads and nothing else: no endpoint takes a path of this machine or an address to fetch. Gradio makes
an endpoint's types and its page "Use via API" from a function's hints and docstring, so they are kept as objects here:
this module does without ``from __future__ import annotations``.
"""

import contextlib
import copy
import functools
import inspect
import logging
import math
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

import gradio as gr
from gradio.blocks import BlocksConfig
from gradio.context import LocalContext
from gradio_client.utils import is_file_obj_with_meta, traverse
from pydantic import TypeAdapter, ValidationError

from qamro import __version__
from qamro.axes import AESTHETIC
from qamro.report.verdict import verdicts
from qamro.ui import choices, operate
from qamro.ui.bounds import TooMuchError
from qamro.ui.results import document
from qamro.ui.session import TURNS, Session, window_seconds
from qamro.ui.static import own_folder
from qamro.ui.texts import Api as T
from qamro.ui.texts import Bounds

MOST_CLIPS = 100
"""Clips of one call; a visitor's page takes more, but shows them one by one."""

MOST_FILES = 20
"""Tables of one call."""

MOST_DRAWS = 1000
"""Bootstrap draws of one call: what the app's own pages draw."""

_REPORTS = ("", "html", "zip")
_log = logging.getLogger(__name__)

Rows = list[dict[str, Any]]

Progress = Callable[..., Any]
"""Called with (done, of how many or None), ``desc`` and ``unit``, as ``gr.Progress`` is."""


def _untold(*_: Any, **__: Any) -> None: ...


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

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Refuses files that were not uploaded, before Gradio would copy or fetch them."""
        super().validate_inputs(block_fn, inputs)
        if getattr(block_fn, "api_visibility", "private") != "private":
            traverse(inputs, uploaded, is_file_obj_with_meta)


def _is_nothing(value: Any) -> bool:
    """Whether a value is ``gr.skip()``."""
    return isinstance(value, dict) and len(value) == 1 and "__type__" in value


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


# Clips


@endpoint
def score(  # noqa: D417 - progress is no argument of the endpoint
    clips: list[File],
    prompts: list[str] | None = None,
    systems: list[str] | None = None,
    predictor: str = "",
    progress: Progress = _untold,
) -> dict[str, Any]:
    """Scores clips on the predictor's axes, as the Predict tab does: 1 to 100 uploaded files a call, in their order.

    A file that cannot be scored has ``error``, and the others go on. Refused: no clip or more than 100, a file that was
    not uploaded, prompts or systems that are not as many as the clips, a predictor that is unknown or not ready.

    Args:
        clips: Uploaded sound files, 1 to 100, each up to 500 MB.
        prompts: What each was generated from; one a clip, empty where unknown. TA needs it.
        systems: What generated each; one a clip, empty where unknown.
        predictor: A name that /predictors lists; empty takes the best that is ready.

    Returns:
        verdict (sentences: which clip is best on each axis, and which cannot be told from it), predictor,
        axes (each with its range and its provenance: human, zero-shot or simulated), clips (each with scores by axis:
        value, low, high, source; domain, seconds, error) and systems (means with intervals over clips).
    """
    files = _some(clips, MOST_CLIPS, "clips")
    texts, made_by = (
        _one_each(given, len(files), what) for given, what in ((prompts, "prompts"), (systems, "systems"))
    )
    scorer = _ready(predictor)
    session = Session()
    session.address = _address()
    for (path, name), prompt, system in zip(files, texts, made_by, strict=True):
        session.add(path, name, prompt, system, again=True)
    with contextlib.closing(session.score(scorer)) as rows:
        done = 0
        for row in rows:
            done += row is not None
            said = T.SCORING if session.place is None else Bounds.in_line(*session.place)
            progress((done, len(files)), desc=said, unit="clips")
    run = session.run
    return document(run) | {"verdict": verdicts(list(run.rows.values()), run.axes)} if run is not None else {}


@endpoint
def windows(clip: File, prompt: str = "", seconds: float = 0.0, predictor: str = "") -> dict[str, Any]:
    """Scores consecutive windows of one uploaded clip, each by itself, as the Predict tab's timeline does.

    Refused: a file that was not uploaded or is no sound, windows shorter than 3 s or more than 60 of them.

    Args:
        clip: An uploaded sound file.
        prompt: What it was generated from; TA needs it.
        seconds: Length of a window; 0 takes the shortest: 3 s, or a sixtieth of the clip.
        predictor: A name that /predictors lists; empty takes the best that is ready.

    Returns:
        clip, predictor, seconds (of a window), axes with their provenance, windows (start, end in seconds, scores).
    """
    from qamro.audio.guarded import load
    from qamro.evaluation.evaluate import records

    path, name = uploaded(clip)
    scorer = _ready(predictor)
    shortest = window_seconds(load(path).seconds)
    if seconds and not shortest <= seconds < math.inf:
        raise Refused(T.SHORT_WINDOW.format(shortest=shortest, seconds=seconds))
    with TURNS.turn(scorer, _address()) as turn:
        turn.wait()
        table = scorer.windows(path, prompt, seconds=seconds or shortest)
    return {
        "clip": name,
        "predictor": scorer.name,
        "seconds": seconds or shortest,
        "axes": {axis: scorer.provenance[axis].as_dict() for axis in scorer.axes if axis in table},
        "windows": records(table),
    }


# Predictions and ratings


@endpoint
def evaluate(
    predictions: File,
    ratings: list[File] | None = None,
    study: str = "",
    axes: list[str] | None = None,
    axis_map: dict[str, str] | None = None,
    draws: int = MOST_DRAWS,
    seed: int = 0,
    columns: list[str] | None = None,
    scales: list[str] | None = None,
    missing: list[str] | None = None,
) -> dict[str, Any]:
    """Holds one table of predictions against human ratings: correlations and errors with intervals, by clip and system.

    Refused: files that were not uploaded or cannot be read (the message names file, row and column), no matching clip,
    no common axis, more than 1000 draws.

    Args:
        predictions: An uploaded CSV of scores: a column clip and one for each axis.
        ratings: Uploaded files that make up a study: a table of ratings of any form that the app reads, or a zip.
        study: Instead of ratings, the name of a study that /studies lists as here.
        axes: Axes of the same name on both sides; all there are unless given.
        axis_map: Predicted to rated axis where the names differ, such as {"MI": "quality"}.
        draws: Bootstrap draws, 0 to 1000; 0 leaves the intervals out.
        seed: Of the draws.
        columns: What columns of the ratings are, such as "score=quality": NAME=MEANING as on the command line.
        scales: Scales of the ratings, such as "quality=1..5".
        missing: Scores that mean "no answer", such as "-1"; "keep" keeps all.

    Returns:
        What the command line writes with --json: metrics and systems with intervals, what was matched and what not.
    """
    from qamro.evaluation import evaluate as hold_against
    from qamro.predictors.base import kinds_of
    from qamro.studies.importers.predictions import score_columns

    _check_draws(draws)
    (table,) = _predictions([predictions], None).values()
    with _folder() as home, _study(home, ratings, study, columns, scales, missing) as rated:
        result = hold_against(rated, table, axes=axes or None, axis_map=axis_map or None, draws=draws, seed=seed)
        kinds = {column: kinds_of(table, column) for column in score_columns(table)}
        return _plain({"qamro": __version__, "predicted": kinds, **result.as_dict()})


@endpoint
def compare(  # noqa: D417 - progress is no argument of the endpoint
    ratings: list[File] | None = None,
    predictions: list[File] | None = None,
    study: str = "",
    names: list[str] | None = None,
    axes: list[str] | None = None,
    axis_map: dict[str, str] | None = None,
    leave_out: list[str] | None = None,
    report: str = "html",
    columns: list[str] | None = None,
    scales: list[str] | None = None,
    missing: list[str] | None = None,
    progress: Progress = _untold,
) -> dict[str, Any]:
    """Compares predictors with people and with each other, as the Compare tab does: claims, tables and a report file.

    Without predictions it tells what the ratings alone can. Refused: files that were not uploaded or cannot be read,
    more than 20 of a kind, no matching clip, no common axis.

    Args:
        ratings: Uploaded files that make up a study: a table of ratings of any form that the app reads, or a zip.
        predictions: Uploaded CSVs of scores, one a predictor, up to 20.
        study: Instead of ratings, the name of a study that /studies lists as here.
        names: What the predictors are called, one a file; the files' names unless given.
        axes: Rated axes to compare; all that a predictor scores unless given.
        axis_map: Predicted to rated axis where the names differ, such as {"MI": "quality"}.
        leave_out: Raters whose ratings do not count.
        report: "html" for one self-contained page, "zip" for every table as CSV, empty for none.
        columns: What columns of the ratings are, such as "score=quality": NAME=MEANING as on the command line.
        scales: Scales of the ratings, such as "quality=1..5".
        missing: Scores that mean "no answer", such as "-1"; "keep" keeps all.

    Returns:
        claims (sentences that the data allow), sections (id, title, sentences, tables with their rows), problems
        (predictors that could not be used), provenance (data with its hash, options, versions), report (a file).
    """
    from qamro.evaluation.evaluate import records
    from qamro.report import Options, write_html, write_zip
    from qamro.report import compare as make
    from qamro.report.archive import provenance

    if report not in _REPORTS:
        raise Refused(T.NO_REPORT.format(report=report))
    files = _some(predictions or [], MOST_FILES, "predictions", least=0)
    if names and len(names) != len(files):
        raise Refused(T.NOT_AS_MANY.format(n=len(names), what="names", of=len(files), whole="predictions"))
    options = Options(axes=axes or None, axis_map=axis_map or None, left_out=tuple(leave_out or ()))
    with _folder() as home, _study(home, ratings, study, columns, scales, missing) as rated:
        comparison = make(rated, _predictions(predictions or [], names), options)
        sections: Rows = []
        for section in comparison.sections():
            progress((len(sections) + 1, None), desc=section.title, unit="sections")
            tables = [
                {"id": table.id, "title": table.title, "note": table.note, "rows": _plain(records(table.frame))}
                for table in section.tables
            ]
            told = {"id": section.id, "title": section.title, "sentences": section.sentences, "tables": tables}
            sections.append(told)
        answer: dict[str, Any] = {
            "claims": comparison.overview().sentences,
            "sections": sections,
            "problems": dict(comparison.problems),
            "provenance": _plain(provenance(comparison)),
            "report": None,
        }
        if report:
            path = own_folder() / secrets.token_hex(32) / f"qamro-report.{report}"
            (write_zip if report == "zip" else write_html)(comparison, path)
            answer["report"] = {"path": str(path), "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}
        return answer


@endpoint
def rank(
    votes: list[File] | None = None,
    study: str = "",
    axis: str = "",
    reference: str = "",
    draws: int = 500,
    seed: int = 0,
    columns: list[str] | None = None,
) -> dict[str, Any]:
    """Ranks systems by votes on pairs of clips, with the places that the votes leave open.

    Bradley and Terry's model with ties and an advantage of the side; a score is in log-odds. Refused: files that were
    not uploaded or hold no votes, groups of systems that never met, more than 1000 draws.

    Args:
        votes: Uploaded votes: an arena's log, an A/B test, or a study with votes.
        study: Instead of votes, the name of a study that /studies lists as here.
        axis: Which question, where voters answered several.
        reference: The system whose score is 0.
        draws: Bootstrap draws of raters and prompts, 2 to 1000.
        seed: Of the draws.
        columns: What columns are, NAME=MEANING as on the command line.

    Returns:
        systems (score, interval, rank_low, rank_high, votes), pairs (which of them differ), not_told_apart, side,
        fit_p, cycles, notes (what was left out or renamed).
    """
    from qamro.evaluation import preferences

    _check_draws(draws, least=2)
    with _folder() as home, _study(home, votes, study, columns, None, None, what="votes") as voted:
        table, notes = preferences.votes_of(voted, axis)
        result = preferences.rank(table, reference=reference, draws=draws, seed=seed)
        about = {"qamro": __version__, "study": voted.name, "kind": voted.kind, "axis": axis or table["axis"].iloc[0]}
        return _plain(about | {"seed": seed, "notes": notes} | result.as_dict())


@endpoint
def plan(
    ratings: list[File] | None = None,
    study: str = "",
    axis: str = "",
    designs: list[str] | None = None,
    systems: int = 0,
    between_sd: float | None = None,
    clips_sd: float | None = None,
    raters_sd: float | None = None,
    noise_sd: float | None = None,
    goal: str = "",
    delta: float | None = None,
    clip_price: float = 0.0,
    rating_price: float = 1.0,
    max_clips: int = 1000,
    max_ratings: int = 20,
) -> dict[str, Any]:
    """Says what clips, ratings and raters of a planned listening study will show, from a pilot or typed deviations.

    Refused: neither a pilot nor the deviations between_sd, clips_sd and noise_sd with systems; a pilot that cannot tell
    them apart; more than 20 designs, 200 systems, 1000 clips or 20 ratings.

    Args:
        ratings: Uploaded ratings of a pilot, or of a study like the one that is planned.
        study: Instead of ratings, the name of a study that /studies lists as here.
        axis: The pilot's axis; the only one unless several are rated.
        designs: CLIPSxRATINGS or CLIPSxRATINGSxRATERS, such as "20x5"; that one unless given.
        systems: Systems to compare; the pilot's unless given, 200 at most.
        between_sd: Standard deviation of the systems' true means; goes before the pilot's, like the next three.
        clips_sd: Of a system's clips, free of noise.
        raters_sd: Of raters who are strict or mild.
        noise_sd: Of one rating about all that.
        goal: "pairs:SHARE", "mean:W", "difference:W" or "power:SHARE": the cheapest design that reaches it is found.
        delta: A difference to be found; power is the chance of that.
        clip_price: What a clip costs.
        rating_price: What a rating costs.
        max_clips: Clips of each system at most, 1000 at most.
        max_ratings: Ratings of each clip at most, 20 at most.

    Returns:
        systems, deviations with the pilot's intervals, designs (each with half-widths, the share of pairs told apart
        and its range) and the cheapest design.
    """
    from qamro.evaluation.planning import Design, Goal, Plan, apart_range
    from qamro.evaluation.variances import Variances, estimate

    asked = [Design.parse(text) for text in designs or ["20x5"]]
    bounds = {"designs": (len(asked), MOST_FILES), "systems": (systems, 200), "max_clips": (max_clips, 1000)}
    for what, (value, limit) in (bounds | {"max_ratings": (max_ratings, 20)}).items():
        if not 0 <= value <= limit:
            raise Refused(T.TOO_MUCH.format(what=what, given=value, most=limit))
    aim = Goal.parse(goal) if goal else None
    typed = {"between": between_sd, "clips": clips_sd, "raters": raters_sd, "rest": noise_sd}
    given = {name: value**2 for name, value in typed.items() if value is not None}
    prices: dict[str, Any] = {"delta": delta, "clip_price": clip_price, "rating_price": rating_price}
    kind, pilot, raters = "typed", None, 0
    if ratings or study:
        with _folder() as home, _study(home, ratings, study, None, None, None) as rated:
            if axis not in rated.axes and (axis or len(rated.axes) != 1):
                raise Refused(T.NO_AXIS.format(axis=axis, name=rated.name, axes=", ".join(rated.axes)))
            kind, axis = rated.kind, axis or rated.axes[0]
            pilot = estimate(rated, axis)
            pilot = replace(pilot, variances=replace(pilot.variances, **given))
            raters = len(set(rated.counted["rater"])) if pilot.named else 0
    else:
        needed = {"between_sd": between_sd, "clips_sd": clips_sd, "noise_sd": noise_sd, "systems": systems or None}
        if lacking := [name for name, value in needed.items() if value is None]:
            raise Refused(T.NO_PILOT.format(lacking=", ".join(lacking)))
    spread = pilot.variances if pilot is not None else Variances(**({"raters": 0.0} | given))
    if pilot is not None and systems in (0, len(pilot.systems)):
        made = Plan.of(pilot, **prices)
    else:
        made = Plan(spread, systems, **prices)
    asked = [replace(each, raters=raters) if raters >= each.ratings > 0 == each.raters else each for each in asked]
    most: dict[str, Any] = {"most_clips": max_clips, "most_ratings": max_ratings, "raters": asked[0].raters}
    best = made.cheapest(aim, **most) if aim else None

    def told(each: Any) -> dict[str, Any]:
        low, high = apart_range(pilot, made, each.design) if pilot else (None, None)
        return asdict(each) | {"apart_low": low, "apart_high": high}

    return _plain({
        "qamro": __version__, "kind": kind, "axis": axis, "systems": made.systems, "level": made.level,
        "variances": asdict(spread), "low": pilot.low if pilot else {}, "high": pilot.high if pilot else {},
        "goal": goal, "designs": [told(made.outlook(each)) for each in asked], "cheapest": told(best) if best else None,
    })  # fmt: skip


# What there is


@endpoint
def predictors() -> Rows:
    """Lists the predictors: name, title, axes, state (ready or not), bytes still to fetch, licence, note."""
    from qamro.predictors import catalogue

    return [asdict(entry) | {"axes": list(entry.axes)} for entry in catalogue()]


@endpoint
def studies() -> Rows:
    """Lists the studies that ``study`` may name: name, what it holds, axes, licence, whether it is here, who rated."""
    from qamro.studies.registry import DATASETS, SIMULATED

    found = [
        {"name": data.name, "holds": data.holds, "axes": list(data.axes), "licence": data.licence}
        | {"here": data.is_here, "kind": "human"}
        for data in DATASETS.values()
    ]
    simulated = {"name": SIMULATED, "holds": T.SIMULATED, "axes": ["MI", "TA", *AESTHETIC], "licence": ""}
    return [simulated | {"here": True, "kind": "simulated"}, *found]


@endpoint
def health() -> dict[str, Any]:
    """Says what /healthz says (ready or not and why, version, queue …), which predictor is the best, and the bounds."""
    bounds = {"clips": MOST_CLIPS, "tables": MOST_FILES, "draws": MOST_DRAWS}
    return operate.health(LocalContext.blocks.get()) | {"predictor": choices.best_ready(), "most": bounds}


HEAVY: dict[str, Any] = {"concurrency_limit": None}
"""Programs take turns with those who press Score."""

ENDPOINTS: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
    (score, HEAVY),
    (windows, HEAVY),
    (compare, {}),
    (evaluate, {}),
    (plan, {}),
    (rank, {}),
    (predictors, {}),
    (studies, {}),
    (health, {}),
)
"""What programs may call, and in which line each waits; a new one joins here."""


def add_endpoints() -> None:
    """Adds them to the app that is being built."""
    for function, options in ENDPOINTS:
        gr.api(function, api_name=function.__name__, **options)


# What several of them need


def _address() -> str:
    return operate.client_of(LocalContext.request.get(None))


def _some(files: Any, most: int, what: str, *, least: int = 1) -> list[tuple[Path, str]]:
    if not isinstance(files, list):
        raise Refused(T.NO_LIST.format(what=what))
    if not least <= len(files) <= most:
        raise Refused(T.HOW_MANY.format(what=what, n=len(files), least=least, most=most))
    return [uploaded(file) for file in files]


def _one_each(texts: Any, n: int, what: str) -> list[str]:
    if not texts:
        return [""] * n
    if not isinstance(texts, list) or len(texts) != n:
        given = len(texts) if isinstance(texts, list) else 1
        raise Refused(T.NOT_AS_MANY.format(n=given, what=what, of=n, whole="clips"))
    return ["" if text is None else str(text) for text in texts]


def _ready(name: str) -> Any:
    entry = choices.state(name or choices.best_ready())
    if entry.state != "ready":
        raise Refused(T.NOT_READY.format(name=entry.name, note=entry.note))
    return choices.get(entry.name)


def _check_draws(draws: int, least: int = 0) -> None:
    if not least <= draws <= MOST_DRAWS:
        raise Refused(T.DRAWS.format(least=least, most=MOST_DRAWS, draws=draws))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="session-", dir=own_folder(), ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


@contextlib.contextmanager
def _study(
    home: Path,
    files: list[File] | None,
    name: str,
    columns: Sequence[str] | None,
    scales: Sequence[str] | None,
    missing: Sequence[str] | None,
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
    found = _some(files, MOST_FILES, what)
    options = Options.parse(column=columns or (), scale=scales or (), missing=missing or ())
    with naming(home, ""):
        notes = gather(found, home)
        rated = read(home, guess(home, options=options), strangers=True, options=options, ask=True)
        if rated.name == home.name:
            rated.name = PurePosixPath(found[0][1].replace("\\", "/")).stem
        if notes:
            rated.about["notes"] = [*rated.about.get("notes", ()), *notes]
        yield rated


def _predictions(files: Sequence[File], names: Sequence[str] | None) -> dict[str, Any]:
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


def _plain(value: Any) -> Any:
    """Makes a value fit for JSON: numpy's numbers become Python's, what is not finite becomes None."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
