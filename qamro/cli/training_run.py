"""What the verbs that train models on a study share: where a run stops and goes on, its progress and its last words."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from qamro.cli.console import progress, say
from qamro.counts import count

if TYPE_CHECKING:
    from qamro.heads import Card
    from qamro.training.recipe import Progress

SIMULATED = "simulated"
"""Name of the study that is rendered as the models are trained."""

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
