"""``weights`` and ``cache``: the published weights, what was computed and kept, and making room."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from qamro.checkpoints import WEIGHTS, FileState, Weights, WeightsError, fetch, get_weights, look, readable_size
from qamro.cli.console import FAILED, err, fail, out, say, warn, wrong_use

weights = typer.Typer(help="List, fetch and verify published weights.", no_args_is_help=True, rich_markup_mode=None)

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="From weights list; all without a name.")]


@weights.command("list")
def list_weights() -> None:
    """List the published weights: what, from where, how big, and whether they are on this machine."""
    for each in WEIGHTS.values():
        states = look(each)
        here = not any(state.problem for state in states)
        out.print(Text(each.name, style="bold"), Text("on this machine", style="green") if here else "")
        say(f"  {each.title} | {each.licence} | {readable_size(each.size)}")
        say(f"  {each.page if each.files[0].url else f'https://huggingface.co/{each.repo}'} at {each.revision}", "dim")
        for state in states:
            known = f"SHA-256 {state.file.sha256}" if state.file.sha256 else f"git blob {state.file.git_blob}"
            say(f"  {state.file.path}, {state.file.size:,} bytes, {known}", "dim")
            say(f"    {_where(state)}")
    say("Get them with: python -m qamro weights fetch NAME")


def _where(state: FileState) -> str:
    if state.problem == "partial":
        return f"{readable_size(state.present)} of {readable_size(state.file.size)} fetched, beside {state.place}"
    if state.problem == "damaged":
        return f"damaged ({state.present:,} bytes): {state.place}"
    return f"not here; would be {state.place}" if state.problem else str(state.place)


@weights.command("fetch")
def fetch_weights(names: Names = None) -> None:
    """Fetch weights and check every byte; what is here already is kept. Interrupting is safe: fetch again to go on.

    Optional weights (WavLM, RoBERTa, MuQ, TuneJury) are fetched only when they are named.
    """
    for each in _chosen(names or [each.name for each in WEIGHTS.values() if not each.optional]):
        say(f"{each.title}: {readable_size(each.size)}. Licence: {each.licence}")
        with wrong_use(OSError, kept="what has arrived is kept; fetch again to go on"), _bytes_bar() as bar:
            advance = partial(_show, bar, bar.add_task(each.name, total=each.size))
            try:
                places = fetch(each, on_progress=advance)
            except WeightsError as problem:
                fail(problem, FAILED)
        for place in places:
            say(f"  {place}")


@weights.command("verify")
def verify_weights(names: Names = None) -> None:
    """Read every byte of the weights that are here. The exit code is 1 when a file is damaged or fetched in part."""
    wrong = 0
    for each in _chosen(names):
        with err.status(f"Reading {each.name}"):
            states = look(each, hashes=True)
        for state in states:
            if state.problem in ("damaged", "partial"):
                wrong += 1
                warn(f"{each.name}: {state}: fetch it again with `python -m qamro weights fetch {each.name}`")
            else:
                say(f"{each.name}: {state.file.path}: {'not here' if state.problem else 'as published'}")
    if wrong:
        raise typer.Exit(FAILED)


def _show(bar: Progress, task: TaskID, done: int, _: int) -> None:
    bar.update(task, completed=done)


def _chosen(names: list[str] | None) -> list[Weights]:
    with wrong_use(ValueError):
        return [get_weights(name) for name in names or WEIGHTS]


def _bytes_bar() -> Progress:
    """Returns a progress bar of bytes on standard error; it shows only in a terminal."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    return Progress(
        *columns,
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


# ``cache``: what was computed and kept, and making room.

cache = typer.Typer(help="Show and clear what was computed and kept.", no_args_is_help=True, rich_markup_mode=None)

_MADE_AGAIN = ("converted", "receipts")
"""Folders of the cache whose files are made again when they are missing."""


@cache.command("info")
def show_cache() -> None:
    """Show where the cache is and what it holds."""
    from qamro.encoders.embedding_store import EmbeddingStore
    from qamro.paths import cache_dir

    info = EmbeddingStore().info()
    say(f"Cache: {cache_dir()}")
    say(f"Embeddings: {readable_size(info.bytes)} of at most {readable_size(info.limit)}, in {info.path}")
    for encoder, (count, size) in info.by_encoder.items():
        say(f"  {encoder}: {count:,} ({readable_size(size)})")
    say(f"Converted checkpoints: {readable_size(_size(cache_dir('converted')))}")


@cache.command("clear")
def clear_cache() -> None:
    """Remove embeddings and converted checkpoints; both are made again when they are needed. Weights stay."""
    from qamro.encoders.embedding_store import EmbeddingStore
    from qamro.paths import cache_dir

    count = EmbeddingStore().clear()
    freed = sum(_size(cache_dir(name)) for name in _MADE_AGAIN)
    for name in _MADE_AGAIN:
        for file in cache_dir(name).iterdir():
            file.unlink(missing_ok=True)
    say(f"Removed {count:,} embeddings and {readable_size(freed)} of converted checkpoints")


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
