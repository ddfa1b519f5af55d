"""Named endpoints for programs: what the tabs do, called over HTTP; docs/api.md shows them in three languages.

Files come in as uploads and nothing else: no endpoint takes a path of this machine or an address to fetch. Gradio makes
an endpoint's types and its page "Use via API" from a function's hints and docstring, so they are kept as objects here:
this module does without ``from __future__ import annotations``.
"""

import contextlib
import math
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from qamro import __version__
from qamro.axes import AESTHETIC
from qamro.report.verdict import verdicts
from qamro.ui import choices, middleware, monitoring
from qamro.ui.endpoint import (
    MOST_CLIPS,
    MOST_DRAWS,
    MOST_FILES,
    File,
    Progress,
    Refused,
    Rows,
    check_draws,
    endpoint,
    one_each,
    opened_study,
    plain,
    read_tables,
    ready,
    some_files,
    untold,
    uploaded,
)
from qamro.ui.results import document
from qamro.ui.session import TURNS, Session, shortest_window, window_seconds
from qamro.ui.static import own_folder
from qamro.ui.texts import Api as T
from qamro.ui.texts import Bounds

_REPORTS = ("", "html", "zip")


# Clips


@endpoint
def score(  # noqa: D417 - progress is no argument of the endpoint
    clips: list[File],
    prompts: list[str] | None = None,
    systems: list[str] | None = None,
    predictor: str = "",
    progress: Progress = untold,
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
    files = some_files(clips, MOST_CLIPS, "clips")
    texts, made_by = (one_each(given, len(files), what) for given, what in ((prompts, "prompts"), (systems, "systems")))
    scorer = ready(predictor)
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
        seconds: Length of a window; 0 takes 5 s, half of a shorter clip, or a sixtieth of a longer one.
        predictor: A name that /predictors lists; empty takes the best that is ready.

    Returns:
        clip, predictor, seconds (of a window), axes with their provenance, windows (start, end in seconds, scores).
    """
    from qamro.audio.guarded import load
    from qamro.evaluation.evaluate import records

    path, name = uploaded(clip)
    scorer = ready(predictor)
    whole = load(path).seconds
    shortest = shortest_window(whole)
    if seconds and not shortest <= seconds < math.inf:
        raise Refused(T.SHORT_WINDOW.format(shortest=shortest, seconds=seconds))
    seconds = seconds or window_seconds(whole)
    with TURNS.turn(scorer, _address()) as turn:
        turn.wait()
        table = scorer.windows(path, prompt, seconds=seconds)
    return {
        "clip": name,
        "predictor": scorer.name,
        "seconds": seconds,
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
    from qamro.predictors.provenance import kinds_of
    from qamro.studies.importers.predictions import score_columns

    check_draws(draws)
    (table,) = read_tables([predictions], None).values()
    with opened_study(ratings, study, columns=columns, scales=scales, missing=missing) as rated:
        result = hold_against(rated, table, axes=axes or None, axis_map=axis_map or None, draws=draws, seed=seed)
        kinds = {column: kinds_of(table, column) for column in score_columns(table)}
        return plain({"qamro": __version__, "predicted": kinds, **result.as_dict()})


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
    progress: Progress = untold,
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
    files = some_files(predictions or [], MOST_FILES, "predictions", least=0)
    if names and len(names) != len(files):
        raise Refused(T.NOT_AS_MANY.format(n=len(names), what="names", of=len(files), whole="predictions"))
    options = Options(axes=axes or None, axis_map=axis_map or None, left_out=tuple(leave_out or ()))
    with opened_study(ratings, study, columns=columns, scales=scales, missing=missing) as rated:
        comparison = make(rated, read_tables(predictions or [], names), options)
        sections: Rows = []
        for section in comparison.sections():
            progress((len(sections) + 1, None), desc=section.title, unit="sections")
            tables = [
                {"id": table.id, "title": table.title, "note": table.note, "rows": plain(records(table.frame))}
                for table in section.tables
            ]
            told = {"id": section.id, "title": section.title, "sentences": section.sentences, "tables": tables}
            sections.append(told)
        answer: dict[str, Any] = {
            "claims": comparison.overview().sentences,
            "sections": sections,
            "problems": dict(comparison.problems),
            "provenance": plain(provenance(comparison)),
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

    check_draws(draws, least=2)
    with opened_study(votes, study, columns=columns, what="votes") as voted:
        table, notes = preferences.votes_of(voted, axis)
        result = preferences.rank(table, reference=reference, draws=draws, seed=seed)
        about = {"qamro": __version__, "study": voted.name, "kind": voted.kind, "axis": axis or table["axis"].iloc[0]}
        return plain(about | {"seed": seed, "notes": notes} | result.as_dict())


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
    from qamro.evaluation.planning import Goal, plan_from

    designs = designs or ["20x5"]
    bounds = {"designs": (len(designs), MOST_FILES), "systems": (systems, 200), "max_clips": (max_clips, 1000)}
    for what, (value, limit) in (bounds | {"max_ratings": (max_ratings, 20)}).items():
        if not 0 <= value <= limit:
            raise Refused(T.TOO_MUCH.format(what=what, given=value, most=limit))
    aim = Goal.parse(goal) if goal else None
    typed = {"between": between_sd, "clips": clips_sd, "raters": raters_sd, "rest": noise_sd}
    called = {"between": "between_sd", "clips": "clips_sd", "rest": "noise_sd"}
    prices: dict[str, Any] = {"delta": delta, "clip_price": clip_price, "rating_price": rating_price}
    some = opened_study(ratings, study) if ratings or study else contextlib.nullcontext()
    with some as rated:
        found = plan_from(rated, axis, typed, systems, called, **prices)
        kind = rated.kind if rated is not None else "typed"
    made, pilot, asked = found.plan, found.estimated, [found.design(text) for text in designs]
    most: dict[str, Any] = {"most_clips": max_clips, "most_ratings": max_ratings, "raters": asked[0].raters}
    best = made.cheapest(aim, **most) if aim else None

    def told(each: Any) -> dict[str, Any]:
        low, high = found.apart_range(each.design) or (None, None)
        return asdict(each) | {"apart_low": low, "apart_high": high}

    return plain({
        "qamro": __version__, "kind": kind, "axis": found.axis or axis, "systems": made.systems, "level": made.level,
        "variances": asdict(made.variances), "low": pilot.low if pilot else {}, "high": pilot.high if pilot else {},
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
    return monitoring.health(LocalContext.blocks.get()) | {"predictor": choices.best_ready(), "most": bounds}


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


def _address() -> str:
    return middleware.client_of(LocalContext.request.get(None))
