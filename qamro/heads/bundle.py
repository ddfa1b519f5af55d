"""A folder of trained heads: ``heads.safetensors`` and the card that says where they come from."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from qamro.heads.kinds import Head, head_from_state

HEADS_FILE, CARD_FILE, README_FILE, RECORD_FILE = "heads.safetensors", "card.json", "README.md", "run.json"


@dataclass
class Card:
    """What a user must know of a folder of heads; kept as JSON and, for reading, as README.md.

    Attributes:
        name: Name of the folder's predictor.
        kind: ``"human"`` or ``"simulated"``: who gave the ratings.
        encoder: Name, revision and hash of the encoder that the heads were trained on.
        study: Name, kind, counts, hash, licence of the training study.
        objective: For each axis, the loss in words.
        training: Optimiser, seeds, epochs, split sizes, versions, seconds, the command that makes it again.
        metrics: Held-out results: rows of axis, level, metric, value, low, high, clips, systems.
        half_width: For each axis, half the width of its split-conformal interval.
        interval: What the interval is, in words.
    """

    name: str
    kind: str
    encoder: dict[str, str]
    study: dict[str, Any]
    objective: dict[str, str]
    training: dict[str, Any]
    metrics: list[dict[str, Any]] = field(default_factory=list)
    half_width: dict[str, float] = field(default_factory=dict)
    interval: str = ""

    @property
    def axes(self) -> list[str]:
        """The axes that have a head."""
        return list(self.objective)


@dataclass
class HeadBundle:
    """Trained heads with their card.

    Attributes:
        heads: For each axis, its head.
        card: Where they come from.
        extra: Further tensors that travel along, for example the encoder's answer to a probe.
        record: How the run that made them went, ready for JSON (see ``qamro.training.record``); empty when unknown.
    """

    heads: dict[str, Head]
    card: Card
    extra: dict[str, torch.Tensor] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path | str) -> Path:
        """Writes the heads, the card as JSON and as a readable page, and the record of the run where there is one."""
        from safetensors.torch import save_file

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {
            f"{axis}.{key}": value for axis, head in self.heads.items() for key, value in head.state_dict().items()
        }
        tensors |= {f"extra.{key}": value for key, value in self.extra.items()}
        save_file({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, folder / HEADS_FILE)
        write_card(folder, self.card, self.record)
        return folder

    @classmethod
    def load(cls, folder: Path | str, encoder: str | None = None, revision: str | None = None) -> HeadBundle:
        """Reads a folder of heads.

        Args:
            folder: Where ``save`` wrote.
            encoder: Name of the encoder that will feed the heads; checked against the card when given.
            revision: Its revision, checked likewise.

        Raises:
            FileNotFoundError: A file of the folder is missing.
            ValueError: The heads were trained on another encoder, or are not readable.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        folder = Path(folder)
        for file in (HEADS_FILE, CARD_FILE):
            if not (folder / file).is_file():
                raise FileNotFoundError(
                    f"{folder} holds no {file}; train heads with `python -m qamro train --out {folder}`"
                )
        card, record = read_card(folder)
        for what, wanted in (("name", encoder), ("revision", revision)):
            if wanted is not None and card.encoder.get(what) != wanted:
                raise ValueError(
                    f"the heads in {folder} were trained on encoder {what} {card.encoder.get(what)!r}, not {wanted!r}; "
                    "train them again on this encoder"
                )
        try:
            tensors = load_file(folder / HEADS_FILE)
            heads = {axis: head_from_state(below(tensors, axis)) for axis in card.axes}
        except (SafetensorError, KeyError, TypeError, RuntimeError) as problem:
            raise ValueError(
                f"{folder / HEADS_FILE} is damaged or holds no heads ({str(problem).splitlines()[0]}); train them again"
            ) from problem
        return cls(heads, card, below(tensors, "extra"), record)


def write_card(folder: Path, card: Card, record: dict[str, Any]) -> None:
    """Writes a card as JSON and as a readable page, and the record of the run where there is one."""
    from qamro.heads.card_page import render

    (folder / CARD_FILE).write_text(json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / README_FILE).write_text(render(card), "utf-8")
    (folder / RECORD_FILE).unlink(missing_ok=True)
    if record:
        text = json.dumps(_without_nan(record), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / RECORD_FILE).write_text(text + "\n", "utf-8")


def read_card(folder: Path) -> tuple[Card, dict[str, Any]]:
    """Reads what ``write_card`` wrote: the card and the record, empty where there is none.

    Raises:
        ValueError: The card is not one.
    """
    try:
        card = Card(**json.loads((folder / CARD_FILE).read_text("utf-8")))
    except (TypeError, json.JSONDecodeError) as problem:
        raise ValueError(f"{folder / CARD_FILE} is not a card of heads: {problem}") from problem
    record_file = folder / RECORD_FILE
    return card, json.loads(record_file.read_text("utf-8")) if record_file.is_file() else {}


def below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Returns the tensors whose names start with a prefix and a point, without them."""
    return {key[len(prefix) + 1 :]: value for key, value in tensors.items() if key.startswith(prefix + ".")}


def _without_nan(value: Any) -> Any:
    """Returns a copy in which numbers that JSON does not know are None."""
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple | range):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
