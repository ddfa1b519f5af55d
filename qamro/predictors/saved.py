"""Models that users trained and kept, listed among the predictors as ``saved:<name>`` and opened as such.

Heads on a frozen encoder, heads with the encoder that was trained with them, dual-branch models: what a folder is, its
card says.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from qamro.predictors.base import Predictor
from qamro.predictors.head_predictor import TRAINED_WITH
from qamro.predictors.saved_card import (
    FILES,
    PREFIX,
    DamagedHeadsError,
    SavedHeads,
    calibrates,
    clean_name,
    key_of,
    read_saved,
    saved_folder,
)

if TYPE_CHECKING:
    from qamro.heads import HeadBundle
    from qamro.heads.bundle import FrameBundle
    from qamro.predictors.calibrated import CalibrationBundle


class NameTakenError(ValueError):
    """Heads of that name are kept already, and nobody said that they may go."""


def save_heads(
    bundle: HeadBundle | FrameBundle | CalibrationBundle, name: str, *, owner: str = "", overwrite: bool = False
) -> SavedHeads:
    """Keeps heads, a dual-branch model or a calibration under a name; they are a predictor from then on.

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


# Opens kept heads of every kind as predictors.


def load_saved(key: str, *, encoder: Any = None, **options: Any) -> Predictor:
    """Opens kept heads as a predictor.

    Args:
        key: ``saved:<name>``.
        encoder: What ``shared_encoder`` made, if it is loaded already; of no use to heads that bring their own.
        **options: What its loader takes, for example ``device="cuda"``.

    Raises:
        ValueError: There are no such heads, or heads of another folder are asked for besides.
        DamagedHeadsError: They are damaged, or do not fit their encoder; the message names the folder and the remedy.
        WeightsError: The encoder's weights are not on this machine; the message says how to fetch them.
    """
    from safetensors import SafetensorError

    from qamro.checkpoints import WeightsError

    heads = find(key)
    if options.pop("heads", None) is not None:
        raise ValueError(f"{key} has heads of its own; leave the others away, or choose another predictor")
    if encoder is None and not heads.brings_encoder and not heads.calibrates:
        try:
            encoder = shared_encoder(heads, **options)
        except ValueError as problem:
            raise DamagedHeadsError(heads.folder, problem, heads.command) from problem
    try:
        predictor = _open(heads, encoder, options)
    except (WeightsError, OSError, ValueError, KeyError, TypeError, SafetensorError) as problem:
        raise DamagedHeadsError(heads.folder, problem, heads.command) from problem
    predictor.note = heads.about
    return predictor


def encoder_key(heads: SavedHeads) -> str:
    """Returns a name that heads share whose encoder is the same; empty for those that bring theirs, or need none."""
    if heads.brings_encoder or heads.calibrates:
        return ""
    return f"frames of {heads.encoder}" if heads.on_frames else heads.encoder


def shared_encoder(heads: SavedHeads, **options: Any) -> Any:
    """Makes the encoder of kept heads, which others may share (see ``encoder_key``).

    Raises:
        ValueError: This version knows no such encoder.
        WeightsError: Its weights are not on this machine; the message says how to fetch them.
    """
    if not heads.on_frames:
        return remembering_encoder(heads.encoder, **options)
    from qamro.encoders import frame_encoder

    return frame_encoder(heads.encoder, **options)


def remembering_encoder(name: str, **options: Any) -> Any:
    """Makes an encoder that heads can be trained on; what it embedded once it takes from the store.

    Args:
        name: As for ``qamro.encoders.load_encoder``.
        **options: Likewise.

    Raises:
        ValueError: There is no such encoder.
        WeightsError: Its weights are not on this machine; the message says how to fetch them.
    """
    from qamro.encoders import load_encoder
    from qamro.encoders.embedding_store import CachedEncoder

    encoder = load_encoder(name, **options)
    return encoder if isinstance(encoder, CachedEncoder) else CachedEncoder(encoder)


def _open(heads: SavedHeads, encoder: Any, options: dict[str, Any]) -> Predictor:
    from qamro.predictors.deramos import DeraMos
    from qamro.predictors.head_predictor import HeadPredictor, load_tuned

    name = PREFIX + heads.name
    if heads.calibrates:
        from qamro.predictors.calibrated import load_calibrated

        return load_calibrated(name, heads.folder, **options)
    if heads.brings_encoder:
        return load_tuned(heads=heads.folder, name=name, **options)
    return (DeraMos if heads.on_frames else HeadPredictor)(name, encoder, heads.folder)


