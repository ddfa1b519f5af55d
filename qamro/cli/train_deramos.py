"""``train-deramos``: trains a dual-branch model on frames and writes it with its card."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qamro.cli.console import progress, say, wrong_use
from qamro.cli.inputs import open_ratings
from qamro.cli.train import SIMULATED, UNFINISHED, command_line, report

if TYPE_CHECKING:
    from qamro.heads import Card
    from qamro.training.frames.prepared import PreparedFrames
    from qamro.training.frames.recipe import FrameRecipe
    from qamro.training.objective import Objective
    from qamro.training.simulated_corpus import Corpus

DERAMOS = "deramos"


def train_deramos(
    study: Annotated[str, typer.Option(metavar="simulated|FOLDER|FILE|NAME", help="What to train on.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the model and its card.", file_okay=False)],
    axis: Annotated[list[str] | None, typer.Option(help="Axis to train; all that are rated unless set.")] = None,
    encoder: Annotated[str, typer.Option(help="What makes the frames: logmel, clap, wavlm or muq.")] = "logmel",
    objective: Annotated[
        str, typer.Option(help="deramos, or an objective by name: ce-gauss, ce-gauss+balr+sama, qamro+sama, huber …")
    ] = DERAMOS,
    balr: Annotated[float, typer.Option(help="Weight of BALR in deramos.", min=0)] = 0.2,
    sama: Annotated[float, typer.Option(help="Weight of SAMA in deramos.", min=0)] = 0.3,
    temperature: Annotated[float, typer.Option(help="Temperature of BALR in deramos.", min=0.001)] = 1.0,
    output: Annotated[str, typer.Option(help="distribution (20 bins), score or coral.")] = "distribution",
    pooling: Annotated[str, typer.Option(help="attentive, mean, statistics or drasp.")] = "attentive",
    width: Annotated[int, typer.Option(help="Of the model, a multiple of 8.", min=8)] = 64,
    layers: Annotated[int, typer.Option(help="Of the temporal transformer.", min=1)] = 2,
    dropout: Annotated[float, typer.Option(help="Of the model.", min=0, max=0.9)] = 0.1,
    lr: Annotated[float, typer.Option(help="Learning rate of AdamW.")] = 1e-3,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW.")] = 1e-2,
    batch_size: Annotated[int, typer.Option(help="Clips a step, of about one length.", min=2)] = 64,
    epochs: Annotated[int, typer.Option(help="At most this many.", min=1)] = 60,
    patience: Annotated[int, typer.Option(help="Epochs without a better validation loss.", min=1)] = 8,
    seeds: Annotated[int, typer.Option(help="Fits an axis; the best by validation loss is kept.", min=1)] = 1,
    hold_out: Annotated[str, typer.Option(help="system, content or auto: what no two parts share.")] = "auto",
    systems: Annotated[int, typer.Option(help="Of the simulated corpus.", min=8)] = 300,
    prompts: Annotated[int, typer.Option(help="For each system of the simulated corpus.", min=1)] = 16,
    catches: Annotated[int, typer.Option(help="Other prompts that each simulated clip is held against.", min=0)] = 3,
    workers: Annotated[int, typer.Option(help="Processes that render the simulated corpus.", min=0)] = 2,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    resume: Annotated[
        bool,
        typer.Option("--resume/--restart", help="Go on where a killed run with the same --out ended, or begin anew."),
    ] = True,
) -> None:
    """Train a dual-branch model (DeRA-MOS) on frames; it is written with a card that says what it is worth.

    A run that was killed goes on when its command is given again: no epoch is lost.
    """
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError):
        from qamro.heads.branch_settings import BranchSettings
        from qamro.training.fit_config import FitConfig
        from qamro.training.frames.recipe import FrameRecipe
        from qamro.training.simulated_corpus import Corpus

        losses = _objective(objective, output, balr, sama, temperature)
        sizes = BranchSettings(1, width=width, layers=layers, pooling=pooling, output=output, dropout=dropout)
        config = FitConfig("adamw", lr, 0.0, weight_decay, batch_size, epochs, patience)
        corpus = Corpus(systems, prompts, catches=catches) if study == SIMULATED else None
        prepared = _prepare(study, corpus, encoder, hold_out, workers, device)
        recipe = FrameRecipe(
            out.resolve().name, axis or None, losses, sizes, config, range(seeds), command_line(), device
        )
        if not resume:
            shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        card = _fit(prepared, encoder, recipe, out)
    say_how = f"score with `python -m qamro predict --predictor deramos --heads {out} ...`"
    report(card, f"model and card written to {out}; {say_how}")


def _objective(name: str, output: str, balr: float, sama: float, temperature: float) -> Callable[[str], Objective]:
    from qamro.heads.score_output import OUTPUTS
    from qamro.training.frames.loss import deramos_objective
    from qamro.training.objective import OBJECTIVES

    if output not in OUTPUTS:
        raise ValueError(f"--output is one of {', '.join(OUTPUTS)}, not {output!r}")
    if name == DERAMOS:
        return partial(deramos_objective, output=output, balr=balr, sama=sama, temperature=temperature)
    if name not in OBJECTIVES:
        raise ValueError(f"--objective is {DERAMOS} or one of {', '.join(OBJECTIVES)}, not {name!r}")
    if output == "score" and OBJECTIVES[name]("MI").needs_logits:
        raise ValueError(f"--objective {name} needs a distribution; leave --output score out")
    return OBJECTIVES[name]


def _prepare(
    name: str, corpus: Corpus | None, encoder: str, hold_out: str, workers: int, device: str
) -> PreparedFrames:
    from qamro.encoders.frames import frame_encoder
    from qamro.training.frames.embeddings import frame_study
    from qamro.training.frames.prepared import PreparedFrames
    from qamro.training.frames.simulated import simulated_frames
    from qamro.training.simulated_corpus import is_catch
    from qamro.training.splits import split

    make = partial(frame_encoder, encoder, device=device, cache=corpus is None)  # what is rendered is not met again
    with progress() as bar:
        task = bar.add_task("Embedding", total=None)

        def tick(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if corpus is not None:
            study, embeddings = simulated_frames(corpus, make, workers=workers, on_clip=tick)
        else:
            study = open_ratings(name)
            embeddings = frame_study(study, make(), on_clip=tick)
    for clip, why in embeddings.failed.items():
        say(f"left out {clip}: {why}", "yellow")
    parts = split(study, hold_out=hold_out)
    if corpus is not None:  # catches are for fitting; the figures are of clips with their own prompts
        for part in ("validation", "calibration", "test"):
            parts[part] = [clip for clip in parts[part] if not is_catch(clip)]
    return PreparedFrames(study, embeddings, parts)  # type: ignore[arg-type]


def _fit(prepared: PreparedFrames, encoder: str, recipe: FrameRecipe, out: Path) -> Card:
    from qamro.encoders.frames import frame_encoder
    from qamro.training.frames.recipe import train_branches
    from qamro.training.recipe import Progress

    axes = list(recipe.axes) if recipe.axes else prepared.trainable
    with progress() as bar:
        task = bar.add_task("Training", total=len(axes))

        def tick(event: Progress) -> None:
            row = event.row
            text = f"{event.axis}, epoch {row['epoch']:.0f}, validation loss {row['val_loss']:.4f}"
            bar.update(task, description=f"{text}, SRCC {row['val_srcc']:.3f}", completed=axes.index(event.axis))

        made = frame_encoder(encoder, device=recipe.device)
        bundle = train_branches(prepared, made, recipe, on_epoch=tick, checkpoint=out / UNFINISHED)
    bundle.save(out)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return bundle.card
