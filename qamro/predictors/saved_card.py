"""Kept heads: where they lie, what they are called, and what their card says; nothing heavy is loaded."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from qamro.checkpoints import Weights
from qamro.counts import count
from qamro.encoders.registry import by_card_name, encoders
from qamro.listeners import listeners
from qamro.paths import cache_path
from qamro.predictors.head_predictor import TRAINED_WITH

_CARD, _WEIGHTS, _ENCODER = "card.json", "heads.safetensors", "encoder"
FILES = (_CARD, _WEIGHTS, "README.md", "run.json", _ENCODER)
"""What a folder of kept heads may hold; the encoder's comes last, and is a folder."""

_PARTS = ("encoder", "study", "objective", "training")


class DamagedHeadsError(ValueError):
    """A folder of kept heads that cannot be opened; the message names it, says why, and what to do."""

    def __init__(self, folder: Path, problem: object, command: str = "") -> None:
        """Says it.

        Args:
            folder: The folder.
            problem: Why it cannot be opened.
            command: What makes its heads again, where that is known.
        """
        again = f" ({command})" if command else ""
        why = str(getattr(problem, "why", problem)).strip().rstrip(".") or type(problem).__name__
        super().__init__(
            f"{folder.name!r} cannot be opened: {why}. It is damaged or was made by another version: train it again"
            f"{again} and save it under this name, or delete the folder {folder}"
        )


class _NotWholeError(Exception):
    """The weights are not all there."""


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
    def brings_encoder(self) -> bool:
        """Whether the encoder was trained with the heads and lies beside them."""
        return TRAINED_WITH in self.card["encoder"]

    @property
    def calibrates(self) -> str:
        """What ``load`` calls the predictor that these only map onto other ratings; empty for heads."""
        return calibrates(self.card["encoder"])

    @property
    def on_frames(self) -> bool:
        """Whether it is a dual-branch model, which reads clips along time."""
        return bool(self.card["encoder"].get("key"))

    @property
    def encoder(self) -> str:
        """What ``load_encoder`` calls the encoder, ``frame_encoder`` that of a dual-branch model.

        The card's own name where it is not known here.
        """
        encoder = self.card["encoder"]
        return str(encoder["key"]) if self.on_frames else by_card_name(str(encoder.get("name", "")))

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The published weights that it needs besides what lies in its folder."""
        if self.brings_encoder:
            return ()
        if self.calibrates:
            from qamro.predictors.loading import weights_of

            try:
                return weights_of(self.calibrates)
            except ValueError:  # a program, or what another package brought: whoever loads it says what is missing
                return ()
        entry = encoders().get(self.encoder)
        if entry is None:
            return ()
        return entry.frame_weights if self.on_frames else entry.weights

    @property
    def command(self) -> str:
        """What makes it again, as its card says; empty where the card does not."""
        return str(self.card["training"].get("command") or "")

    @cached_property
    def about(self) -> str:
        """One line: who rated what, which model, and what it is worth on held-out clips."""
        study = self.card["study"]
        who = listeners(self.card["kind"])
        size = f"{study.get('clips', '?')} clips of {study.get('systems', '?')} systems"
        model = "A dual-branch model. " if self.on_frames else ""
        model = "Trained together with its encoder. " if self.brings_encoder else model
        if self.calibrates:
            model = f"{self.calibrates} calibrated on {_ratings(self.card)} of {study.get('name', 'a study')}: "
        worth = "; ".join(filter(None, (_worth(self.card["metrics"], axis) for axis in self.axes)))
        brought = " Brought as a file: this is what its card says." if "brought" in self.card["training"] else ""
        name = study.get("name", "a study")
        held_out = str(self.card.get("held_out") or "")
        tested = f"Tested on {held_out}" if held_out else "Held out"
        return f"{model}{name}, {size}, rated by {who}. {tested}: {worth or 'not tested'}.{brought}"


def read_saved(folder: Path, owner: str = "") -> SavedHeads:
    """Reads the card of a folder of kept heads, and sees whether its files are there.

    Args:
        folder: The folder; its name is that of the heads.
        owner: As for ``saved_folder``.

    Raises:
        DamagedHeadsError: It holds no such heads.
    """
    command = ""
    try:
        card = json.loads((folder / _CARD).read_text("utf-8"))
        for part in _PARTS:
            if not isinstance(card[part], dict):
                raise ValueError(f"its card's part {part!r} is no table")
        command = str(card["training"].get("command") or "")
        _check_results(card)
        heads = SavedHeads(key_of(folder.name, owner), folder.name, folder, card)
        base = heads.calibrates
        if base.startswith(PREFIX) and not (folder_of(base) / _WEIGHTS).is_file():
            raise _NotWholeError(f"it maps the scores of {base}, which is not there any more")
        for name in (_WEIGHTS, *([_ENCODER] if heads.brings_encoder else [])):
            if not (folder / name).exists():
                raise FileNotFoundError(f"it has no {name}")
        if not is_whole(folder / _WEIGHTS):
            raise _NotWholeError(f"its {_WEIGHTS} is damaged: it is no file of weights, or was cut off")
        _ = heads.about  # a card that cannot be put into words is none
    except _NotWholeError as problem:
        raise DamagedHeadsError(folder, problem, command) from problem
    except FileNotFoundError as problem:
        raise DamagedHeadsError(folder, f"it has no {_CARD}" if problem.filename else problem, command) from problem
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DamagedHeadsError(folder, f"its {_CARD} cannot be read ({_in_words(problem)})", command) from problem
    return heads


def calibrates(encoder: dict[str, Any]) -> str:
    """What the part ``encoder`` of a card says is calibrated; empty where it is an encoder."""
    return str(encoder.get("calibrates") or "")


def _ratings(card: dict[str, Any]) -> str:
    """How many ratings each axis was calibrated on: one number, or the range of them."""
    numbers = sorted({int(number) for number in card["training"]["ratings"].values()})
    return count(numbers[0], "rating") if len(numbers) == 1 else f"{numbers[0]:,} to {numbers[-1]:,} ratings"


def _check_results(card: dict[str, Any]) -> None:
    if card["kind"] not in ("human", "simulated"):
        raise ValueError("it does not say whether people or simulated listeners rated")
    if not isinstance(card["metrics"], list):
        raise ValueError("its results are no list")


def _in_words(problem: Exception) -> str:
    return f"{problem} is missing" if isinstance(problem, KeyError) else str(problem)


def votes_in_words(row: Mapping[str, Any]) -> str:
    """Says how often a reward prefers the clip that a vote prefers, from a row of a card."""
    ends = "" if row["low"] is None else f" [{100 * row['low']:.0f}, {100 * row['high']:.0f}]"
    return f"prefers the clip that was preferred in {100 * row['value']:.0f} %{ends} of votes ({row['note']})"


def _worth(metrics: list[dict[str, Any]], axis: str) -> str:
    """The axis's held-out SRCC with its interval, at the level of systems where there is one."""
    for row in metrics:
        if (row["axis"], row["level"], row["metric"]) == (axis, "vote", "ACC") and row["value"] is not None:
            return f"{axis} {votes_in_words(row)}"
    for level in ("system", "utterance"):
        for row in metrics:
            if (row["axis"], row["level"], row["metric"]) == (axis, level, "SRCC") and row["value"] is not None:
                ends = "" if row["low"] is None or row["high"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
                over = count(row["systems"], "system") if level == "system" else count(row["clips"], "clip")
                note = row.get("note") or ("a hint" if row.get("hint") else "")
                return f"{axis} {level} SRCC {row['value']:.2f}{ends} on {over}{f' ({note})' if note else ''}"
    return ""


# Where kept heads lie and what they may be called.

PREFIX = "saved:"
"""How the name of a predictor begins that is a folder of kept heads."""

LONGEST = 60
"""Characters that a name may have."""

_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_on_hub(text: str) -> bool:
    """Whether a text is ``OWNER/NAME``, heads on the hub, rather than a folder: no such folder is here."""
    named = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w.-]+)?", text)
    return bool(named) and not Path(text).exists()


