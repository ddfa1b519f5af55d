"""``sweep``: trains many objectives and seeds at once; writes a table of runs, a summary and a figure."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from qamro.cli import options
from qamro.cli.console import say, wrong_use
from qamro.cli.inputs import open_audible, ratings_options
from qamro.cli.outputs import check_writable, written_to
from qamro.counts import count
from qamro.listeners import listeners
from qamro.training.objective.table import ALPHA, BETA, HYPERPARAMETERS, families
from qamro.training.sweeps.setup import Setup, first_over


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
    optimizer: options.Optimizer = Setup.optimiser,
    lr: Annotated[float | None, typer.Option(help="Learning rate; unless set 1e-3 with adamw, 5e-4 with sgd.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Clips a step; unless set 0, all of them, with adamw, 256 with sgd.", min=0)
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="At most this many; unless set 300 with adamw, 500 with sgd.", min=1)
    ] = None,
    patience: options.Patience = 20,
    stop_by: options.StopBy = "loss",
    device: options.Device = "cpu",
    track: options.Track = "",
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
    """Sweep a number of an objective over seeds, beside ridge regression and regression alone.

    Beside QAMRO's beta stand its ablations, too: without weighting, without adaptive margin. Trains every objective to
    its end; the paper's SGD at 5e-4, which may not, is what reproduce runs.
    """
    from qamro.checkpoints import WeightsError
    from qamro.cli.folds import NO_TABLES, run

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=NO_TABLES):
        from qamro.training.sweeps.figure import INTERVALS, write_page
        from qamro.training.sweeps.plotting import naming_of
        from qamro.training.sweeps.seeds import best_in_words, ridge_in_words
        from qamro.training.sweeps.store import write_tables
        from qamro.training.trackers import open_tracker, track_sweep

        setup = replace(_setup(objective, over, values, beside, betas, alphas), study=study, encoder=encoder)
        setup = replace(setup, folds=folds, hold_out=hold_out, optimiser=optimizer, seeds=seeds)
        said: dict[str, Any] = {
            "lr": lr,
            "batch_size": batch_size,
            "max_epochs": epochs,
            "patience": patience,
            "stop_by": stop_by,
        }
        config = replace(setup.config, **{name: value for name, value in said.items() if value is not None})
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        check_writable(out or Path())
        target = out or Path(f"sweep-{Path(study).name}")
        tracker = open_tracker(track, target.name, asdict(setup) | vars(config))
        opened = open_audible(study, told)
        experiment = replace(setup.experiment, axes=axis, config=config)
        ran = run(opened, experiment, encoder, device)
        setup, found, how = replace(setup, axes=tuple(ran.axes)), ran.sweep, ran.how
        about: dict[str, Any] = {"encoder": encoder, "seconds": ran.seconds["training"]}
        about |= {"setup": asdict(setup), "config": asdict(config)}
        if setup.over == BETA.name:
            about["plan"] = {"betas": setup.values, "alphas": setup.beside or (ALPHA.default,)}
        naming = naming_of(setup)
        with written_to(target):
            write_tables(target, ran, opened, about)
        notes = [
            f"{opened.name}, ratings by {listeners(opened.kind)}; {count(len(opened.clips), 'clip')}, "
            f"{count(len(opened.systems), 'system')}; {how}.",
            f"Heads on frozen {encoder} embeddings; {count(seeds, 'seed')}; {optimizer}, learning rate {config.lr:g}, "
            f"{f'batch {config.batch_size}' if config.batch_size else 'all clips in every step'}; best epoch by "
            f"validation {'SRCC' if stop_by == 'srcc' else 'loss, each objective by its own'}.",
            INTERVALS,
        ]
        with written_to(target):
            write_page(
                target / "sweep.html", found.runs, f"Sweep over {naming.over}: {opened.name}", notes, naming=naming
            )
        track_sweep(tracker, opened, found, naming)
        tracker.finish()
    for name in ran.axes:
        for level in ("utterance", "system"):
            say(best_in_words(found.runs, name, level, "SRCC", name=naming.over, reference=naming.reference))
            if ridge := ridge_in_words(found.runs, name, level, "SRCC"):
                say(ridge)
    fits = count(found.runs.groupby(["axis", "variant", "seed"]).ngroups, "run")
    say(f"{fits} in {about['seconds']} s (ratings by {listeners(opened.kind)}, {how}); written to {target}:")
    say("  runs.csv, summary.csv, predictions.csv, record.json, sweep.html")


def _setup(objective: str, over: str, values: str, beside: str, betas: str | None, alphas: str | None) -> Setup:
    """Reads what is to be swept.

    Raises:
        ValueError: There is no such objective or number, or a value is out of range.
    """
    from qamro.cli.folds import numbers

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
    second, option = (beside, "--beside") if alphas is None else (alphas, "--alphas")
    curves = numbers(second, option) if second or alphas is not None else []
    if curves and not parameter.beside:
        raise ValueError(f"nothing is varied beside {over}; leave {option} away")
    for name, given in ((over, chosen), (parameter.beside, curves)):
        for value in given:
            HYPERPARAMETERS[name].check(value)
    axes = ("TA",)  # on which every term acts; those of the study are known later
    return Setup(axes=axes, family=objective, over=over, values=tuple(chosen), beside=tuple(curves))
