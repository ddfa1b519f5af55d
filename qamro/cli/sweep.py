"""``sweep``: trains many objectives and seeds at once; writes a table of runs, a summary and a figure."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qamro.cli import options
from qamro.cli.console import say, wrong_use
from qamro.cli.inputs import open_audible, ratings_options
from qamro.cli.outputs import check_writable, written_to
from qamro.counts import count
from qamro.listeners import listeners

if TYPE_CHECKING:
    from qamro.training.sweeps.setup import Setup


def sweep(
    study: options.SplitStudy,
    objective: Annotated[
        str, typer.Option(help="Whose number is swept, by name: qamro, balr, ce-gauss+balr …; a wrong one lists all.")
    ] = "qamro",
    over: Annotated[
        str,
        typer.Option(help="The number: beta, temperature …; unless set, the one that the objective is about."),
    ] = "",
    values: Annotated[str, typer.Option(help="Its values, with commas between; unless set, those of the table.")] = "",
    beside: Annotated[
        str, typer.Option(help="Values of a second number (alpha beside beta …), a curve for each.")
    ] = "",
    betas: Annotated[str | None, typer.Option(help="Short for --over beta --values.")] = None,
    alphas: Annotated[str | None, typer.Option(help="Beside betas, short for --beside.")] = None,
    seeds: options.ObjectiveSeeds = 5,
    axis: Annotated[list[str] | None, typer.Option(help="Axis to sweep; all that are rated unless set.")] = None,
    out: options.ResultsFolder = None,
    encoder: options.Encoder = "logmel",
    folds: options.Folds = 5,
    hold_out: options.FoldsHoldOut = "auto",
    optimizer: options.Optimizer = "adamw",
    lr: options.LearningRate = 1e-3,
    batch_size: options.BatchSize = 0,
    epochs: options.Epochs = 300,
    patience: options.Patience = 20,
    stop_by: options.StopBy = "loss",
    device: options.Device = "cpu",
    column: options.Columns = None,
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
) -> None:
    """Sweep a number of an objective over seeds, beside ridge regression and regression alone.

    Beside QAMRO's beta stand its ablations, too: without weighting, without adaptive margin. Trains every objective to
    its end; the paper's SGD at 5e-4, which may not, is what reproduce runs.
    """
    from qamro.checkpoints import WeightsError
    from qamro.cli.folds import NO_TABLES, axes_of, prepare, train

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=NO_TABLES):
        from qamro.training.sweeps.figure import INTERVALS, write_page
        from qamro.training.sweeps.plotting import naming_of
        from qamro.training.sweeps.seeds import best_in_words, ridge_in_words
        from qamro.training.sweeps.store import write_tables
        from qamro.training.trainer import FitConfig

        config = FitConfig(optimizer, lr, batch_size=batch_size, max_epochs=epochs, patience=patience, stop_by=stop_by)
        setup = _setup(objective, over, values, beside, betas, alphas)
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer)
        check_writable(out or Path())
        opened = open_audible(study, told)
        parts, how = prepare(opened, encoder, folds, hold_out, device)
        axes = axes_of(parts, axis)
        started = time.perf_counter()
        setup = replace(setup, axes=tuple(axes), seeds=seeds)
        plan = replace(setup.plan, config=config)
        found = train(parts, axes, plan, device, setup.variants)
        seconds = round(time.perf_counter() - started, 1)
        about = {"encoder": encoder, "split": how, "seconds": seconds}
        target = out or Path(f"sweep-{Path(study).name}")
        naming = naming_of(setup)
        with written_to(target):
            write_tables(target, found, opened, plan, {"setup": asdict(setup)} | about)
        notes = [
            f"{opened.name}, ratings by {listeners(opened.kind)}; {count(len(opened.clips), 'clip')}, "
            f"{count(len(opened.systems), 'system')}; {how}.",
            f"Heads on frozen {encoder} embeddings; {count(seeds, 'seed')}; {optimizer}, learning rate {lr:g}, "
            f"{f'batch {batch_size}' if batch_size else 'all clips in every step'}; best epoch by validation "
            f"{'SRCC' if stop_by == 'srcc' else 'loss, each objective by its own'}.",
            INTERVALS,
        ]
        with written_to(target):
            write_page(
                target / "sweep.html", found.runs, f"Sweep over {naming.over}: {opened.name}", notes, naming=naming
            )
    for name in axes:
        for level in ("utterance", "system"):
            say(best_in_words(found.runs, name, level, "SRCC", name=naming.over, reference=naming.reference))
            if beside := ridge_in_words(found.runs, name, level, "SRCC"):
                say(beside)
    fits = count(found.runs.groupby(["axis", "variant", "seed"]).ngroups, "run")
    say(f"{fits} in {seconds} s (ratings by {listeners(opened.kind)}, {how}); written to {target}:")
    say("  runs.csv, summary.csv, predictions.csv, record.json, sweep.html")


def _setup(objective: str, over: str, values: str, beside: str, betas: str | None, alphas: str | None) -> Setup:
    """Reads what is to be swept.

    Raises:
        ValueError: There is no such objective or number, or a value is out of range.
    """
    from qamro.cli.folds import numbers
    from qamro.training.objective.table import HYPERPARAMETERS, families
    from qamro.training.sweeps.setup import Setup, first_over

    if objective not in families():
        raise ValueError(f"--objective is one of {', '.join(families())}, not {objective!r}")
    over = over or ("beta" if betas is not None else first_over(objective))
    if over not in HYPERPARAMETERS:
        raise ValueError(f"--over is one of {', '.join(HYPERPARAMETERS)}, not {over!r}")
    if betas is not None and (over != "beta" or values):
        raise ValueError("--betas is short for --over beta --values; leave it away beside them")
    parameter = HYPERPARAMETERS[over]
    chosen = (
        numbers(betas, "--betas") if betas is not None else numbers(values, "--values") if values else parameter.values
    )
    second, option = (alphas, "--alphas") if alphas is not None else (beside or "", "--beside")
    curves = numbers(second, option) if second or alphas is not None else []
    for name, given in ((over, chosen), (parameter.beside, curves)):
        for value in given:
            HYPERPARAMETERS[name].check(value)
    axes = ("TA",)  # on which every term acts; those of the study are known later
    return Setup(axes=axes, family=objective, over=over, values=tuple(chosen), beside=tuple(curves))
