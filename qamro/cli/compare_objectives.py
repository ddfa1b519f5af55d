"""``compare-objectives``: trains heads with several losses on equal terms and says which differences survive."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamro.cli import options
from qamro.cli.console import progress, say, wrong_use
from qamro.cli.inputs import open_audible, ratings_options
from qamro.cli.outputs import check_writable, written_to
from qamro.counts import count
from qamro.listeners import listeners

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from qamro.training.compare_objectives import Budget
    from qamro.training.compare_objectives.sections import Finding
    from qamro.training.embedded_study import EmbeddedStudy
    from qamro.training.sweeps.setup import Variant


def compare_objectives(
    study: options.SplitStudy,
    seeds: Annotated[int, typer.Option(help="Fits of every objective on every fold.", min=2)] = 10,
    objectives: Annotated[
        str,
        typer.Option(
            help="Which, with commas between, the others tested against the first; a wrong one lists all. Unless set: "
            "huber,qamro,balr,soft-spearman,ce-gauss,ce-gauss+balr+sama,qamro+sama."
        ),
    ] = "",
    axis: options.TrainedAxes = None,
    out: options.ResultsFolder = None,
    encoder: options.Encoder = "logmel",
    folds: options.Folds = 5,
    hold_out: options.FoldsHoldOut = "auto",
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Also turn DeRA-MOS's alpha and beta and the temperature.")
    ] = False,
    rates: Annotated[
        str, typer.Option(help="Learning rates of AdamW; each objective gets the best on validation.")
    ] = "3e-4,1e-3,3e-3,1e-2",
    batch_size: options.BatchSize = 256,
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
    ragged: options.Ragged = "",
) -> None:
    """Compare losses on equal splits, encoder and budget, with paired tests."""
    from qamro.checkpoints import WeightsError
    from qamro.cli.folds import NO_TABLES, numbers, prepare

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=NO_TABLES):
        from qamro.training.compare_objectives import COMPARED, Budget, entries
        from qamro.training.compare_objectives.sections import INTERVALS, write_results
        from qamro.training.sweeps.sweep import axes_of
        from qamro.training.trackers import open_tracker, track_findings
        from qamro.training.trainer import FitConfig

        config = FitConfig(
            "adamw", batch_size=batch_size, max_epochs=epochs, patience=patience, hidden=(32, 16), stop_by=stop_by
        )
        budget = Budget(tuple(range(seeds)), tuple(sorted(numbers(rates, "--rates"))), config)
        names = [name.strip() for name in objectives.split(",")] if objectives else COMPARED
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        check_writable(out or Path())
        target = out or Path(f"compare-objectives-{Path(study).name}")
        settings = {"study": study, "encoder": encoder, "objectives": ", ".join(names), "rates": rates, "seeds": seeds}
        tracker = open_tracker(track, target.name, settings | vars(config))
        opened = open_audible(study, told)
        parts, how = prepare(opened, encoder, folds, hold_out, device)
        axes = axes_of(parts, axis)
        chosen = {name: entries(name, names) for name in axes}
        keep = target / ".pieces"
        started = time.perf_counter()
        try:
            findings, turned = _train(parts, chosen, budget, keep, sensitivity=sensitivity, device=device)
        except KeyboardInterrupt:
            if keep.is_dir():
                say(f"Stopped. What was trained is kept in {keep}; the same command goes on from there.")
            raise
        seconds = round(time.perf_counter() - started, 1)
        kind = f"ratings by {listeners(opened.kind)}"
        if opened.kind == "simulated":
            kind += ", no evidence about people"
        batches = f"batches of {batch_size}" if batch_size else "all clips in every step"
        stop = "validation SRCC" if stop_by == "srcc" else "its own validation loss"
        notes = [
            f"{opened.name}: {kind}; {count(len(opened.clips), 'clip')}, "
            f"{count(len(opened.systems), 'system')}; {how}.",
            f"Heads of one architecture on frozen {encoder} embeddings; AdamW, {batches} in the same order, at most "
            f"{epochs} epochs, patience {patience}, the best epoch of each objective by {stop}. {seeds} seeds of "
            f"initial weights and dropout. Each objective gets, in each fold, the learning rate of {rates} with the "
            "best validation SRCC.",
        ]
        about = {"encoder": encoder, "split": how, "seconds": seconds}
        with written_to(target):
            files = write_results(
                target, findings, turned, study=opened, budget=budget, about=about, notes=[*notes, INTERVALS]
            )
        track_findings(tracker, opened, findings)
        tracker.finish()
    for finding in findings:
        _show(finding)
    for note in (*notes, INTERVALS):
        say(note, "dim")
    say(f"Trained in {seconds} s; written to {target}:")
    say("  " + ", ".join(files))


def _train(
    parts: Sequence[EmbeddedStudy],
    chosen: dict[str, tuple[list[Variant], list[str]]],
    budget: Budget,
    keep: Path,
    *,
    sensitivity: bool,
    device: str,
) -> tuple[list[Finding], list[tuple[Finding, pd.DataFrame]]]:
    """Runs the contests behind one progress bar, then throws the kept pieces away: the results are complete."""
    import shutil

    from qamro.cli.folds import stage
    from qamro.training.compare_objectives import run_contest
    from qamro.training.compare_objectives.sections import find
    from qamro.training.compare_objectives.tables import sensitivity_entries
    from qamro.training.sweeps.runs import SweepProgress

    found: list[Finding] = []
    turned: list[tuple[Finding, pd.DataFrame]] = []
    jobs = len(chosen) * (2 if sensitivity else 1)
    with progress() as bar:
        task = bar.add_task("Training", total=jobs)

        def tick(event: SweepProgress) -> None:
            done = len(found) + len(turned) + event.done / event.total
            bar.update(task, description=stage(event), completed=done)

        contest = partial(run_contest, parts, budget=budget, keep=keep, on_epoch=tick, workers=2, device=device)
        for axis, (variants, notes) in chosen.items():
            found.append(find(contest(axis, variants, notes=notes)))
            if sensitivity:
                turns, points = sensitivity_entries(axis)
                turned.append((find(contest(axis, turns)), points))
        shutil.rmtree(keep, ignore_errors=True)
    return found, turned


def _show(finding: Finding) -> None:
    """Prints one axis: a table of SRCC with both intervals, and what can be said."""
    from rich.table import Table

    from qamro.cli.console import out as console
    from qamro.cli.console import safe

    table = finding.standings[finding.standings["metric"] == "SRCC"]
    say(finding.contest.axis, "bold")
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("objective", "level", "SRCC", "over seeds", "over clips"):
        shown.add_column(column, justify="right" if column == "SRCC" else "left")
    for row in table.to_dict("records"):
        ends = [f"{row[f'{over}_low']:.3f}–{row[f'{over}_high']:.3f}" for over in ("seeds", "clips")]
        shown.add_row(safe(row["variant"]), _level(row), f"{row['mean']:.3f}", *ends)
    console.print(shown)
    for sentence in finding.sentences:
        say(sentence)


def _level(row: dict[str, Any]) -> str:
    """A level, with what has to be said of it where it rests on too little."""
    from qamro.evaluation.levels import rests_on

    size = row["systems"] if row["level"] == "system" else row["clips"]
    return f"{row['level']}, {rests_on(row['level'], size)}" if row["hint"] else row["level"]