# Heads as one file: a zip of the folder with its card, to carry from machine to machine.
#
# Only heads on a frozen encoder travel so; those that bring their encoder, and dual-branch models, are folders.

_MOST = {"heads.safetensors": 200_000_000, "card.json": 1_000_000}
"""The files that are read from a zip, and how large each may be."""


class NotHeadsError(ValueError):
    """A file that is no zip of heads; the message says what is wrong with it."""


def pack(folder: Path, target: Path) -> Path:
    """Writes a folder of heads as a zip.

    Args:
        folder: As ``HeadBundle.save`` wrote it.
        target: The zip; what it holds lies below a folder of the target's name.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.iterdir()):
            packed.write(file, f"{target.stem}/{file.name}")
    return target


def unpack(file: Path | str) -> HeadBundle:
    """Reads heads from a zip that may come from anywhere; nothing in it is run, and no path in it is followed.

    The card says from then on that it was brought as a file.

    Raises:
        NotHeadsError: It is no zip, lacks the heads or the card, is too large, or does not hold what it should.
    """
    from qamro.heads import HeadBundle

    try:
        with zipfile.ZipFile(file) as packed, tempfile.TemporaryDirectory(prefix="qamro-") as work:
            for name, most in _MOST.items():
                (Path(work) / name).write_bytes(_member(packed, name, most))
            _check(json.loads((Path(work) / "card.json").read_text("utf-8")))
            bundle = HeadBundle.load(work)
    except NotHeadsError:
        raise
    except zipfile.BadZipFile as problem:
        raise NotHeadsError(f"{Path(file).name} is not a zip: {problem}") from problem
    except Exception as problem:  # the safetensors reader has an exception of its own
        raise NotHeadsError(f"{Path(file).name} holds no heads that can be read: {problem}") from problem
    bundle.card.training["brought"] = "as a file; this card is its own word"
    return bundle


def _member(packed: zipfile.ZipFile, name: str, most: int) -> bytes:
    entries = [entry for entry in packed.infolist() if PurePosixPath(entry.filename).name == name]
    if len(entries) != 1:
        raise NotHeadsError(f"a zip of heads holds one {name}, this one holds {len(entries)}")
    with packed.open(entries[0]) as member:
        data = member.read(most + 1)
    if len(data) > most:
        raise NotHeadsError(f"{name} is larger than {most // 1_000_000} MB; these are no heads")
    return data


def _check(card: Any) -> None:
    """Refuses a card whose parts are not what the app shows them as."""
    if not isinstance(card, dict) or card.get("kind") not in ("human", "simulated"):
        raise NotHeadsError("card.json does not say whether people or simulated listeners rated")
    texts = all(isinstance(card.get(part), str) for part in ("name", "interval"))
    tables = all(isinstance(card.get(part), dict) for part in ("encoder", "study", "objective", "training"))
    if tables and calibrates(card["encoder"]):
        raise NotHeadsError("it holds a calibration, which is nothing without its predictor; calibrate here instead")
    if tables and (TRAINED_WITH in card["encoder"] or card["encoder"].get("key")):
        what = "a dual-branch model" if card["encoder"].get("key") else "heads with an encoder of their own"
        raise NotHeadsError(f"it holds {what}; copy the whole folder among the saved heads instead")
    widths = card.get("half_width")
    numbers = isinstance(widths, dict) and all(isinstance(width, int | float | None) for width in widths.values())
    rated = card.get("rated", {})
    numbers = numbers and isinstance(rated, dict) and all(map(_is_range, rated.values()))
    texts = texts and isinstance(card.get("held_out", ""), str)
    if not (texts and tables and numbers and isinstance(card.get("metrics"), list)):
        raise NotHeadsError("card.json is not a card of heads: a part is missing or of another kind")
    if not card["objective"] or any(not axis.strip() or len(axis) > 40 for axis in card["objective"]):
        raise NotHeadsError("card.json names no axis, or one with a name that is empty or too long")
    for row in card["metrics"]:
        named = isinstance(row, dict) and all(isinstance(row.get(key), str) for key in ("axis", "level", "metric"))
        counted = named and all(isinstance(row.get(key), int) for key in ("clips", "systems"))
        if not counted or not all(isinstance(row.get(key), int | float | None) for key in ("value", "low", "high")):
            raise NotHeadsError("card.json has a row of results that cannot be read")


def _is_range(ends: Any) -> bool:
    return isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, int | float) for end in ends)
