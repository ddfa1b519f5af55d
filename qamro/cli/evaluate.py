"""``evaluate``: holds predictions against human ratings."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamro import __version__
from qamro.cli import options
from qamro.cli.console import FAILED, fail, out, remark, safe, say, warn, wrong_use
from qamro.cli.inputs import open_predictions, open_ratings, ratings_options, warn_of_origin
from qamro.cli.options import parse_axes
from qamro.counts import count
from qamro.listeners import listeners

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation import Evaluation
    from qamro.studies import Study

_EXAMPLES = 10


def evaluate(
    *,
    predictions: Annotated[
        Path, typer.Option(help="CSV of scores: a column clip and one for each axis; or a folder of parts.")
    ],
    ratings: options.Ratings,
    axis: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AXIS[=RATED]",
            help="Axis to compare, and what the ratings are of where their file does not say; MI=quality holds MI "
            "against quality. Repeatable.",
        ),
    ] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write everything as JSON.")] = None,
    draws: options.Draws = 1000,
    seed: options.DrawsSeed = 0,
    column: options.Columns = None,
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
    ragged: options.Ragged = "",
    clip_column: options.ClipColumn = "",
) -> None:
    """Hold predictions against human ratings: correlations, errors and intervals, by clip and by system.

    The exit code is 1 when no prediction belongs to a rated clip, and 2 for wrong use.
    """
    with wrong_use(OSError, ValueError):
        axes, pairs = parse_axes(axis or [])
        named = axes[0] if len(axes) == 1 and not pairs else ""
        told = ratings_options(column, named, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        from qamro.studies.importers.predictions import score_columns

        study = open_ratings(ratings, told) if predictions.is_dir() else None
        table = open_predictions(predictions, told, clip_column, study)
        scored = table
        table = table[
            [name for name in ("clip", "path", "system", "domain") if name in table.columns] + score_columns(table)
        ]
        study = study or open_ratings(ratings, told)
    from qamro.domains import OUTSIDE, in_words
    from qamro.evaluation import NoCommonAxis, NothingMatched, PredictionsError
    from qamro.evaluation import evaluate as compare
    from qamro.predictors.provenance import kinds_of

    try:
        result = compare(study, table, axes=axes or None, axis_map=pairs or None, draws=draws, seed=seed)
    except NothingMatched as problem:
        fail(f"0 clips matched: {problem}", FAILED)
    except NoCommonAxis as problem:
        way = f"Name it with --axis, for example --axis {problem.pair}" if problem.pair else "Choose one with --axis"
        fail(f"{problem}. {way}")
    except PredictionsError as problem:
        fail(f"{predictions}: {problem}")
    kinds = {column: kinds_of(scored, column) for column in score_columns(scored)}
    _show(result, study, len(table), kinds)
    warn_of_origin("", scored, study)
    if domain := in_words(scored["domain"]) if "domain" in scored else "":
        (warn if (scored["domain"] == OUTSIDE).any() else remark)(domain)
    if json_out is not None:
        sources: dict[str, Any] = {"predictions": str(predictions), "predicted": kinds, "ratings_from": ratings}
        if domain:
            sources["domain"] = domain
        with wrong_use(OSError):
            _write(json_out, result, study, sources)
        say(f"written to {json_out}")


def _show(result: Evaluation, study: Study, predicted: int, kinds: dict[str, list[str]]) -> None:
    from qamro.predictors.provenance import kinds_in_words

    say(
        f"{result.study}: {count(predicted, 'prediction')} against ratings by {listeners(result.kind)}; "
        f"{count(result.matched, 'clip')} matched."
    )
    for sentence in kinds_in_words(kinds):
        say(f"  {sentence}")
    for names, what, lacks in (
        (result.unmatched_predictions, "prediction", "a rating"),
        (result.unmatched_ratings, "rated clip", "a prediction"),
    ):
        if names:
            say(f"  {count(len(names), what)} without {lacks}, for example {names[0]}", "yellow")
    for (axis, level), rows in result.table.groupby(["axis", "level"], sort=False):
        out.print()
        _group(f"{axis}, {level} level", rows, f"{result.level:.0%} interval".replace("%", " %"))
    outside = study.out_of_range()
    if len(outside):
        first = outside.head(_EXAMPLES).itertuples(index=False)
        worst = ", ".join(f"{row.axis} {row.score:g} ({count(int(row.count), 'time')})" for row in first)
        total = int(outside["count"].sum())
        lie = "lies off its axis's scale and was" if total == 1 else "lie off their axis's scale and were"
        say(f"{count(total, 'rating')} {lie} kept as found: {worst}")


def _group(title: str, rows: pd.DataFrame, interval: str) -> None:
    from rich.table import Table
    from rich.text import Text

    notes = [note.split("; ") if note else [] for note in rows["note"]]
    told = [own for own, value in zip(notes, rows["value"], strict=True) if not math.isnan(value)] or notes
    shared = [note for note in told[-1] if all(note in others for others in told)]
    systems = count(int(rows["systems"].iloc[0]), "system")
    about = [systems, *(note.removeprefix(f"{systems}: ") for note in shared)]
    say(f"{title}: {count(int(rows['clips'].iloc[0]), 'clip')} of {'; '.join(about)}", "bold")
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("metric")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column(interval, justify="right", no_wrap=True)
    table.add_column("note")
    for row, own in zip(rows.itertuples(), notes, strict=True):
        ends = "" if math.isnan(row.low) else f"{row.low:.3f} … {row.high:.3f}"
        value = "–" if math.isnan(row.value) else f"{row.value:.3f}"
        note = "; ".join(text for text in own if text not in shared)
        table.add_row(*(Text(safe(cell)) for cell in (row.metric, value, ends, note)))
    out.print(table)


def _write(path: Path, result: Evaluation, study: Study, sources: dict[str, Any]) -> None:
    from qamro.evaluation.evaluate import records

    everything: dict[str, Any] = {"qamro": __version__, **sources, **result.as_dict()}
    everything["off_scale"] = records(study.out_of_range())
    text = json.dumps(everything, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def _plain(value: Any) -> Any:
    """Turns a numpy number into Python's."""
    return value.item()
