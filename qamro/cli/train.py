"""``train``: trains heads on a study, with a frozen encoder or together with it, and writes them with their card."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamro.cli import options
from qamro.cli.console import out as console
from qamro.cli.console import progress, say, warn, wrong_use
from qamro.cli.inputs import open_audible, ratings_options
from qamro.cli.outputs import check_writable, written_to
from qamro.counts import count

if TYPE_CHECKING:
    from qamro.heads import Card
    from qamro.studies.importers.options import Options
    from qamro.training.distributed import World
    from qamro.training.embedded_study import EmbeddedStudy, Embeddings
    from qamro.training.end_to_end.tower import Tower
    from qamro.training.recipe import Progress, Recipe
    from qamro.training.simulated_corpus import Corpus
    from qamro.training.trackers import Tracker


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
    """Train heads on a study; they are written with a card that says what they are worth on held-out clips.

    A run that was killed goes on when its command is given again: no epoch is lost, and no embedding but those of the
    simulated corpus. Several processes: torchrun --nproc-per-node 2 -m qamro train …
    """
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=GOES_ON):
        from qamro.cli.outputs import destination
        from qamro.training.distributed import join
        from qamro.training.objective import Objective
        from qamro.training.objective.objective import chosen_objective, without_effect
        from qamro.training.presets import preset_of
        from qamro.training.recipe import Recipe
        from qamro.training.splits import check_hold_out
        from qamro.training.trackers import open_tracker
        from qamro.training.trainer import FitConfig

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
        settings = {"study": study, "encoder": encoder, "objective": objective, "seeds": seeds, "hold_out": hold_out}
        tracker = open_tracker(track if world.first else "", recipe.name, settings | fitting | parameters)
        world.wait()
        if end_to_end:
            from qamro.training.end_to_end.run import EndToEndConfig
            from qamro.training.end_to_end.towers import open_tower

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
            card = fit_end_to_end(study, tower, recipe, out, hold_out, world, told, tracker)
        else:
            from qamro.training.simulated_corpus import Corpus

            model, make = encoders(encoder, device)
            corpus = Corpus(systems, prompts)
            prepared = prepare(
                study, model, hold_out, corpus=corpus, make_encoder=make, workers=workers, world=world, told=told
            )
            vain = without_effect(map(losses, axis or prepared.trainable), parameters) if world.first else []
            for name in vain:
                warn(f"--{name.replace('_', '-')} changes nothing in this objective on these axes")
            card = fit(prepared, model, recipe, out, world, tracker)
        tracker.finish()
        done = target.finish("heads and card", "predict --heads") if world.first else ""
        world.close()
    if card is not None:
        report(card, done)


# ``train`` with a frozen encoder: clips are embedded once, heads are trained on the embeddings.


def prepare(
    name: str,
    encoder: Any,
    hold_out: str,
    *,
    corpus: Corpus,
    make_encoder: Any,
    workers: int,
    world: World,
    told: Options | None = None,
) -> EmbeddedStudy:
    """Opens, embeds and splits a study.

    Args:
        name: A study, or ``"simulated"`` for a corpus that is rendered.
        encoder: What embeds; one that keeps its embeddings goes on where a killed run ended.
        hold_out: See ``splits.split``.
        corpus: Size of the simulated corpus.
        make_encoder: Makes the encoder in the processes that render it.
        workers: How many those are.
        world: The processes that train together; each embeds its share.
        told: What is known about a file of ratings.
    """
    from qamro.training.embedded_study import EmbeddedStudy
    from qamro.training.simulated_corpus import simulated_corpus
    from qamro.training.splits import split

    study = None if name == SIMULATED else open_audible(name, told)
    parts = split(study, hold_out=hold_out) if study is not None else None  # refused before a clip is embedded
    started = time.perf_counter()
    with progress("clips", show=world.first) as bar:
        task = bar.add_task("Embedding", total=None)

        def tick(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if study is None:
            study, embeddings = simulated_corpus(corpus, make_encoder, workers=workers, on_clip=tick)
        else:
            embeddings = _embed(study, encoder, tick, world)
    name_left_out(embeddings.failed, len(study.clips))
    embedded_in(len(embeddings.clips), time.perf_counter() - started)
    return EmbeddedStudy(study, embeddings, parts or own_prompts_only(split(study, hold_out=hold_out)), hold_out)


def _embed(study: Any, encoder: Any, tick: Any, world: World) -> Embeddings:
    from qamro.training.embedded_study import embed_study

    if world.size > 1:  # each process a share, which the others then find in the store
        names = list(study.clips["clip"])
        share = names[world.share(len(names))]
        if share:
            embed_study(study.of_clips(share), encoder, on_clip=tick)
        world.wait()
    return embed_study(study, encoder, on_clip=tick)


def fit(
    prepared: EmbeddedStudy, encoder: Any, recipe: Recipe, out: Path, world: World, tracker: Tracker | None = None
) -> Card:
    """Trains the heads and writes them; a killed run leaves what the next one goes on from."""
    from qamro.encoders.loading import FOLDER
    from qamro.training.recipe import train_heads

    axes = list(recipe.axes) if recipe.axes else prepared.trainable
    from qamro.training.trackers import Tracker, track_heads

    tracker = tracker or Tracker()
    with axes_progress(axes, show=world.first) as tick:

        def on_epoch(event: Progress) -> None:
            tick(event)
            tracker.log({f"{event.axis}/{key}": event.row[key] for key in CURVES}, int(event.row["epoch"]))

        bundle = train_heads(prepared, encoder, recipe, on_epoch=on_epoch, checkpoint=out / UNFINISHED, world=world)
    track_heads(tracker, prepared, bundle)
    if world.first:
        with written_to(out):
            bundle.save(out)
        shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        shutil.rmtree(out / FOLDER, ignore_errors=True)  # of an earlier end-to-end run with the same --out
    return bundle.card


def encoders(name: str, device: str) -> tuple[Any, Any]:
    """Returns an encoder that keeps its embeddings, and what makes one that does not."""
    from qamro.encoders import load_encoder
    from qamro.encoders.embedding_store import CachedEncoder

    encoder = load_encoder(name, device=device)
    kept = encoder if isinstance(encoder, CachedEncoder) else CachedEncoder(encoder)
    return kept, partial(load_encoder, name, device=device)


# ``train --end-to-end``: the encoder is trained together with the heads.


def fit_end_to_end(
    study: str,
    tower: Tower,
    recipe: Recipe,
    out: Path,
    hold_out: str,
    world: World,
    told: Options | None = None,
    tracker: Tracker | None = None,
) -> Card | None:
    """Trains and writes heads, card, record and encoder.

    Returns:
        The card; None in all processes but the first.
    """
    from qamro.training.end_to_end.recipe import train_end_to_end
    from qamro.training.splits import split

    rated = open_audible(study, told)
    with progress("clips", show=world.first) as bar:
        task = bar.add_task("Reading", total=None)

        def on_clip(done: int, total: int) -> None:
            bar.update(task, description="Reading", completed=done, total=total)

        def on_step(epoch: int, done: int, total: int) -> None:
            bar.update(task, description=f"Epoch {epoch}", completed=done, total=total)

        def on_epoch(row: dict[str, float]) -> None:
            text = f"epoch {row['epoch']:.0f}: training loss {row['train_loss']:.4f}, validation loss "
            text += f"{row['val_loss']:.4f}, SRCC {row['val_srcc']:.3f}, {row['clips_per_second']:.1f} clips/s"
            say(text)
            if tracker is not None:
                tracker.log({key: row[key] for key in CURVES}, int(row["epoch"]))

        made = train_end_to_end(
            rated,
            split(rated, hold_out=hold_out),
            tower,
            recipe,
            out,
            hold_out=hold_out,
            on_clip=on_clip,
            on_step=on_step,
            on_epoch=on_epoch,
            checkpoint=out / UNFINISHED / "end-to-end.pt",
            world=world,
        )
    if made is None:
        return None
    bundle, failed = made
    name_left_out(failed, len(rated.clips))
    if tracker is not None:
        from qamro.heads.card import render

        tracker.text("card", render(bundle.card))
    say(f"the encoder is part of the heads: {bundle.card.training['encoder file']}")
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return bundle.card


# What the verbs that train models on a study share: where a run stops and goes on, its progress and its last words.

SIMULATED = "simulated"
"""Name of the study that is rendered as the models are trained."""

CURVES = ("train_loss", "val_loss", "val_srcc")
"""What a tracker gets of every epoch."""

UNFINISHED = "unfinished"
"""Folder within ``--out`` that holds what a killed run goes on from."""

_NAMED = 10

GOES_ON = "embeddings and whole epochs are kept, and the same command goes on from there"
"""What Ctrl-C leaves of a training run."""


def command_line() -> str:
    """What this process was started with, for the card."""
    return "python -m qamro " + shlex.join(sys.argv[1:])


def name_left_out(failed: Mapping[str, str], clips: int) -> None:
    """Counts the clips that could not be read and names the first of them, with the reason.

    Args:
        failed: For each of them, why.
        clips: How many clips there are.
    """
    if not failed:
        return
    say(f"{len(failed)} of {count(clips, 'clip')} cannot be read and are left out:", "yellow")
    for clip, why in islice(failed.items(), _NAMED):
        say(f"  {clip}: {why}", "yellow")
    if len(failed) > _NAMED:
        say(f"  and {len(failed) - _NAMED} more", "yellow")


def own_prompts_only(parts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Leaves a corpus's catches to fitting: what is measured are clips with their own prompts."""
    from qamro.training.simulated_corpus import is_catch

    return {part: [clip for clip in clips if part == "train" or not is_catch(clip)] for part, clips in parts.items()}


