"""``studies``: which listening studies there are, fetching one, and what is in one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from qamro.cli import options
from qamro.cli.console import FAILED, err, fail, out, safe, say, warn, wrong_use
from qamro.cli.inputs import ratings_options, reading_of
from qamro.counts import count
from qamro.listeners import listeners

if TYPE_CHECKING:
    from qamro.studies import Study

LARGE = 10_000
"""Megabytes from which on the size of a download is said before it begins."""

studies = typer.Typer(help="List, fetch and show listening studies.", no_args_is_help=True, rich_markup_mode=None)


@studies.command("list")
def list_studies() -> None:
    """List the studies that are known by name."""
    from qamro.studies.registry import SIMULATED, datasets

    for data in datasets().values():
        size = f"{data.megabytes:,} MB" if data.megabytes else "size unknown"
        rated = " ".join(data.axes) or "votes on pairs"
        _entry(data.name, data.holds, f"{data.counts} | {rated} | {size} | {data.licence}", here=data.is_here)
        say(f"  to pass on: {data.to_pass_on}", "dim")
        if data.unconfirmed:
            say(f"  not confirmed: {data.unconfirmed}", "dim")
    holds = "music by simulated systems, rated by simulated listeners; no evidence about people"
    _entry(SIMULATED, holds, "MI TA PQ PC CE CU | made on this machine", here=False)
    say("Get one with: python -m qamro studies fetch NAME")


def _entry(name: str, holds: str, details: str, *, here: bool) -> None:
    out.print(Text(name, style="bold"), Text("on this machine", style="green") if here else "")
    say(f"  {holds}")
    say(f"  {details}", "dim")


@studies.command("fetch")
def fetch_study(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from studies list.")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="A local copy instead of a download.")
    ] = None,
    folders: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="DATASET=FOLDER", help="For aes_natural: where a data set lies. Repeatable."),
    ] = None,
    audio: Annotated[bool, typer.Option(help="Download the audio, too.")] = True,
    systems: Annotated[
        str, typer.Option(metavar="A,B,...", help="Sound of these systems only; the ratings come whole.")
    ] = "",
    clips: Annotated[
        int, typer.Option(help="Sound of so many clips only, spread over the systems; 0 for all.", min=0)
    ] = 0,
) -> None:
    """Fetch a study; what is here already is not fetched again. Interrupting is safe: fetch again to go on."""
    from qamro.studies.fetch import FetchError, Part, fetch
    from qamro.studies.registry import get_dataset

    with wrong_use(ValueError, FileNotFoundError, kept="what has arrived is kept; fetch again to go on"):
        dataset = get_dataset(name)
        corpora = dict(_pair(text) for text in folders or [])
        say(f"{dataset.title}. Licence: {dataset.licence}")
        if audio and source is None and dataset.megabytes >= LARGE:
            say(
                f"{dataset.megabytes / 1000:.0f} GB; --no-audio brings the ratings alone, --systems and --clips a part."
            )
        with err.status("Fetching") as status:
            try:
                study = fetch(
                    dataset,
                    source=source,
                    corpora=corpora,
                    audio=audio,
                    part=Part(tuple(filter(None, systems.split(","))), clips),
                    on_progress=lambda p: status.update(
                        f"{p.file} of {count(p.files, 'file')}, {p.bytes / 1e6:.1f}"
                        + (f" of {p.of_bytes / 1e6:.1f}" if p.of_bytes else "")
                        + " MB"
                    ),
                )
            except FetchError as problem:
                hint = "" if problem.says_how else "; with a copy of your own, use --from FOLDER"
                fail(f"{problem}{hint}", FAILED)
            except OSError as problem:
                if isinstance(problem, FileNotFoundError):
                    raise
                why = problem.strerror or problem
                fail(f"{dataset.folder} cannot be written ({why}); make space there, or set QAMRO_CACHE", FAILED)
    _describe(study)
    if study.missing_audio():
        say(dataset.how_to_hear)


@studies.command("show")
def show_study(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE|FOLDER", help="A study by name, or ratings by path.")],
    column: options.Columns = None,
    axis: options.RatedAxis = "",
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
    ragged: options.Ragged = "",
) -> None:
    """Show what a study holds: axes, systems, counts, what is off the scale, and what audio is missing."""
    _show(name, (column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged))


@studies.command("save")
def save_study(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE|FOLDER", help="A study by name, or ratings by path.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write it.", file_okay=False)],
    column: options.Columns = None,
    axis: options.RatedAxis = "",
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
    ragged: options.Ragged = "",
) -> None:
    """Write a study as a folder of clips.csv and ratings.csv, which every verb and the app read without a question."""
    study = _show(name, (column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged))
    _save(study, folder)


@studies.command("import")
def import_study(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Ratings or votes: a file, folder or zip of any form.")],
    out_folder: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Write the study there.", file_okay=False)
    ] = None,
    column: options.Columns = None,
    axis: options.RatedAxis = "",
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
    ragged: options.Ragged = "",
) -> None:
    """Show how a file is read, column by column, and write it as a study's folder."""
    study = _show(file, (column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged))
    if out_folder is None:
        say("Nothing was written; with --out FOLDER it becomes a study that every verb and the app read.")
    else:
        _save(study, out_folder)


