"""``train``: trains heads on a study, with a frozen encoder or together with it, and writes them with their card."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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
from qamro.listeners import listeners
from qamro.training.presets import Settings, objective_of

if TYPE_CHECKING:
    from qamro.heads import Card
    from qamro.studies import Study
    from qamro.studies.importers.options import Options
    from qamro.training.distributed import World
    from qamro.training.embedded_study import EmbeddedStudy
    from qamro.training.end_to_end.tower import Tower
    from qamro.training.recipe import Progress, Recipe
    from qamro.training.simulated_corpus import Corpus
    from qamro.training.trackers import Tracker


def train(
    context: typer.Context,
    study: options.TrainingStudy,
    out: options.TrainingOut = None,
    save: options.Save = "",
    replace: options.Replace = False,
    axis: options.TrainedAxes = None,
    encoder: Annotated[
        str,
        typer.Option(help="What embeds the clips: logmel, clap, audiobox, wavlm …; end to end the last three."),
    ] = Settings.encoder,
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
    optimizer: Annotated[str, typer.Option(help="sgd (the paper's) or adamw; else the preset's.")] = "",
    lr: Annotated[float | None, typer.Option(help="Learning rate; else the preset's.")] = None,
    weight_decay: Annotated[float, typer.Option(help="Of adamw.")] = Settings.weight_decay,
    dropout: Annotated[float, typer.Option(help="Of the heads.", min=0, max=0.9)] = Settings.dropout,
    batch_size: Annotated[
        int | None, typer.Option(help="Clips a step; 0 takes all of them in every step; else the preset's.", min=0)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="At most this many; else the preset's.", min=1)] = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without a better one until training stops; else the preset's.", min=1)
    ] = None,
    stop_by: options.StopBy = Settings.stop_by,
    seeds: Annotated[
        int | None,
        typer.Option(help="Fits an axis; the best by what --stop-by says is kept. Unless set 3; 1 end to end.", min=1),
    ] = None,
    hold_out: options.HoldOut = Settings.hold_out,
    folds: Annotated[
        int | None,
        typer.Option(
            help="Folds, so that every rating trains and every clip tests; 0 or 1 for one split. Unless set, 5 for "
            "studies of under 2,000 clips.",
            min=0,
        ),
    ] = Settings.folds,
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
    ragged: options.Ragged = "",
) -> None:
    """Train heads on a study; they are written with a card that says what they are worth on held-out clips.

    A run that was killed goes on when its command is given again: no epoch is lost, and no embedding but those of the
    simulated corpus. Several processes: torchrun --nproc-per-node 2 -m qamro train …
    """
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, FileNotFoundError, OSError, WeightsError, kept=GOES_ON):
        from qamro.cli.outputs import destination
        from qamro.training.distributed import join
        from qamro.training.presets import preset_of
        from qamro.training.recipe import recipe_of
        from qamro.training.splits import check_hold_out
        from qamro.training.trackers import open_tracker

        unsaid = preset_of(preset)
        settings = Settings(
            axes=tuple(axis or ()),
            encoder=encoder,
            objective=objective or unsaid.objective,
            parameters=tuple(context.obj.items()),
            regression=regression,
            ranking=ranking,
            optimizer=optimizer or unsaid.optimizer,
            lr=unsaid.lr if lr is None else lr,
            batch_size=unsaid.batch_size if batch_size is None else batch_size,
            epochs=unsaid.epochs if epochs is None else epochs,
            patience=unsaid.patience if patience is None else patience,
            dropout=dropout,
            weight_decay=weight_decay,
            seeds=seeds or (1 if end_to_end else Settings.seeds),
            hold_out=hold_out,
            folds=folds,
            stop_by=stop_by,
        )
        solved = objective_of(settings, "MI").solved
        check_hold_out(hold_out)
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        if end_to_end and solved:
            raise ValueError("end to end takes an objective that is trained; ridge is solved: choose --objective huber")
        if end_to_end and (folds or 0) > 1:
            raise ValueError("end to end the study is split once; leave --folds away")
        if end_to_end and objective_of(settings, "preference").on_pairs:
            raise ValueError("votes between pairs train heads on a frozen encoder; leave --end-to-end away")
        if end_to_end and settings.seeds > 1:
            raise ValueError("end to end one seed is trained at a time; leave --seeds away")
        target = destination(out, save, replace=replace)
        out = target.folder
        check_writable(out)
        world, device = join(device)
        console.quiet = not world.first
        recipe = recipe_of(settings, out.resolve().name, command_line(), device)
        if not resume and world.first:
            shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        told_tracker = {"study": study, **dataclasses.asdict(settings), **dict(settings.parameters)}
        tracker = open_tracker(track if world.first else "", recipe.name, told_tracker)
        world.wait()
        if end_to_end:
            from qamro.training.end_to_end.run import EndToEndConfig
            from qamro.training.end_to_end.towers import open_tower

            whole = EndToEndConfig(
                **dataclasses.asdict(recipe.config),
                encoder_lr=encoder_lr,
                micro_batch=micro_batch,
                last=last_stages,
                precision=precision,
                checkpoint_activations=checkpoint_activations,
            )
            tower = open_tower(encoder, weights, tokenizer).to(device)
            recipe = dataclasses.replace(recipe, config=whole)
            card = fit_end_to_end(study, tower, recipe, out, world, told, tracker)
        else:
            from qamro.training.simulated_corpus import Corpus

            rated = Corpus(systems, prompts) if study == SIMULATED else open_audible(study, told, or_votes=True)
            card = fit(rated, settings, recipe, out, workers=workers, world=world, tracker=tracker)
        tracker.finish()
        done = target.finish("heads and card", "predict --heads") if world.first else ""
        world.close()
    if card is not None:
        report(card, done)


# ``train`` with a frozen encoder: clips are embedded once, heads are trained on the embeddings.


def fit(
    study: Study | Corpus,
    settings: Settings,
    recipe: Recipe,
    out: Path,
    *,
    workers: int,
    world: World,
    tracker: Tracker | None = None,
) -> Card:
    """Trains the heads and writes them; a killed run leaves what the next one goes on from."""
    from qamro.encoders.loading import FOLDER
    from qamro.training.objective.objective import without_effect
    from qamro.training.recipe import axes_of
    from qamro.training.recipe import train as train_on
    from qamro.training.trackers import Tracker, track_heads

    tracker = tracker or Tracker()
    encoder, make = encoders(settings.encoder, recipe.device)
    started = time.perf_counter()
    with ExitStack() as bars:
        tick = bars.enter_context(clips_progress(show=world.first))
        bar: list[Callable[[Progress], None]] = []

        def on_embedded(prepared: EmbeddedStudy) -> None:
            bars.close()
            name_left_out(prepared.embeddings.failed, len(prepared.study.clips))
            embedded_in(len(prepared.embeddings.clips), time.perf_counter() - started)
            axes = axes_of(prepared, recipe)
            vain = without_effect(map(recipe.objective, axes), dict(settings.parameters)) if world.first else []
            for name in vain:
                warn(f"--{name.replace('_', '-')} changes nothing in this objective on these axes")
            bar.append(bars.enter_context(axes_progress(axes, show=world.first)))

        def on_epoch(event: Progress) -> None:
            bar[0](event)
            tracker.log({f"{event.axis}/{key}": event.row[key] for key in CURVES}, int(event.row["epoch"]))

        bundle, prepared = train_on(
            study,
            recipe,
            encoder,
            make_encoder=make,
            workers=workers,
            on_clip=tick,
            on_embedded=on_embedded,
            on_epoch=on_epoch,
            checkpoint=out / UNFINISHED,
            world=world,
        )
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
            split(rated, hold_out=recipe.hold_out),
            tower,
            recipe,
            out,
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


def embedded_in(clips: int, seconds: float) -> None:
    """Says how quickly clips were embedded; those that were kept from an earlier run count, too."""
    say(f"{count(clips, 'clip')} embedded in {seconds:.1f} s, {clips / seconds:.1f} clips/s")


@contextmanager
def clips_progress(*, show: bool = True) -> Iterator[Callable[[int, int], None]]:
    """Shows a progress bar over clips; yields what to call with clips done and clips in all."""
    with progress("clips", show=show) as bar:
        task = bar.add_task("Embedding", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


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
    from qamro.predictors.saved_card import votes_in_words

    for row in card.metrics:
        if row["level"] == "vote" and row["value"] is not None:
            on = f", on {card.held_out}" if card.held_out else ""
            say(f"{row['axis']}: {votes_in_words(row)}; votes by {listeners(card.kind)}{on}")
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