def embedded_in(clips: int, seconds: float) -> None:
    """Says how quickly clips were embedded; those that were kept from an earlier run count, too."""
    say(f"{count(clips, 'clip')} embedded in {seconds:.1f} s, {clips / seconds:.1f} clips/s")


@contextmanager
def axes_progress(axes: Sequence[str], *, show: bool = True) -> Iterator[Callable[[Progress], None]]:
    """Shows a progress bar over axes, and the epoch within one; yields what to call after every epoch."""
    with progress(show=show) as bar:
        task = bar.add_task("Training", total=len(axes))

        def tick(event: Progress) -> None:
            row = event.row
            text = f"{event.axis}, epoch {row['epoch']:.0f}, validation loss {row['val_loss']:.4f}"
            bar.update(task, description=f"{text}, SRCC {row['val_srcc']:.3f}", completed=axes.index(event.axis))

        yield tick


def report(card: Card, done: str) -> None:
    """Says what came out: the correlation of systems on held-out clips, axis by axis, and what to do with it."""
    for row in card.metrics:
        if (row["level"], row["metric"]) == ("system", "SRCC"):
            value = "undefined" if row["value"] is None else f"{row['value']:.3f}"
            ends = "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
            what = f"system SRCC {value}{ends} on {count(row['systems'], 'held-out system')}, "
            what += count(row["clips"], "clip")
            few = "; a hint, not a finding" if row.get("hint") else ""
            note = f"; {row['note']}" if row.get("note") else few
            say(f"{row['axis']}: {what} ({card.kind}{f', on {card.held_out}' if card.held_out else ''}){note}")
    say(card.interval)
    for line in done.splitlines():
        say(line)
