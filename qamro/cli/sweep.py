"""``sweep``: trains many objectives and seeds at once; writes a table of runs, a summary and a figure."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from qamro.cli.console import say, wrong_use
from qamro.cli.inputs import open_ratings


def sweep(
    study: Annotated[str, typer.Option(metavar="NAME|FILE|FOLDER", help="What to train and test on.")],
    betas: Annotated[str, typer.Option(help="Preference factors.")] = "1,3,5,7,9,11",
    alphas: Annotated[str, typer.Option(help="Slopes of the adaptive margin.")] = "0.2",
    seeds: Annotated[int, typer.Option(help="Fits of every objective.", min=1)] = 5,
    axis: Annotated[list[str] | None, typer.Option(help="Axis to sweep; all that are rated unless set.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.", file_okay=False)] = None,
    encoder: Annotated[str, typer.Option(help="Which encoder embeds the clips.")] = "logmel",
    folds: Annotated[int, typer.Option(help="Folds where no split was published; 1 splits once.", min=1)] = 5,
    hold_out: Annotated[
        str, typer.Option(help="content, system, or auto: the published split, else content.")
    ] = "auto",
    optimizer: Annotated[str, typer.Option(help="sgd (the paper's) or adamw.")] = "sgd",
    lr: Annotated[float, typer.Option(help="Learning rate.")] = 5e-4,
    batch_size: Annotated[int, typer.Option(help="Clips a step; 0 ranks all of them in every step.", min=0)] = 256,
    epochs: Annotated[int, typer.Option(help="At most this many.", min=1)] = 1000,
    patience: Annotated[int, typer.Option(help="Epochs without a better validation loss.", min=1)] = 20,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Sweep alpha and beta over seeds, beside baselines without ranking, weighting or adaptive margin."""
    from qamro.checkpoints import WeightsError
    from qamro.cli.folds import axes_of, numbers, prepare, train

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError):
        from qamro.training.run import FitConfig
        from qamro.training.sweeps.files import write_tables
        from qamro.training.sweeps.page import INTERVALS, write_page
        from qamro.training.sweeps.seeds import best_beta_in_words
        from qamro.training.sweeps.variants import Plan

        config = FitConfig(optimizer=optimizer, lr=lr, batch_size=batch_size, max_epochs=epochs, patience=patience)
        plan = Plan(numbers(betas, "--betas"), numbers(alphas, "--alphas"), range(seeds), config=config)
        opened = open_ratings(study)
        parts, how = prepare(opened, encoder, folds, hold_out, device)
        axes = axes_of(parts, axis)
        started = time.perf_counter()
        found = train(parts, axes, plan, device)
        seconds = round(time.perf_counter() - started, 1)
        target = out or Path(f"sweep-{Path(study).name}")
        write_tables(target, found, opened, plan, {"encoder": encoder, "split": how, "seconds": seconds})
        notes = [
            f"{opened.name}, {opened.kind} ratings; {len(opened.clips)} clips, {len(opened.systems)} systems; {how}.",
            f"Heads on frozen {encoder} embeddings; {seeds} seeds; {optimizer}, learning rate {lr:g}, "
            f"{f'batch {batch_size}' if batch_size else 'all clips in every step'}.",
            INTERVALS,
        ]
        write_page(target / "sweep.html", found.runs, f"Sweep over beta: {opened.name}", notes)
    for name in axes:
        for level in ("utterance", "system"):
            say(best_beta_in_words(found.runs, name, level, "SRCC"))
    count = found.runs.groupby(["axis", "variant", "seed"]).ngroups
    say(f"{count} runs in {seconds} s ({opened.kind} ratings, {how}); written to {target}:")
    say("  runs.csv, summary.csv, predictions.csv, record.json, sweep.html")
