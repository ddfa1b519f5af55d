"""Heads that users trained and kept: one folder each, listed among the predictors as ``saved:<name>``."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.predictors.saved_names import PREFIX, clean_name, key_of, saved_folder
from qamro.predictors.trainable import by_card_name

if TYPE_CHECKING:
    from qamro.heads import HeadBundle
    from qamro.predictors.base import Predictor


class NameTakenError(ValueError):
    """Heads of that name are kept already, and nobody said that they may go."""


@dataclass(frozen=True)
class SavedHeads:
    """A folder of kept heads, as far as its card tells.

    Attributes:
        key: What ``load`` calls it: ``saved:<name>``.
        name: What people call it.
        folder: Where it lies.
        card: The content of ``card.json``.
    """

    key: str
    name: str
    folder: Path
    card: dict[str, Any]

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that have a head."""
        return tuple(self.card["objective"])

    @property
    def encoder(self) -> str:
        """What ``load_encoder`` calls the encoder; the card's own name where it is not known here."""
        return by_card_name(str(self.card["encoder"].get("name", "")))

    @property
    def about(self) -> str:
        """One line: who rated what, which encoder, and what the heads are worth on held-out clips."""
        study = self.card["study"]
        who = "simulated listeners" if self.card["kind"] == "simulated" else "people"
        size = f"{study.get('clips', '?')} clips of {study.get('systems', '?')} systems"
        worth = "; ".join(filter(None, (_worth(self.card["metrics"], axis) for axis in self.axes)))
        brought = " Brought as a file: this is what its card says." if "brought" in self.card["training"] else ""
        return f"{study.get('name', 'a study')}, {size}, rated by {who}. Held out: {worth or 'not tested'}.{brought}"


def save_heads(bundle: HeadBundle, name: str, *, owner: str = "", overwrite: bool = False) -> SavedHeads:
    """Keeps heads under a name; they are a predictor from then on.

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
    name = clean_name(name)
    home = saved_folder(owner)
    taken = [heads for heads in saved(owner, shared=False) if heads.name.casefold() == name.casefold()]
    if taken and not overwrite:
        raise NameTakenError(f"heads called {taken[0].name!r} are kept already")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=home, ignore_cleanup_errors=True) as work:
        made = replace(bundle, card=replace(bundle.card, name=name)).save(Path(work) / name)
        for i, heads in enumerate(taken):
            heads.folder.rename(Path(work) / f"old-{i}")
        made.rename(home / name)
    return find(key_of(name, owner))


def saved(owner: str = "", *, shared: bool = True) -> list[SavedHeads]:
    """Lists kept heads by name; a folder without a readable card is passed over.

    Args:
        owner: Whose to list besides everybody's.
        shared: Whether to list everybody's; without an owner these are the only ones.
    """
    homes = [("", saved_folder())] if shared or not owner else []
    if owner:
        homes.append((owner, saved_folder(owner)))
    found = [_read(entry, whose) for whose, home in homes if home.is_dir() for entry in home.iterdir()]
    return sorted((heads for heads in found if heads is not None), key=lambda heads: heads.name.casefold())


def find(key: str) -> SavedHeads:
    """Finds kept heads by what ``load`` calls them.

    Raises:
        ValueError: There are none.
    """
    owner, _, name = key.removeprefix(PREFIX).rpartition("/")
    found = None
    if key.startswith(PREFIX) and name and not name.startswith(".") and "\\" not in name:
        found = _read(saved_folder(owner) / name, owner)
    if found is None:
        names = ", ".join(heads.key for heads in saved()) or "none"
        raise ValueError(f"there are no kept heads {key!r}; there are: {names}")
    return found


def remove(key: str) -> None:
    """Deletes kept heads.

    Raises:
        ValueError: There are none of that name.
    """
    shutil.rmtree(find(key).folder)


def load_saved(key: str, *, encoder: Any = None, **options: Any) -> Predictor:
    """Opens kept heads as a predictor.

    Args:
        key: ``saved:<name>``.
        encoder: The encoder that they were trained on, if it is loaded already.
        **options: What its loader takes, for example ``device="cuda"``.

    Raises:
        ValueError: There are no such heads, or they do not fit their encoder.
        WeightsError: The encoder's weights are not on this machine; the message says how to fetch them.
    """
    from qamro.predictors.head_predictor import HeadPredictor

    heads = find(key)
    encoder = encoder if encoder is not None else remembering_encoder(heads.encoder, **options)
    predictor = HeadPredictor(PREFIX + heads.name, encoder, heads.folder)
    predictor.note = heads.about
    return predictor


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
    from qamro.encoders.cached import CachedEncoder

    encoder = load_encoder(name, **options)
    return encoder if isinstance(encoder, CachedEncoder) else CachedEncoder(encoder)


def _read(folder: Path, owner: str) -> SavedHeads | None:
    if folder.name.startswith("."):
        return None
    try:
        card = json.loads((folder / "card.json").read_text("utf-8"))
        good = all(isinstance(card[part], dict) for part in ("encoder", "study", "objective", "training"))
        good = good and isinstance(card["metrics"], list) and card["kind"] in ("human", "simulated")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return SavedHeads(key_of(folder.name, owner), folder.name, folder, card) if good else None


def _worth(metrics: list[dict[str, Any]], axis: str) -> str:
    """The axis's held-out SRCC with its interval, at the level of systems where there is one."""
    for level in ("system", "utterance"):
        for row in metrics:
            if (row["axis"], row["level"], row["metric"]) == (axis, level, "SRCC") and row["value"] is not None:
                ends = "" if row["low"] is None or row["high"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
                count = f"{row['systems']} systems" if level == "system" else f"{row['clips']} clips"
                return f"{axis} {level} SRCC {row['value']:.2f}{ends} on {count}"
    return ""
