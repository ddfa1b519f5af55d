"""What the verbs share that train on folds: a study embedded and split, and progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qamro.cli.console import progress
from qamro.cli.train import name_left_out

NO_TABLES = "no table was written; embeddings are kept, so the same command starts sooner"
"""What Ctrl-C leaves of a verb that trains on folds."""

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.training.embedded_study import EmbeddedStudy
    from qamro.training.sweeps.setup import Plan, Variant
    from qamro.training.sweeps.sweep import Sweep, SweepProgress


def prepare(study: Study, encoder: str, count: int, hold_out: str, device: str) -> tuple[list[EmbeddedStudy], str]:
    """Embeds a study and splits it.

    Args:
        study: With ratings and audio.
        encoder: Name of an encoder.
        count: Folds of a study that was published without a split; 1 splits once.
        hold_out: See ``splits.split``; given, it overrides the published split, unless it is ``"auto"``.
        device: Where to embed.

    Returns:
        The folds, and how it was split, in words.

    Raises:
        ValueError: No clip can be read, or the study is too small for the folds.
    """
    from qamro.encoders import load_encoder
    from qamro.encoders.embedding_store import CachedEncoder
    from qamro.training.embedded_study import EmbeddedStudy, embed_study
    from qamro.training.splits import hold_out_parts

    parts, how = hold_out_parts(study, count, hold_out)
    with progress("clips") as bar:
        task = bar.add_task("Embedding", total=None)
        embeddings = embed_study(
            study,
            CachedEncoder(load_encoder(encoder, device=device)),
            on_clip=lambda done, total: bar.update(task, completed=done, total=total),
        )
    name_left_out(embeddings.failed, len(study.clips))
    return [EmbeddedStudy(study, embeddings, part) for part in parts], how


def train(
    folds: Sequence[EmbeddedStudy],
    axes: Sequence[str],
    plan: Plan,
    device: str,
    variants: Callable[[str], Sequence[Variant]] | None = None,
) -> Sweep:
    """Runs a sweep behind a progress bar."""
    from qamro.training.sweeps.sweep import run_sweep

    with progress() as bar:
        task = bar.add_task("Training", total=len(axes))

        def tick(event: SweepProgress) -> None:
            done = axes.index(event.axis) + event.done / event.total
            bar.update(task, description=stage(event), completed=done)

        return run_sweep(folds, axes, plan, variants=variants, on_epoch=tick, workers=2, device=device)


def stage(event: SweepProgress) -> str:
    """What is being trained, for a progress bar."""
    return f"{event.axis}, fold {event.fold} of {event.folds}, {event.heads} heads, epoch {event.epoch}"


def axes_of(folds: Sequence[EmbeddedStudy], wanted: Sequence[str] | None) -> list[str]:
    """Returns the axes to train: those asked for, or all that can be.

    Raises:
        ValueError: One of them is not rated, or cannot be trained with this encoder.
    """
    trainable = folds[0].trainable
    for axis in wanted or ():
        if axis not in trainable:
            raise ValueError(f"there is no axis {axis!r} to train on; these can be: {', '.join(trainable)}")
    return list(dict.fromkeys(wanted)) if wanted else trainable


def numbers(text: str, option: str) -> list[float]:
    """Reads ``"1,3,5"``.

    Raises:
        ValueError: It is no list of finite numbers, or one stands twice.
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        raise ValueError(f"{option} takes numbers with commas between, for example 1,3,5, not {text!r}")
    if len(set(values)) != len(values):
        raise ValueError(f"{option} {text} names a number twice")
    return values
