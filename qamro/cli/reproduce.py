"""``reproduce``: the paper's tables and figure, ours beside the published numbers; or the experiment on other data."""

from __future__ import annotations

import math
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from qamro.cli import options
from qamro.cli.console import out as console
from qamro.cli.console import safe, say, wrong_use
from qamro.cli.inputs import ratings_options
from qamro.cli.outputs import check_writable, written_to
from qamro.counts import count
from qamro.listeners import listeners
from qamro.training.presets import PAPER

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study
    from qamro.studies.importers.options import Options
    from qamro.training.sweeps.reproduce import PublishedExperiment


OTHERS = ("MSE", "LCC", "KTAU")
"""What stands beside SRCC, as in the paper's Table I; means over seeds."""


class What(StrEnum):
    """What can be reproduced."""

    TABLE1 = "table1"
    TABLE2 = "table2"
    FIGURE1 = "figure1"


def reproduce(
    what: Annotated[What, typer.Argument(help="Which table or figure of the paper.")],
    study: Annotated[
        str, typer.Option(metavar="NAME|FILE|FOLDER", help="Other data instead of the paper's; then nothing published.")
    ] = "",
    seeds: options.ObjectiveSeeds = 5,
    objective: Annotated[
        list[str] | None, typer.Option(help="An objective by name to train beside the paper's. Repeatable.")
    ] = None,
    axis: Annotated[list[str] | None, typer.Option(help="Axis; the paper's, or all rated ones with --study.")] = None,
    out: options.ResultsFolder = None,
    encoder: Annotated[str, typer.Option(help="Which frozen encoder embeds the clips.")] = "logmel",
    folds: Annotated[int, typer.Option(help="Folds where no split was published.", min=1)] = 5,
    hold_out: options.FoldsHoldOut = "auto",
    optimizer: options.Optimizer = PAPER.optimizer,
    lr: options.LearningRate = PAPER.lr,
    batch_size: options.BatchSize = PAPER.batch_size,
    epochs: options.Epochs = PAPER.epochs,
    device: options.Device = "cpu",
    column: options.Columns = None,
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
    ragged: options.Ragged = "",
) -> None:
    """Run a table of the paper (baseline, QAMRO, w/o weighting, w/o adaptive margin = Eq. 1) or its curve over beta.

    Heads stand on a frozen encoder and are fitted with the paper's numbers; table2 also runs the released code's loss.
    """
    from qamro.checkpoints import WeightsError
    from qamro.cli.folds import NO_TABLES, run

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=NO_TABLES):
        from qamro.training.sweeps.figure import INTERVALS, write_page
        from qamro.training.sweeps.reproduce import EXPERIMENTS, table_of
        from qamro.training.sweeps.setup import Experiment
        from qamro.training.sweeps.store import write_tables
        from qamro.training.trainer import FitConfig

        experiment = EXPERIMENTS[what.value]
        study = "" if study == experiment.study else study  # the paper's own data are no other data
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        check_writable(out or Path())
        opened = _open(experiment, study, told)
        config = FitConfig(optimizer=optimizer, lr=lr, batch_size=batch_size, max_epochs=epochs)
        plan = experiment.plan(range(seeds), config, objective or ())
        axes = axis or (None if study else experiment.axes)
        ran = run(opened, Experiment(plan.variants, plan.seeds, config, axes, folds, hold_out), encoder, device)
        table = table_of(ran.sweep)
        title = experiment.on_other_data(opened.name) if study else experiment.title
        about = f"ratings by {listeners(opened.kind)}, {ran.how}; heads on frozen {encoder} embeddings, "
        about += count(seeds, "seed")
        target = out or Path(f"reproduce-{what.value}-{opened.name.split()[0]}")
        with written_to(target):
            write_tables(target, ran, opened, {"title": title, "encoder": encoder, "plan": asdict(plan)})
            table.to_csv(target / "table.csv", index=False)
            if what is What.FIGURE1:
                write_page(target / "figure1.html", ran.sweep.runs, title, [about + ".", INTERVALS])
    say(title, "bold")
    say(f"Ours: {about}")
    _ours(table)
    say(
        "seeds: 95 % interval of the mean over seeds; clips: 95 % bootstrap over systems and clips, whose draws hold",
        "dim",
    )
    say("some systems twice: orders get worse by that, so that an interval may lie below its value", "dim")
    if not study:
        _published(experiment)
    say(f"tables written to {target}")


def _open(experiment: PublishedExperiment, study: str, told: Options) -> Study:
    """Opens the study of the experiment, or another one.

    Raises:
        FileNotFoundError: It is not on this machine, or has no audio; says how to get it.
    """
    from qamro.cli.inputs import open_audible
    from qamro.studies.registry import get_dataset

    if study:
        return open_audible(study, told)
    dataset = get_dataset(experiment.study)
    other = "Or run it on other data: --study codec_mushra, lstm_music or simulated."
    if not dataset.is_here:
        raise FileNotFoundError(
            f"{experiment.title} needs {dataset.name}, which is not on this machine. {dataset.obtain} "
            f"Fetch it with: python -m qamro studies fetch {dataset.name} --from FOLDER. Page: {dataset.page}. {other}"
        )
    try:
        return open_audible(dataset.name)
    except FileNotFoundError as problem:
        raise FileNotFoundError(f"{problem} {other}") from problem


def _ours(table: pd.DataFrame) -> None:
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("axis", "ours", "rests on", "SRCC", "seeds", "clips", *OTHERS):
        shown.add_column(column, justify="right" if column in ("SRCC", *OTHERS) else "left")
    from qamro.evaluation.levels import rests_on

    for row in table.to_dict("records"):
        rests = rests_on(row["level"], row["systems"] if row["level"] == "system" else row["clips"])
        ends = [_ends(row["seeds_low"], row["seeds_high"]), _ends(row["clips_low"], row["clips_high"])]
        cells = (_number(row["SRCC"]), *ends, *(_number(row[metric]) for metric in OTHERS))
        shown.add_row(Text(safe(row["axis"])), Text(safe(row["name"])), rests, *cells)
    console.print(shown)


def _published(experiment: PublishedExperiment) -> None:
    if not experiment.published:
        say("The paper's figure was published as a picture; no numbers of it are kept here.")
        return
    from qamro.training.sweeps.reproduce import METRICS

    say(f"Published on {experiment.study}, not computed here; other encoders, other training, no intervals given;")
    say("all at system level:")
    shown = Table(show_edge=False, pad_edge=False)
    first = experiment.axes[0]
    known = [metric for metric in METRICS if any(metric in row.metrics[first] for row in experiment.published)]
    for column in ("axis", "published", *known):
        shown.add_column(column, justify="right" if column in known else "left")
    for axis in experiment.axes:
        for row in experiment.published:
            numbers = row.metrics[axis]
            shown.add_row(axis, row.name, *(f"{numbers[key]:.3f}" if key in numbers else "–" for key in known))
    console.print(shown)
    for source in dict.fromkeys(row.source for row in experiment.published):
        names = ", ".join(row.name for row in experiment.published if row.source == source)
        say(f"source: {source} ({names})")


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "undefined"


def _ends(low: float, high: float) -> str:
    return f"{low:.3f}–{high:.3f}" if math.isfinite(low) else "-"