def saved_folder(owner: str = "") -> Path:
    """Returns the folder of kept heads, whether it is there or not.

    ``QAMRO_HEADS`` moves it; without it, or where it names heads on the hub, it lies below the cache.

    Args:
        owner: Whose, where several people share a machine (16 to 64 hexadecimal digits); empty for everybody's.

    Raises:
        ValueError: ``owner`` is nobody.
    """
    moved = os.environ.get("QAMRO_HEADS", "")
    here = moved and not is_on_hub(moved)
    base = Path(moved).expanduser() if here else cache_path("heads")
    if not owner:
        return base
    if not re.fullmatch(r"[0-9a-f]{16,64}", owner):
        raise ValueError(f"{owner!r} owns no heads")
    return base / f".of-{owner}"


def clean_name(text: str) -> str:
    """Makes a name that every file system takes and that people recognise.

    Blanks, slashes and other signs become hyphens; letters of any script, digits, dots, hyphens and underscores stay.

    Example:
        >>> clean_name("../My heads: v2")
        'My-heads-v2'

    Raises:
        ValueError: Nothing is left, it is too long, or Windows keeps the name for a device.
    """
    kept = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", text))
    name = re.sub(r"([.-])[.-]+", r"\1", kept).strip("-._")
    if not name:
        raise ValueError("a name needs a letter or a digit")
    if len(name) > LONGEST or len(name.encode()) > 3 * LONGEST:
        raise ValueError(f"a name has at most {LONGEST} characters, this one has {len(name)}; shorten it")
    if _DEVICES.fullmatch(name):
        raise ValueError(f"{name!r} is the name of a device on some systems; choose another")
    return name


def key_of(name: str, owner: str = "") -> str:
    """Returns what ``load`` calls kept heads."""
    return f"{PREFIX}{owner}/{name}" if owner else PREFIX + name


def folder_of(key: str) -> Path:
    """Returns where kept heads lie, by what ``load`` calls them; whether there are any is not looked at."""
    owner, _, name = key.removeprefix(PREFIX).rpartition("/")
    return saved_folder(owner) / name


def is_whole(file: Path) -> bool:
    """Whether a safetensors file holds as many bytes as its header says.

    Source: the format's description, https://huggingface.co/docs/safetensors: eight bytes with the length of the
    header, the header as JSON with the place of each tensor, the tensors.
    """
    size = file.stat().st_size
    with file.open("rb") as content:
        length = int.from_bytes(content.read(8), "little")
        if 8 + length > size:
            return False
        try:
            header = dict(json.loads(content.read(length)))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            return 8 + length + max(ends, default=0) == size
        except (ValueError, KeyError, TypeError, IndexError):
            return False
