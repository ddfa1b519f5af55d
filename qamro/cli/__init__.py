"""The command line: one file a verb, nothing heavy imported before a verb needs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qamro import __version__
from qamro.cli.analyse import analyse
from qamro.cli.bench import bench
from qamro.cli.calibrate import calibrate
from qamro.cli.compare import compare
from qamro.cli.compare_objectives import compare_objectives
from qamro.cli.distance import distance
from qamro.cli.evaluate import evaluate
from qamro.cli.heads import heads
from qamro.cli.options import ObjectiveCommand
from qamro.cli.plan import plan
from qamro.cli.predict import predict
from qamro.cli.race import race
from qamro.cli.rank import rank
from qamro.cli.reproduce import reproduce
from qamro.cli.serve import serve
from qamro.cli.studies import studies
from qamro.cli.sweep import sweep
from qamro.cli.train import train
from qamro.cli.train_deramos import train_deramos
from qamro.cli.weights import cache, weights

app = typer.Typer(
    name="qamro",
    help="Predict how people would rate generated audio, and check whether they would agree.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("predict")(predict)
app.command("evaluate")(evaluate)
app.command("compare")(compare)
app.command("bench")(bench)
app.command("plan")(plan)
app.command("race")(race)
app.command("rank")(rank)
app.command("analyse")(analyse)
app.command("distance")(distance)
app.command("train", cls=ObjectiveCommand)(train)
app.command("calibrate")(calibrate)
app.command("train-deramos")(train_deramos)
app.command("sweep")(sweep)
app.command("reproduce")(reproduce)
app.command("compare-objectives")(compare_objectives)
app.add_typer(studies, name="studies")
app.add_typer(heads, name="heads")
app.add_typer(weights, name="weights")
app.add_typer(cache, name="cache")
app.command("serve")(serve)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qamro {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Holds the options that stand before a verb."""


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 done in part or failed, 2 wrong use, 130 interrupted."""
    try:
        app(prog_name="qamro" if Path(sys.argv[0]).stem == "qamro" else "python -m qamro")
    except SystemExit as end:
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):  # Typer exits without a word
            typer.echo("interrupted", err=True)
        raise
