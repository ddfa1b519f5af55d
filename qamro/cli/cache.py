"""``cache``: what was computed and kept, and making room."""

from __future__ import annotations

from pathlib import Path

import typer

from qamro.cli.console import say

cache = typer.Typer(help="Show and clear what was computed and kept.", no_args_is_help=True, rich_markup_mode=None)

_MADE_AGAIN = ("converted", "receipts")
"""Folders of the cache whose files are made again when they are missing."""


@cache.command("info")
def show_cache() -> None:
    """Show where the cache is and what it holds."""
    from qamro.checkpoints import readable_size
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
    from qamro.checkpoints import readable_size
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
