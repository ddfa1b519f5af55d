"""What the verbs share that train on folds: a study embedded and split, and progress."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from qamro.cli.console import progress
from qamro.cli.train import clips_progress, name_left_out

NO_TABLES = "no table was written; embeddings are kept, so the same command starts sooner"
"""What Ctrl-C leaves of a verb that trains on folds."""

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.training.embedded_study import EmbeddedStudy
    from qamro.training.sweeps.setup import Experiment
    from qamro.training.sweeps.sweep import Ran, SweepProgress


def prepare(study: Study, encoder: str, count: int, hold_out: str, device: str) -> tuple[list[EmbeddedStudy], str]:
    """Embeds and splits a study behind a progress bar; see ``embedded_folds``."""
    from qamro.training.sweeps.sweep import embedded_folds

    with clips_progress() as tick:
        found = embedded_folds(study, encoder_of(encoder, device), count, hold_out, on_clip=tick)
    name_left_out(found[0][0].embeddings.failed, len(study.clips))
    return found


def run(study: Study, experiment: Experiment, encoder: str, device: str) -> Ran:
    """Runs an experiment behind progress bars; see ``qamro.training.sweeps.sweep.run``."""
    from qamro.training.sweeps import sweep

    with ExitStack() as bars:
        clips = bars.enter_context(clips_progress())
        training: list[Callable[[SweepProgress], None]] = []

        def on_embedded(folds: list[EmbeddedStudy], axes: list[str]) -> None:
            bars.close()
            name_left_out(folds[0].embeddings.failed, len(study.clips))
            bar = bars.enter_context(progress())
            task = bar.add_task("Training", total=len(axes))

            def tick(event: SweepProgress) -> None:
                done = axes.index(event.axis) + event.done / event.total
                bar.update(task, description=stage(event), completed=done)

            training.append(tick)

        def on_epoch(event: SweepProgress) -> None:
            training[0](event)

        made = encoder_of(encoder, device)
        return sweep.run(
            study, experiment, made, on_clip=clips, on_embedded=on_embedded, on_epoch=on_epoch, device=device
        )


def encoder_of(name: str, device: str) -> Any:
    """Returns an encoder that keeps its embeddings."""
    from qamro.encoders import load_encoder
    from qamro.encoders.embedding_store import CachedEncoder

    return CachedEncoder(load_encoder(name, device=device))


def stage(event: SweepProgress) -> str:
    """What is being trained, for a progress bar."""
    return f"{event.axis}, fold {event.fold} of {event.folds}, {event.heads} heads, epoch {event.epoch}"


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
