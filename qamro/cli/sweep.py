"""``sweep``: trains many objectives and seeds at once; writes a table of runs, a summary and a figure."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from qamro.cli import options
from qamro.cli.console import say, wrong_use
from qamro.cli.inputs import open_audible, ratings_options
from qamro.cli.outputs import check_writable, written_to
from qamro.counts import count
from qamro.listeners import listeners


def sweep(
    study: options.SplitStudy,
    betas: Annotated[str, typer.Option(help="Preference factors.")] = "1,3,5,7,9,11",
    alphas: Annotated[str, typer.Option(help="Slopes of the adaptive margin.")] = "0.2",
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
    track: options.Track = "",
    column: options.Columns = None,
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
) -> None:
    """Sweep alpha and beta over seeds, beside ridge regression and baselines without ranking, weighting, margin.

    Trains every objective to its end; the paper's SGD at 5e-4, which may not, is what reproduce runs.
    """
    from qamro.checkpoints import WeightsError
    from qamro.cli.folds import NO_TABLES, axes_of, numbers, prepare, train

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=NO_TABLES):
        from qamro.training.sweeps.figure import INTERVALS, write_page
        from qamro.training.sweeps.seeds import best_beta_in_words, ridge_in_words
        from qamro.training.sweeps.setup import Plan
        from qamro.training.sweeps.store import write_tables
        from qamro.training.trackers import open_tracker, track_sweep
        from qamro.training.trainer import FitConfig

        config = FitConfig(optimizer, lr, batch_size=batch_size, max_epochs=epochs, patience=patience, stop_by=stop_by)
        plan = Plan(numbers(betas, "--betas"), numbers(alphas, "--alphas"), range(seeds), config=config)
        plan.variants("MI")  # a parameter out of range is refused before anything is read
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer)
        check_writable(out or Path())
        settings = {"study": study, "encoder": encoder, "betas": betas, "alphas": alphas, "seeds": seeds}
        tracker = open_tracker(track, (out or Path(f"sweep-{Path(study).name}")).name, settings | vars(config))
        opened = open_audible(study, told)
        parts, how = prepare(opened, encoder, folds, hold_out, device)
        axes = axes_of(parts, axis)
        started = time.perf_counter()
        found = train(parts, axes, plan, device)
        seconds = round(time.perf_counter() - started, 1)
        target = out or Path(f"sweep-{Path(study).name}")
        with written_to(target):
            write_tables(target, found, opened, plan, {"encoder": encoder, "split": how, "seconds": seconds})
        notes = [
            f"{opened.name}, ratings by {listeners(opened.kind)}; {count(len(opened.clips), 'clip')}, "
            f"{count(len(opened.systems), 'system')}; {how}.",
            f"Heads on frozen {encoder} embeddings; {count(seeds, 'seed')}; {optimizer}, learning rate {lr:g}, "
            f"{f'batch {batch_size}' if batch_size else 'all clips in every step'}; best epoch by validation "
            f"{'SRCC' if stop_by == 'srcc' else 'loss, each objective by its own'}.",
            INTERVALS,
        ]
        with written_to(target):
            write_page(target / "sweep.html", found.runs, f"Sweep over beta: {opened.name}", notes)
        track_sweep(tracker, opened, found)
        tracker.finish()
    for name in axes:
        for level in ("utterance", "system"):
            say(best_beta_in_words(found.runs, name, level, "SRCC"))
            if beside := ridge_in_words(found.runs, name, level, "SRCC"):
                say(beside)
    fits = count(found.runs.groupby(["axis", "variant", "seed"]).ngroups, "run")
    say(f"{fits} in {seconds} s (ratings by {listeners(opened.kind)}, {how}); written to {target}:")
    say("  runs.csv, summary.csv, predictions.csv, record.json, sweep.html")
