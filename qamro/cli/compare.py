"""``compare``: predictors against people and against each other, as a page, a zip of tables, or in words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qamro.cli import options
from qamro.cli.console import FAILED, fail, progress, say, warn, wrong_use
from qamro.cli.inputs import open_predictions, open_votes, ratings_options, warn_of_origin
from qamro.cli.options import parse_axes

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report import Comparison
    from qamro.studies import Study
    from qamro.studies.importers.options import Options


def compare(
    *,
    ratings: options.Ratings,
    predictions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FILE",
            help="CSV of scores: a column clip and one for each axis; or a folder of parts. Repeatable; without any, "
            "the ratings alone.",
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one self-contained page.")] = None,
    tables: Annotated[Path | None, typer.Option("--zip", help="Write every table as CSV into a zip.")] = None,
    axis: Annotated[
        list[str] | None, typer.Option(metavar="AXIS[=RATED]", help="Axis to compare. Repeatable; all unless set.")
    ] = None,
    axis_map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME:]AXIS=RATED",
            help="MI=quality: predicted MI stands for rated quality, where a predictor has no quality of its own; "
            "offline:MI=quality: for that predictor. Repeatable.",
        ),
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(metavar="RATER", help="Rater whose ratings do not count. Repeatable.")
    ] = None,
    draws: options.Draws = 1000,
    seed: options.DrawsSeed = 0,
    fixed_raters: Annotated[
        bool, typer.Option("--fixed-raters", help="Draw systems and clips only: intervals for these raters.")
    ] = False,
    prediction_powered: Annotated[
        bool,
        typer.Option(
            "--prediction-powered",
            help="Also estimate systems' means with the help of predictions for clips that nobody rated.",
        ),
    ] = False,
    next_to_rate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="With --prediction-powered: write which clips to have rated next, so that its intervals shrink most.",
            dir_okay=False,
        ),
    ] = None,
    next_clips: Annotated[int, typer.Option("--next", help="How many clips --next-to-rate names.", min=1)] = 50,
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
    """Compare predictors with people and with each other: rankings, intervals, agreement of raters, and claims.

    The exit code is 1 when no prediction belongs to a rated clip, and 2 for wrong use.
    """
    with wrong_use(OSError, ValueError):
        axes, pairs = parse_axes(axis or [])
        only = axes[0] if len(axes) == 1 and not pairs else ""
        told = ratings_options(column, only, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        if next_to_rate is not None and not prediction_powered:
            raise ValueError("--next-to-rate goes with --prediction-powered")
        more, mapped = parse_axes(axis_map or [], "--axis-map")
        if more:
            raise ValueError(f"--axis-map {more[0]!r} is not a pair such as MI=quality")
        # A folder of millions of scores is read for the rated clips only, unless the others are of use.
        parts = any(Path(text.rpartition("=")[2]).is_dir() for text in predictions or [])
        study = open_votes(ratings, told, or_ratings=True) if parts else None
        named = _read(predictions or [], told, clip_column, None if prediction_powered else study)
        mapped, own_maps = split_maps(pairs | mapped, named)
        study = study or open_votes(ratings, told, or_ratings=True)
    from qamro.evaluation import NoCommonAxis, NothingMatched
    from qamro.report import Options
    from qamro.report import compare as make
    from qamro.report.overview import made_by

    with wrong_use(ValueError):
        settings = Options(
            axes=[*axes, *pairs.values()] or None,
            axis_map=mapped or None,
            own_maps=own_maps or None,
            draws=draws,
            seed=seed,
            left_out=tuple(leave_out or ()),
            resample_raters=not fixed_raters,
            prediction_powered=prediction_powered,
        )
        try:
            comparison = make(study, named, settings)
        except NothingMatched as problem:
            fail(f"0 clips matched: {problem}", FAILED)
        except NoCommonAxis as problem:
            pair = f"Pair axes with --axis-map, for example --axis-map {problem.pair}"
            fail(f"{str(problem).rstrip('.')}. {pair if problem.pair else 'Choose one of them with --axis'}")
    for name, why in comparison.problems.items():
        warn(f"{name} left out: {why.rstrip('.')}{' (option --axis-map)' if name in comparison.unpaired else ''}.")
    for name, scores in named.items():
        warn_of_origin(name, scores, study)
    for line in comparison.findings():
        say(line.text)
    for sentence in comparison.overview().sentences:
        say(sentence)
    for voted in comparison.voted:
        for sentence in comparison.votes(voted).sentences:
            say(sentence)
    if prediction_powered:
        _say_powered(comparison)
    for sentence in made_by(comparison):
        say(sentence)
    if next_to_rate is not None:
        with wrong_use(OSError, ValueError):
            _write_next(comparison, next_to_rate, next_clips)
    _write(comparison, html, tables)


def _say_powered(comparison: Comparison) -> None:
    """Prints the means of systems with both intervals, axis by axis."""
    from qamro.report.words import with_ends

    if not comparison.predictors:
        warn("--prediction-powered needs --predictions; the ratings stand alone")
    for axis in comparison.axes:
        if not comparison.numbers(axis).predictors:
            continue
        section = comparison.powered(axis)
        said = comparison.numbers(axis).who_is_here  # the overview says that
        for sentence in section.sentences:
            if sentence not in said:
                say(f"{axis}: {sentence}")
        for table in section.tables[:1]:
            width = max(len(str(name)) for name in ["system", *table.frame["system"]])
            for name, rows in table.frame.groupby("predictor", sort=False):
                say(f"{'system':{width}}  {'with ' + str(name):>24}  {'ratings alone':>24}  rated  predicted")
                for row in rows.itertuples():
                    both = [
                        with_ends(row.mean, row.low, row.high, 2),
                        with_ends(row.classical_mean, row.classical_low, row.classical_high, 2),
                    ]
                    counts = f"{row.n_rated:>5}  {row.n_predicted:>9}"
                    say(f"{row.system:{width}}  {both[0]:>24}  {both[1]:>24}  {counts}")


def _write_next(comparison: Comparison, file: Path, n: int) -> None:
    """Writes which clips to have rated next, axis by axis and predictor by predictor.

    Raises:
        ValueError: There is no predictor, or every clip that is predicted is rated.
        OSError: The file cannot be written.
    """
    import pandas as pd

    from qamro.evaluation.next_to_rate import next_to_rate
    from qamro.studies.tables import write_table

    study, found = comparison.study, []
    for axis in comparison.axes:
        for name, pair in comparison.numbers(axis).pairs.items():
            rows = next_to_rate(study, comparison.predictions[name], axis, predicted=pair.predicted, n=n)
            before, after = rows.attrs["half_width"], rows.attrs["half_width_after"]
            if len(rows):
                narrower = f"should shrink the mean half-width of the intervals from {before:.2f} to {after:.2f}"
                say(
                    f"{axis}: {name}: ratings of these {len(rows)} clips {narrower}."
                    if before > 0
                    else f"{axis}: {name}: the clips of each system are rated alike, so no interval says what ratings "
                    f"of these {len(rows)} clips would change."
                )
            found.append(rows.assign(axis=axis, predictor=name))
    if not found or not any(map(len, found)):
        raise ValueError("--next-to-rate needs --predictions of clips that nobody rated")
    table = pd.concat(found, ignore_index=True)
    own = dict(zip(study.clips["clip"], study.clips["path"], strict=True))
    where = study.root if study.root is not None else Path()
    base = file.resolve().parent
    table["path"] = [
        os.path.relpath((where / own[clip]).resolve(), base) if own.get(clip) else path
        for clip, path in zip(table["clip"], table["path"], strict=True)
    ]
    base.mkdir(parents=True, exist_ok=True)
    write_table(table, file)
    say(f"written to {file}, which predict and a listening study take as a list of clips")


def split_maps(
    pairs: Mapping[str, str], predictors: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Parts the pairs for every predictor from those for one, ``NAME:AXIS``.

    Raises:
        ValueError: There is no predictor of that name.
    """
    for_all: dict[str, str] = {}
    own: dict[str, dict[str, str]] = {}
    for predicted, rated in pairs.items():
        name, colon, axis = predicted.rpartition(":")
        if not colon or any(predicted in table.columns for table in predictors.values()):
            for_all[predicted] = rated
        elif name in predictors:
            own.setdefault(name, {})[axis] = rated
        else:
            names = ", ".join(predictors) or "none"
            raise ValueError(f"--axis-map {predicted}={rated}: there is no predictor {name!r}; there are {names}")
    return for_all, own


def _read(given: Sequence[str], told: Options, clip_column: str, study: Study | None) -> dict[str, pd.DataFrame]:
    tables: dict[str, pd.DataFrame] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or Path(text).exists():
            name, file = Path(text).stem, text
        if name in tables:
            name = f"{Path(file).parent.name}/{name}" if not equals else name
        if not name or name in tables:
            raise ValueError(f"--predictions {text}: two predictors are called {name!r}; write NAME={file}")
        tables[name] = open_predictions(Path(file), told, clip_column, study)
    return tables


def _write(comparison: Comparison, html: Path | None, tables: Path | None) -> None:
    from qamro.report import write_html, write_zip

    for path, write in ((html, write_html), (tables, write_zip)):
        if path is None:
            continue
        with wrong_use(OSError), progress() as bar:
            task = bar.add_task(str(path.name), total=len(comparison.plan))
            write(comparison, path, lambda _, task=task, bar=bar: bar.advance(task))  # type: ignore[misc]
        say(f"written to {path}")
    if html is None and tables is None:
        say("Add --html report.html for the figures, or --zip tables.zip for every table.")
