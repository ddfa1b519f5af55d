"""``train-deramos``: trains a dual-branch model on frames and writes it with its card."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qamro.cli import options
from qamro.cli.console import wrong_use
from qamro.cli.inputs import open_audible, ratings_options
from qamro.cli.outputs import check_writable, written_to
from qamro.cli.train import (
    GOES_ON,
    SIMULATED,
    UNFINISHED,
    axes_progress,
    clips_progress,
    command_line,
    embedded_in,
    name_left_out,
    report,
)

if TYPE_CHECKING:
    from qamro.heads import Card
    from qamro.studies.importers.options import Options
    from qamro.training.frames.embedded_frames import EmbeddedFrames
    from qamro.training.frames.recipe import FrameRecipe
    from qamro.training.objective import Objective
    from qamro.training.simulated_corpus import Corpus

DERAMOS = "deramos"


def train_deramos(
    study: options.TrainingStudy,
    out: options.TrainingOut = None,
    save: options.Save = "",
    replace: options.Replace = False,
    axis: options.TrainedAxes = None,
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
    epochs: options.Epochs = 60,
    patience: options.Patience = 8,
    stop_by: options.StopBy = "loss",
    seeds: options.AxisSeeds = 1,
    hold_out: options.HoldOut = "content",
    systems: options.Systems = 300,
    prompts: options.Prompts = 16,
    catches: Annotated[int, typer.Option(help="Other prompts that each simulated clip is held against.", min=0)] = 3,
    workers: options.Workers = 2,
    device: options.Device = "cpu",
    resume: options.Resume = True,
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
    """Train a dual-branch model (DeRA-MOS) on frames; it is written with a card that says what it is worth.

    A run that was killed goes on when its command is given again: no epoch is lost.
    """
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=GOES_ON):
        from qamro.cli.outputs import destination
        from qamro.heads.dual_branch import BranchSettings
        from qamro.training.distributed import under_torchrun
        from qamro.training.frames.recipe import FrameRecipe
        from qamro.training.simulated_corpus import Corpus
        from qamro.training.splits import check_hold_out
        from qamro.training.trainer import FitConfig

        check_hold_out(hold_out)
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        if under_torchrun():
            raise ValueError("train-deramos trains in one process; start it without torchrun")
        target = destination(out, save, replace=replace)
        out = target.folder
        check_writable(out)
        losses = _objective(objective, output, balr, sama, temperature)
        sizes = BranchSettings(1, width=width, layers=layers, pooling=pooling, output=output, dropout=dropout)
        config = FitConfig("adamw", lr, 0.0, weight_decay, batch_size, epochs, patience, stop_by=stop_by)
        corpus = Corpus(systems, prompts, catches=catches) if study == SIMULATED else None
        prepared = _prepare(study, corpus, encoder, hold_out, workers, device, told)
        recipe = FrameRecipe(
            out.resolve().name, axis or None, losses, config, range(seeds), command_line(), device, settings=sizes
        )
        if not resume:
            shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        card = _fit(prepared, encoder, recipe, out)
        done = target.finish("model and card", "predict --predictor deramos --heads")
    report(card, done)


def _objective(name: str, output: str, balr: float, sama: float, temperature: float) -> Callable[[str], Objective]:
    from qamro.heads.dual_branch import OUTPUTS
    from qamro.training.frames.run import deramos_objective
    from qamro.training.objective import OBJECTIVES

    if output not in OUTPUTS:
        raise ValueError(f"--output is one of {', '.join(OUTPUTS)}, not {output!r}")
    if name == DERAMOS:
        return partial(deramos_objective, output=output, balr=balr, sama=sama, temperature=temperature)
    if name not in OBJECTIVES:
        raise ValueError(f"--objective is {DERAMOS} or one of {', '.join(OBJECTIVES)}, not {name!r}")
    if OBJECTIVES[name]("MI").solved:
        raise ValueError(f"--objective {name} is solved on fixed features; a model that reads frames has to be trained")
    if output == "score" and OBJECTIVES[name]("MI").needs_logits:
        raise ValueError(f"--objective {name} needs a distribution; leave --output score out")
    return OBJECTIVES[name]


def _prepare(
    name: str, corpus: Corpus | None, encoder: str, hold_out: str, workers: int, device: str, told: Options
) -> EmbeddedFrames:
    from qamro.encoders.frames import frame_encoder
    from qamro.training.frames.embedded_frames import EmbeddedFrames, frame_study, simulated_frames
    from qamro.training.recipe import own_prompts_only
    from qamro.training.splits import split

    make = partial(frame_encoder, encoder, device=device, cache=corpus is None)  # what is rendered is not met again
    started = time.perf_counter()
    with clips_progress() as tick:
        if corpus is not None:
            study, embeddings = simulated_frames(corpus, make, workers=workers, on_clip=tick)
        else:
            study = open_audible(name, told)
            split(study, hold_out=hold_out)  # what is too small is refused before a clip is embedded
            embeddings = frame_study(study, make(), on_clip=tick)
    name_left_out(embeddings.failed, len(study.clips))
    embedded_in(len(embeddings.clips), time.perf_counter() - started)
    parts = split(study, hold_out=hold_out)
    if corpus is not None:
        parts = own_prompts_only(parts)
    return EmbeddedFrames(study, embeddings, parts, hold_out)  # type: ignore[arg-type]


def _fit(prepared: EmbeddedFrames, encoder: str, recipe: FrameRecipe, out: Path) -> Card:
    from qamro.encoders.frames import frame_encoder
    from qamro.training.frames.recipe import train_branches

    axes = list(recipe.axes) if recipe.axes else prepared.trainable
    with axes_progress(axes) as tick:
        made = frame_encoder(encoder, device=recipe.device)
        bundle = train_branches(prepared, made, recipe, on_epoch=tick, checkpoint=out / UNFINISHED)
    with written_to(out):
        bundle.save(out)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return bundle.card
