"""``train``: trains heads on a study and writes them with their card."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qamro.cli.console import progress, say, wrong_use
from qamro.cli.inputs import open_ratings

if TYPE_CHECKING:
    from qamro.heads import Card
    from qamro.training.objective import Objective
    from qamro.training.prepared import Prepared
    from qamro.training.recipe import Recipe

SIMULATED = "simulated"
UNFINISHED = "unfinished"
"""Folder within ``--out`` that holds what a killed run goes on from."""


def train(
    study: Annotated[str, typer.Option(metavar="simulated|FOLDER|FILE|NAME", help="What to train on.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the heads and their card.", file_okay=False)],
    axis: Annotated[list[str] | None, typer.Option(help="Axis to train; all that are rated unless set.")] = None,
    encoder: Annotated[str, typer.Option(help="What embeds the clips: logmel, clap or audiobox.")] = "logmel",
    regression: Annotated[
        str, typer.Option(help="huber, mse, mae, mse+mae, none; the paper's choice unless set.")
    ] = "",
    ranking: Annotated[str, typer.Option(help="qamro, qamro-unweighted, mr, none.")] = "qamro",
    alpha: Annotated[float, typer.Option(help="Slope of the adaptive margin.")] = 0.2,
    beta: Annotated[float, typer.Option(help="Preference factor.")] = 7.0,
    margin: Annotated[float, typer.Option(help="The fixed margin of mr.")] = 0.1,
    optimizer: Annotated[str, typer.Option(help="sgd (the paper's) or adamw.")] = "sgd",
    lr: Annotated[float, typer.Option(help="Learning rate.")] = 5e-4,
    weight_decay: Annotated[float, typer.Option(help="Of adamw.")] = 1e-2,
    dropout: Annotated[float, typer.Option(help="Of the heads.", min=0, max=0.9)] = 0.1,
    batch_size: Annotated[int, typer.Option(help="Clips a step; 0 ranks all of them in every step.", min=0)] = 256,
    epochs: Annotated[int, typer.Option(help="At most this many.", min=1)] = 1000,
    patience: Annotated[int, typer.Option(help="Epochs without a better validation loss.", min=1)] = 20,
    seeds: Annotated[int, typer.Option(help="Fits an axis; the best by validation loss is kept.", min=1)] = 1,
    hold_out: Annotated[str, typer.Option(help="system, content or auto: what no two parts share.")] = "auto",
    systems: Annotated[int, typer.Option(help="Of the simulated corpus.", min=8)] = 600,
    prompts: Annotated[int, typer.Option(help="For each system of the simulated corpus.", min=1)] = 16,
    workers: Annotated[int, typer.Option(help="Processes that render the simulated corpus.", min=0)] = 2,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    resume: Annotated[
        bool,
        typer.Option("--resume/--restart", help="Go on where a killed run with the same --out ended, or begin anew."),
    ] = True,
) -> None:
    """Train heads on a study; they are written with a card that says what they are worth on held-out clips.

    A run that was killed goes on when its command is given again: no embedding and no epoch is lost.
    """
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError):
        from qamro.encoders import load_encoder
        from qamro.training.objective import Objective, paper_objective
        from qamro.training.recipe import Recipe
        from qamro.training.run import FitConfig

        def objective(key: str) -> Objective:
            paper = paper_objective(key)
            return Objective(
                regression or paper.regression,
                ranking,
                alpha=alpha,
                beta=beta,
                margin=margin,
                standardise=paper.standardise and not regression,
            )

        objective("MI")
        model = load_encoder(encoder, device=device)
        config = FitConfig(
            optimizer=optimizer,
            lr=lr,
            weight_decay=weight_decay,
            dropout=dropout,
            batch_size=batch_size,
            max_epochs=epochs,
            patience=patience,
        )
        prepared = _prepare(study, encoder, hold_out, (systems, prompts), workers, device)
        recipe = Recipe(out.resolve().name, axis, objective, config, range(seeds), command_line(), device)
        if not resume:
            shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        card = _fit(prepared, model, recipe, out)
    report(card, f"heads and card written to {out}; score with `python -m qamro predict --heads {out} ...`")


def _prepare(name: str, encoder: str, hold_out: str, size: tuple[int, int], workers: int, device: str) -> Prepared:
    from qamro.encoders import load_encoder
    from qamro.training.prepared import Prepared
    from qamro.training.simulated_corpus import Corpus, is_catch, simulated_corpus
    from qamro.training.splits import split

    study = None if name == SIMULATED else open_ratings(name)
    with progress() as bar:
        task = bar.add_task("Embedding", total=None)

        def tick(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if study is None:
            study, embeddings = simulated_corpus(
                Corpus(*size), partial(load_encoder, encoder, device=device), workers=workers, on_clip=tick
            )
        else:
            from qamro.training.embeddings import embed_study

            embeddings = embed_study(study, load_encoder(encoder, device=device), on_clip=tick)
    for clip, why in embeddings.failed.items():
        say(f"left out {clip}: {why}", "yellow")
    parts = split(study, hold_out=hold_out)
    if name == SIMULATED:  # catches are for fitting; the figures are of clips with their own prompts
        for part in ("validation", "calibration", "test"):
            parts[part] = [clip for clip in parts[part] if not is_catch(clip)]
    return Prepared(study, embeddings, parts)


def _fit(prepared: Prepared, encoder: object, recipe: Recipe, out: Path) -> Card:
    from qamro.training.recipe import Progress, train_heads

    axes = list(recipe.axes) if recipe.axes else prepared.trainable
    with progress() as bar:
        task = bar.add_task("Training", total=len(axes))

        def tick(event: Progress) -> None:
            row = event.row
            text = f"{event.axis}, epoch {row['epoch']:.0f}, validation loss {row['val_loss']:.4f}"
            text += f", SRCC {row['val_srcc']:.3f}"
            bar.update(task, description=text, completed=axes.index(event.axis))

        bundle = train_heads(prepared, encoder, recipe, on_epoch=tick, checkpoint=out / UNFINISHED)
    bundle.save(out)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return bundle.card


def report(card: Card, done: str) -> None:
    """Says what came out: the correlation of systems on held-out clips, axis by axis, and what to do with it."""
    for row in card.metrics:
        if (row["level"], row["metric"]) == ("system", "SRCC") and row["value"] is not None:
            ends = "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
            what = f"system SRCC {row['value']:.3f}{ends} on {row['systems']} held-out systems"
            say(f"{row['axis']}: {what} ({card.kind})")
    say(done)


def command_line() -> str:
    """What this process was started with, for the card."""
    import shlex
    import sys

    return "python -m qamro " + shlex.join(sys.argv[1:])
