"""``train --end-to-end``: the encoder is trained together with the heads."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from qamro.cli.console import progress, say
from qamro.cli.inputs import open_audible
from qamro.cli.training_run import UNFINISHED, name_left_out

if TYPE_CHECKING:
    from qamro.heads import Card
    from qamro.studies.importers.options import Options
    from qamro.training.distributed import World
    from qamro.training.end_to_end.tower import Tower
    from qamro.training.recipe import Recipe


def fit_end_to_end(
    study: str, tower: Tower, recipe: Recipe, out: Path, hold_out: str, world: World, told: Options | None = None
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
    say(f"the encoder is part of the heads: {bundle.card.training['encoder file']}")
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return bundle.card
