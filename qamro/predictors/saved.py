"""Models that users trained and kept: one folder each, listed among the predictors as ``saved:<name>``.

Heads on a frozen encoder, heads with the encoder that was trained with them, dual-branch models: what a folder is, its
card says.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qamro.predictors.saved_card import FILES, DamagedHeadsError, SavedHeads, read_saved
from qamro.predictors.saved_names import PREFIX, clean_name, key_of, saved_folder

if TYPE_CHECKING:
    from qamro.heads import HeadBundle
    from qamro.heads.frame_bundle import FrameBundle

__all__ = [
    "DamagedHeadsError",
    "NameTakenError",
    "SavedHeads",
    "check_free",
    "damaged",
    "find",
    "remove",
    "save_folder",
    "save_heads",
    "saved",
]


class NameTakenError(ValueError):
    """Heads of that name are kept already, and nobody said that they may go."""


def save_heads(bundle: HeadBundle | FrameBundle, name: str, *, owner: str = "", overwrite: bool = False) -> SavedHeads:
    """Keeps heads, or a dual-branch model, under a name; they are a predictor from then on.

    The folder appears when all of it is written.

    Args:
        bundle: Heads with their card.
        name: What to call them; see ``clean_name``. The card's name follows.
        owner: As for ``saved_folder``.
        overwrite: Whether heads of that name (in any case of letters) may go.

    Raises:
        ValueError: The name cannot be used.
        NameTakenError: The name is taken.
        OSError: The disk is full, or the folder may not be written.
    """

    def write(folder: Path) -> None:
        replace(bundle, card=replace(bundle.card, name=folder.name)).save(folder)

    return _put(write, name, owner, overwrite=overwrite)


def save_folder(folder: Path | str, name: str, *, owner: str = "", overwrite: bool = False) -> SavedHeads:
    """Keeps a copy of a folder that training wrote, whatever its kind; see ``save_heads``.

    Args:
        folder: What ``train``, ``train --end-to-end`` or ``train-deramos`` wrote.
        name: What to call it; the card's name follows.
        owner: As for ``saved_folder``.
        overwrite: Whether heads of that name may go.

    Raises:
        ValueError: The name cannot be used, or the folder holds no heads that can be opened.
        NameTakenError: The name is taken.
        OSError: The disk is full, or the folder may not be written.
    """
    folder = Path(folder).resolve()
    brings = read_saved(folder).brings_encoder

    def write(target: Path) -> None:
        from qamro.heads.card import read_card, write_card

        target.mkdir()
        wanted = FILES if brings else FILES[:-1]  # and nothing else that lies there
        for part in filter(Path.exists, (folder / name for name in wanted)):
            (shutil.copytree if part.is_dir() else shutil.copy2)(part, target / part.name)
        card, record = read_card(target)
        write_card(target, replace(card, name=target.name), record)

    return _put(write, name, owner, overwrite=overwrite)


def check_free(name: str, owner: str = "") -> str:
    """Returns a name as ``clean_name`` makes it, if nothing has it yet: to be asked before hours of training.

    Raises:
        ValueError: The name cannot be used.
        NameTakenError: The name is taken.
    """
    name = clean_name(name)
    if taken := _called(name, owner):
        raise NameTakenError(f"heads called {taken[0].name!r} are kept already")
    return name


def saved(owner: str = "", *, shared: bool = True) -> list[SavedHeads]:
    """Lists kept heads by name; folders that cannot be opened are left to ``damaged``.

    Args:
        owner: Whose to list besides everybody's.
        shared: Whether to list everybody's; without an owner these are the only ones.
    """
    found = [heads for _, heads in _all(owner, shared=shared) if isinstance(heads, SavedHeads)]
    return sorted(found, key=lambda heads: heads.name.casefold())


def damaged(owner: str = "") -> dict[str, str]:
    """Returns the folders among the kept heads that cannot be opened: for each key, why, and what to do.

    Args:
        owner: Whose to list besides everybody's.
    """
    return {key: str(problem) for key, problem in _all(owner) if isinstance(problem, DamagedHeadsError)}


def find(key: str) -> SavedHeads:
    """Finds kept heads by what ``load`` calls them.

    Raises:
        ValueError: There are none.
        DamagedHeadsError: There is a folder of that name, and it cannot be opened.
    """
    owner, _, name = key.removeprefix(PREFIX).rpartition("/")
    if key.startswith(PREFIX) and name and not name.startswith(".") and "\\" not in name:
        folder = saved_folder(owner) / name
        if folder.is_dir():
            return read_saved(folder, owner)
    names = ", ".join(heads.key for heads in saved()) or "none"
    raise ValueError(f"there are no kept heads {key!r}; there are: {names}")


def remove(key: str) -> None:
    """Deletes kept heads.

    Raises:
        ValueError: There are none of that name.
    """
    shutil.rmtree(find(key).folder)


def _put(write: Callable[[Path], None], name: str, owner: str, *, overwrite: bool) -> SavedHeads:
    name = clean_name(name) if overwrite else check_free(name, owner)
    home = saved_folder(owner)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=home, ignore_cleanup_errors=True) as work:
        made = Path(work) / name
        write(made)
        for i, old in enumerate(_called(name, owner)):
            old.rename(Path(work) / f"old-{i}")
        made.rename(home / name)
    return find(key_of(name, owner))


def _called(name: str, owner: str) -> list[Path]:
    """The folders of that name in any case of letters, damaged or not: some file systems know one case only."""
    return [folder for folder in _folders(owner) if folder.name.casefold() == name.casefold()]


def _folders(owner: str) -> list[Path]:
    home = saved_folder(owner)
    entries = home.iterdir() if home.is_dir() else ()
    return [entry for entry in entries if not entry.name.startswith(".") and entry.is_dir()]


def _all(owner: str, *, shared: bool = True) -> Iterator[tuple[str, SavedHeads | DamagedHeadsError]]:
    """Gives the key of every folder, with what is in it or why it cannot be opened."""
    for whose in dict.fromkeys(["", owner] if shared or not owner else [owner]):
        for folder in _folders(whose):
            key = key_of(folder.name, whose)
            try:
                yield key, read_saved(folder, whose)
            except DamagedHeadsError as problem:
                yield key, problem
