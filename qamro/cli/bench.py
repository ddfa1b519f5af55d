"""``bench``: predictors held against people on one study, in one table that can be published."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qamro.cli import options
from qamro.cli.compare import split_maps
from qamro.cli.console import FAILED, fail, progress, say, warn, wrong_use
from qamro.cli.inputs import open_audible, open_predictions, open_ratings, ratings_options, warn_of_origin
from qamro.cli.options import parse_axes

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.leaderboard import Entrant
    from qamro.studies import Study
    from qamro.studies.importers.options import Options


def bench(
    *,
    study: Annotated[str, typer.Option(metavar="NAME|FILE|FOLDER", help="The rated clips.")],
    predictors: Annotated[
        str,
        typer.Option(metavar="A,B,...", help="Predictors to run on its sound: offline, speech, full, saved:NAME ..."),
    ] = "",
    predictions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE[:COLUMN=AXIS,...]",
            help="Scores that are there: a CSV with a column clip; its columns of scores, and what each predicts. "
            "Repeatable.",
        ),
    ] = None,
    axis_map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME:]AXIS=RATED", help="SQ=quality: predicted SQ stands for rated quality. Repeatable."
        ),
    ] = None,
    licence: Annotated[
        list[str] | None, typer.Option(metavar="NAME=TEXT", help="Licence of a predictor. Repeatable.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="NAME=KIND", help="Who rated what it was trained on. Repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Markdown page to put the table into.", dir_okay=False)
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Where to compute, for example cuda.", callback=options.check_device)
    ] = None,
    draws: options.Draws = 2000,
    seed: options.DrawsSeed = 0,
    column: options.Columns = None,
    axis: options.RatedAxis = "",
    scale: options.Scales = None,
) -> None:
    """Hold predictors against people: SRCC of clips and systems, r within systems, pairs, tests, time and licence.

    Predictors run without kept embeddings, so that the seconds count. The exit code is 1 when nothing matched.
    """
    from qamro.evaluation import NoCommonAxis, NothingMatched
    from qamro.report.leaderboard import Entrant, leaderboard, render_board, write_boards
    from qamro.report.numbers import Options as Settings

    names = [name.strip() for name in predictors.split(",") if name.strip()]
    with wrong_use(OSError, ValueError):
        if not names and not predictions:
            raise ValueError("say what to bench: --predictors offline,speech or --predictions NAME=FILE")
        told = ratings_options(column, axis, scale)
        rated = open_audible(study, told) if names else open_ratings(study, told)
        tables, entrants = _given(predictions or [], study, told), dict[str, Entrant]()
        if clash := sorted(set(names) & set(tables)):
            raise ValueError(f"two predictors are called {clash[0]!r}; give the table another NAME")
        licences, kinds = _pairs(licence or [], "--licence"), _pairs(kind or [], "--kind")
    for name in names:
        tables[name], entrants[name] = _run(name, rated, device)
    for name in tables:
        entrants[name] = _about(entrants.get(name), licences.get(name, ""), kinds.get(name, ""))
        warn_of_origin(name, tables[name], rated)
    with wrong_use(ValueError):
        mapped, own = split_maps(parse_axes(axis_map or [], "--axis-map")[1], tables)
        settings = Settings(axis_map=mapped or None, own_maps=own or None, draws=draws, seed=seed)
        try:
            boards = leaderboard(rated, tables, entrants, settings)
        except NothingMatched as problem:
            fail(f"0 clips matched: {problem}", FAILED)
        except NoCommonAxis as problem:
            fail(f"{str(problem).rstrip('.')}. Pair axes with --axis-map, for example --axis-map SQ=quality")
    for board in boards:
        for line in (board.title, "", *render_board(board).splitlines(), ""):
            say(line)
    if out is not None:
        with wrong_use(OSError):
            write_boards(boards, out, _command())
        say(f"written to {out}")


def _run(name: str, study: Study, device: str | None) -> tuple[pd.DataFrame, Entrant]:
    """Scores a study's clips with a predictor, and times it after its first clip."""
    from qamro.checkpoints import WeightsError
    from qamro.predictors import catalogue, load
    from qamro.report.leaderboard import Entrant

    with wrong_use(ValueError, FileNotFoundError, WeightsError):
        model = load(name, cache=False, **({"device": device} if device else {}))
    lost = set(study.missing_audio())
    clips = study.clips[~study.clips["clip"].isin(lost)]
    given = [study.audio_path(clip) for clip in clips["clip"]], list(clips["prompt"]), list(clips["system"])
    model.predict(*(each[:1] for each in given))  # what is loaded on first use is not a clip's cost
    start = time.perf_counter()
    with progress() as bar:
        task = bar.add_task(name, total=len(clips))
        table = model.predict(*given, on_clip=lambda _: bar.advance(task))
    seconds = (time.perf_counter() - start) / max(1, len(clips))
    table["clip"] = list(clips["clip"])
    if failed := int((table["error"] != "").sum()):
        warn(f"{name}: {failed} of {len(table)} clips could not be scored, for example {table['error'].max()}")
    licence = next((entry.licence for entry in catalogue() if entry.name == name), "")
    kinds = dict.fromkeys(origin.kind for origin in model.provenance.values())
    return table, Entrant(seconds, licence, ", ".join(kinds))


def _given(texts: Sequence[str], ratings: str, told: Options) -> dict[str, pd.DataFrame]:
    """Reads tables of scores; only the columns that are named, so that ratings beside them stay out.

    Raises:
        ValueError: A text is not of the form, a column is missing, or a file of ratings is given whole.
    """
    tables: dict[str, pd.DataFrame] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        file, _, pairs = rest.partition(":")
        if not name or not equals or not file or name in tables:
            raise ValueError(f"--predictions {text!r} is not NAME=FILE or NAME=FILE:COLUMN=AXIS, each name once")
        if not pairs and Path(file).resolve() == Path(ratings).resolve():
            raise ValueError(
                f"--predictions {text}: the file holds the ratings, too; name its columns: {text}:COLUMN=AXIS"
            )
        table = open_predictions(Path(file), told)
        if pairs:
            _, wanted = parse_axes(pairs.split(","), "--predictions")
            if not wanted or (missing := [column for column in wanted if column not in table.columns]):
                named = ", ".join(map(str, table.columns))
                raise ValueError(
                    f"--predictions {text}: {file} has no column {missing[0] if wanted else pairs}; it has {named}"
                )
            keep = [column for column in ("clip", "path", "system") if column in table.columns]
            table = table[[*keep, *wanted]].rename(columns=wanted)
        tables[name] = table
    return tables


def _about(known: Entrant | None, licence: str, kind: str) -> Entrant:
    from qamro.report.leaderboard import Entrant

    known = known or Entrant()
    return Entrant(known.seconds, licence or known.licence, kind or known.kind)


def _pairs(texts: Sequence[str], option: str) -> Mapping[str, str]:
    found = dict(text.partition("=")[::2] for text in texts)
    if bad := [text for text in texts if "=" not in text]:
        raise ValueError(f"{option} {bad[0]!r} is not NAME=TEXT")
    return found


def _command() -> str:
    return shlex.join(["qamro", *sys.argv[1:]])