def _show(name: str, told: tuple[Any, ...]) -> Study:
    """Opens a study and says what it holds."""
    from qamro.studies.registry import datasets, open_study

    with wrong_use(ValueError, OSError):
        study = open_study(name, ratings_options(*told))
    for line in reading_of(study, notes=False):
        say(line)
    _describe(study)
    for key in ("licence", "citation", "page", "revision", "scale"):
        if study.about.get(key):
            say(f"{key}: {study.about[key]}")
    if name in datasets() and study.missing_audio():
        say(datasets()[name].how_to_hear)
    return study


def _save(study: Study, folder: Path) -> None:
    with wrong_use(OSError):
        study.save(folder)
    say(f"written to {folder}: clips.csv, ratings.csv{', votes.csv' if study.votes is not None else ''}, study.json")


def _describe(study: Study) -> None:
    who = {True: "each rating has a rater", False: "anonymous ratings"}[study.has_raters]
    if study.holds_means:
        who = "means only, no single ratings"
    sizes: dict[str, Any] = {"clip": study.clips, "system": study.systems, "rating": study.counted}
    sizes |= {"vote": study.votes} if study.votes is not None else {}
    counts = ", ".join(count(len(them), what) for what, them in sizes.items())
    if study.repeats:
        who += f"; {count(study.repeats, 'repeated rating')} averaged, a rater counts once for each clip and axis"
    say(f"{study.name}, rated by {listeners(study.kind)}: {counts}; {who}")
    table = Table(show_edge=False, pad_edge=False)
    for column in ("axis", "clips", "ratings", "lowest", "mean", "highest"):
        table.add_column(column, justify="left" if column == "axis" else "right")
    means = study.clip_means()
    for axis in study.axes:
        scores, clips = study.ratings.loc[study.ratings["axis"] == axis, "score"], means[means["axis"] == axis]
        lowest, mean, highest = (f"{value:.2f}" for value in (scores.min(), clips["mean"].mean(), scores.max()))
        table.add_row(Text(safe(axis)), str(len(clips)), str(int(clips["count"].sum())), lowest, mean, highest)
    out.print(table)
    for note in study.about.get("notes", ()):
        say(f"note: {note}")
    outside = study.out_of_range()
    for axis, rows in outside.groupby("axis"):
        values = ", ".join(
            f"{row.score:g} ({count(int(row.count), 'time')})" for row in rows.head(5).itertuples(index=False)
        )
        say(f"off the scale of {axis} and kept as found: {values}")
    _missing(study)


def _missing(study: Study) -> None:
    lost = study.missing_audio()
    if not lost:
        return
    warn(f"no audio for {len(lost):,} of {count(len(study.clips), 'clip')}, for example {lost[0]}")
    if "corpus" in study.clips.columns:
        from qamro.studies.importers.aes_corpora import missing_report

        for row in missing_report(study).itertuples():
            say(f"  {row.corpus}: {row.missing} of {row.clips} missing  {row.home}")


def _pair(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not name or not equals or not folder:
        raise ValueError(f"--map {text!r} is not a pair such as LibriTTS=/data/LibriTTS")
    return name, Path(folder).expanduser()
