"""``train``: trains heads on a study and writes them with their card."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from qamro.cli import options
from qamro.cli.console import out as console
from qamro.cli.console import warn, wrong_use
from qamro.cli.inputs import ratings_options
from qamro.cli.outputs import check_writable
from qamro.cli.training_run import GOES_ON, UNFINISHED, command_line, report


def train(  # noqa: PLR0915 - its options are the length of it
    study: options.TrainingStudy,
    out: options.TrainingOut = None,
    save: options.Save = "",
    replace: options.Replace = False,
    axis: options.TrainedAxes = None,
    encoder: Annotated[
        str,
        typer.Option(help="What embeds the clips: logmel, clap, audiobox, wavlm …; end to end the last three."),
    ] = "logmel",
    preset: Annotated[
        str,
        typer.Option(
            help="What is not said otherwise: default (what ranked best on held-out studies) or paper (QAMRO's own "
            "numbers, as reproduce runs them).",
            metavar="default|paper",
        ),
    ] = "default",
    objective: Annotated[
        str,
        typer.Option(
            help="By name: huber, ridge (solved, not trained), qamro (the paper's for MI and TA), aes-released (its "
            "code's for PQ, PC, CE, CU), mr, ce-gauss+balr+sama …; a wrong one lists all. Unless set, the preset's."
        ),
    ] = "",
    regression: Annotated[str, typer.Option(help="Another regression term: huber, mse, mae, mse+mae, none.")] = "",
    ranking: Annotated[str, typer.Option(help="Another ranking term: qamro, qamro-unweighted, mr, balr …")] = "",
    alpha: Annotated[float | None, typer.Option(help="Slope of the adaptive margin; 0.2.")] = None,
    beta: Annotated[float | None, typer.Option(help="Preference factor; 7.")] = None,
    margin: Annotated[float | None, typer.Option(help="The fixed margin of mr.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Of balr, listmle and soft-spearman.")] = None,
    sigma: Annotated[float | None, typer.Option(help="Width of ce-gauss's labels, a share of the scale.")] = None,
    regression_weight: Annotated[float | None, typer.Option(help="Of the regression term.")] = None,
    ranking_weight: Annotated[float | None, typer.Option(help="Of the ranking term.")] = None,
    alignment_weight: Annotated[float | None, typer.Option(help="Of SAMA.")] = None,
    normalize: Annotated[str | None, typer.Option(help="Quality by the batch or by the scale.")] = None,
    optimizer: Annotated[str, typer.Option(help="sgd (the paper's) or adamw; else the preset's.")] = "",
    lr: Annotated[float | None, typer.Option(help="Learning rate; else the preset's.")] = None,
    weight_decay: Annotated[float, typer.Option(help="Of adamw.")] = 1e-2,
    dropout: Annotated[float, typer.Option(help="Of the heads.", min=0, max=0.9)] = 0.1,
    batch_size: Annotated[
        int | None, typer.Option(help="Clips a step; 0 takes all of them in every step; else the preset's.", min=0)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="At most this many; else the preset's.", min=1)] = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without a better one until training stops; else the preset's.", min=1)
    ] = None,
    stop_by: options.StopBy = "loss",
    seeds: options.AxisSeeds = 1,
    hold_out: options.HoldOut = "content",
    systems: options.Systems = 600,
    prompts: options.Prompts = 16,
    workers: options.Workers = 2,
    device: options.Device = "cpu",
    end_to_end: Annotated[bool, typer.Option("--end-to-end", help="Train the encoder, too, as in the paper.")] = False,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="End to end: CLAP's checkpoint, or the folder of Audiobox or WavLM; else the published ones."
        ),
    ] = None,
    tokenizer: Annotated[Path | None, typer.Option(help="End to end: folder of CLAP's tokenizer.")] = None,
    encoder_lr: Annotated[float, typer.Option(help="End to end: learning rate of the encoder.")] = 5e-4,
    micro_batch: Annotated[
        int,
        typer.Option(help="End to end: clips computed at once; all pairs of the batch count whatever it is.", min=1),
    ] = 8,
    last_stages: Annotated[
        int | None, typer.Option(help="End to end: train only the encoder's last stages; all unless set.", min=0)
    ] = None,
    precision: Annotated[str, typer.Option(help="End to end: float32 or bfloat16.")] = "float32",
    checkpoint_activations: Annotated[
        bool, typer.Option("--checkpoint-activations", help="End to end: less memory for a third more time.")
    ] = False,
    resume: options.Resume = True,
    column: options.Columns = None,
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
) -> None:
    """Train heads on a study; they are written with a card that says what they are worth on held-out clips.

    A run that was killed goes on when its command is given again: no epoch is lost, and no embedding but those of the
    simulated corpus. Several processes: torchrun --nproc-per-node 2 -m qamro train …
    """
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=GOES_ON):
        from qamro.cli.saving import destination
        from qamro.training.distributed import join
        from qamro.training.fit_config import FitConfig
        from qamro.training.objective import Objective
        from qamro.training.objective.choice import chosen_objective, without_effect
        from qamro.training.presets import preset_of
        from qamro.training.recipe import Recipe
        from qamro.training.splits import check_hold_out

        unsaid = preset_of(preset)
        objective = objective or unsaid.objective

        given: dict[str, Any] = {
            "alpha": alpha,
            "beta": beta,
            "margin": margin,
            "temperature": temperature,
            "sigma": sigma,
        }
        given |= {"regression_weight": regression_weight, "ranking_weight": ranking_weight}
        given |= {"alignment_weight": alignment_weight, "normalize": normalize}
        parameters = {name: value for name, value in given.items() if value is not None}
        terms = {name: term for name, term in (("regression", regression), ("ranking", ranking)) if term}

        def losses(key: str) -> Objective:
            return chosen_objective(objective, key, parameters, **terms)

        losses("MI")
        check_hold_out(hold_out)
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer)
        if end_to_end and losses("MI").solved:
            raise ValueError("end to end takes an objective that is trained; ridge is solved: choose --objective huber")
        if end_to_end and seeds > 1:
            raise ValueError("end to end one seed is trained at a time; leave --seeds away")
        target = destination(out, save, replace=replace)
        out = target.folder
        check_writable(out)
        world, device = join(device)
        console.quiet = not world.first
        fitting: dict[str, Any] = {
            "optimizer": optimizer or unsaid.optimizer,
            "lr": unsaid.lr if lr is None else lr,
            "weight_decay": weight_decay,
            "batch_size": unsaid.batch_size if batch_size is None else batch_size,
            "max_epochs": unsaid.epochs if epochs is None else epochs,
            "patience": unsaid.patience if patience is None else patience,
        }
        fitting |= {"dropout": dropout, "stop_by": stop_by}
        recipe = Recipe(out.resolve().name, axis, losses, FitConfig(**fitting), range(seeds), command_line(), device)
        if not resume and world.first:
            shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        world.wait()
        if end_to_end:
            from qamro.cli.train_end_to_end import fit_end_to_end
            from qamro.training.end_to_end.config import EndToEndConfig
            from qamro.training.end_to_end.opening import open_tower

            whole = EndToEndConfig(
                **fitting,
                encoder_lr=encoder_lr,
                micro_batch=micro_batch,
                last=last_stages,
                precision=precision,
                checkpoint_activations=checkpoint_activations,
            )
            tower = open_tower(encoder, weights, tokenizer).to(device)
            recipe = dataclasses.replace(recipe, config=whole, seeds=(0,))
            card = fit_end_to_end(study, tower, recipe, out, hold_out, world, told)
        else:
            from qamro.cli.train_frozen import encoders, fit, prepare
            from qamro.training.simulated_corpus import Corpus

            model, make = encoders(encoder, device)
            corpus = Corpus(systems, prompts)
            prepared = prepare(
                study, model, hold_out, corpus=corpus, make_encoder=make, workers=workers, world=world, told=told
            )
            vain = without_effect(map(losses, axis or prepared.trainable), parameters) if world.first else []
            for name in vain:
                warn(f"--{name.replace('_', '-')} changes nothing in this objective on these axes")
            card = fit(prepared, model, recipe, out, world)
        done = target.finish("heads and card", "predict --heads") if world.first else ""
        world.close()
    if card is not None:
        report(card, done)
