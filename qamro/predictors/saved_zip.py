"""Heads as one file: a zip of the folder with its card, to carry from machine to machine.

Only heads on a frozen encoder travel so; those that bring their encoder, and dual-branch models, are folders.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from qamro.predictors.tuned import TRAINED_WITH

if TYPE_CHECKING:
    from qamro.heads import HeadBundle

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
