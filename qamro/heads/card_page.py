"""Renders a card of heads as a short Markdown page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qamro.heads.card import Card


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
