"""What a user must know of a folder of heads: the card, its page, and the record of the run that made them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

CARD_FILE, README_FILE, RECORD_FILE = "card.json", "README.md", "run.json"


class HeadsError(ValueError):
    """Heads that cannot be used.

    Attributes:
        why: The message without what to do about it.
    """

    def __init__(self, why: str, remedy: str) -> None:
        """Says why, and what to do."""
        super().__init__(f"{why}; {remedy}")
        self.why = why


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
        metrics: Held-out results: rows of axis, level, metric, value, low, high, clips, systems, hint (whether the
            systems, or clips, are too few for a finding) and note, a caveat (neither in cards of earlier versions).
        half_width: For each axis, half the width of its conformal interval; infinite, and null in the file, where too
            few groups of clips were held out to calibrate one.
        interval: What the interval is, in words, or why there is none.
        held_out: What clips the results are of, next to those of training; empty where it is not known.
        rated: For each axis the lowest and the highest rating of a training clip; scores are held to these where the
            axis's scale has no ends.
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
    held_out: str = ""
    rated: dict[str, list[float]] = field(default_factory=dict)

    @property
    def axes(self) -> list[str]:
        """The axes that have a head."""
        return list(self.objective)


def write_card(folder: Path, card: Card, record: dict[str, Any]) -> None:
    """Writes a card as JSON and as a readable page, and the record of the run where there is one.

    Args:
        folder: Where to; it must be there.
        card: The card.
        record: Ready for JSON but for numbers that JSON does not know, which become null; empty for none.
    """
    text = json.dumps(_without_nan(asdict(card)), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / CARD_FILE).write_text(text + "\n", "utf-8")
    (folder / README_FILE).write_text(render(card), "utf-8")
    (folder / RECORD_FILE).unlink(missing_ok=True)
    if record:
        text = json.dumps(_without_nan(record), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / RECORD_FILE).write_text(text + "\n", "utf-8")


def read_card(folder: Path) -> tuple[Card, dict[str, Any]]:
    """Reads what ``write_card`` wrote: the card and the record, empty where there is none.

    Raises:
        FileNotFoundError: There is no card.
        ValueError: The card is not one, or the record is damaged.
    """
    try:
        card = Card(**json.loads((folder / CARD_FILE).read_text("utf-8")))
        card.half_width = {axis: math.inf if width is None else width for axis, width in card.half_width.items()}
    except (TypeError, ValueError, AttributeError) as problem:
        raise ValueError(f"{folder / CARD_FILE} is not a card of heads: {problem}") from problem
    record = folder / RECORD_FILE
    try:
        return card, json.loads(record.read_text("utf-8")) if record.is_file() else {}
    except ValueError as problem:
        raise ValueError(f"{record} is damaged ({problem}); delete it, or train again") from problem


def _without_nan(value: Any) -> Any:
    """Returns a copy in which numbers that JSON does not know are None."""
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple | range):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# Renders a card of heads as a short Markdown page.

if TYPE_CHECKING:
    pass


def render(card: Card) -> str:
    """Returns the card as Markdown: what it is, what it was trained on, how good it is, how to make it again."""
    lines = [f"# {card.name}", ""]
    if card.kind == "simulated":
        lines += ["**Trained on simulated listeners.** A demonstration of the method, not evidence about people.", ""]
    lines += ["## Data and encoder", "", *_items(card.study), *_items(card.encoder, "encoder "), ""]
    lines += ["## Objective", "", *_items(card.objective), "", "## Training", "", *_items(card.training), ""]
    lines += ["## Held-out results", ""]
    if card.held_out:
        lines += [f"On {card.held_out}.", ""]
    lines += [
        "| axis | level | metric | value | 95 % interval | clips | systems | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in card.metrics:
        few = "a hint" if row.get("hint") else ""
        lines.append(
            f"| {row['axis']} | {row['level']} | {row['metric']} | {_number(row['value'])} | "
            f"{_number(row['low'])} to {_number(row['high'])} | {row['clips']} | {row['systems']} | "
            f"{row.get('note') or few} |"
        )
    lines += ["", "## Interval", "", card.interval, ""]
    lines += [f"- {axis}: {_width(width)}" for axis, width in card.half_width.items()]
    return "\n".join(lines) + "\n"


def _items(values: dict[str, Any], prefix: str = "") -> list[str]:
    return [f"- {prefix}{key}: {value}" for key, value in values.items()]


def _width(width: float) -> str:
    return f"± {width:.2f}" if math.isfinite(width) else "no interval"


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.3f}"
