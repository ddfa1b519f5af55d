"""Small pieces of HTML of the Predict tab; whatever comes from a visitor is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qamro.ui.choices import Kind


def badges(kinds: Sequence[Kind]) -> str:
    """Says what kind of numbers a predictor gives, axis by axis."""
    parts = [
        f'<span class="q-badge q-{escape(kind.kind)}">{escape(kind.kind)}</span>'
        f'<span class="q-hint"><b>{escape(" ".join(kind.axes))}</b> {escape(kind.meaning)}</span>'
        for kind in kinds
    ]
    return f'<div class="q-badges">{"".join(f"<p>{part}</p>" for part in parts)}</div>'


def status(text: str, done: int | None = None, of: int | None = None, *, calm: bool = True) -> str:
    """One line about what is going on, read aloud by screen readers, with a bar while clips are scored."""
    bar = ""
    if done is not None and of:
        bar = f'<progress value="{done}" max="{of}" aria-label="{escape(text)}"></progress>'
    tone = "" if calm else " q-failed"
    return f'<div class="q-status{tone}"><span role="status" aria-live="polite">{escape(text)}</span>{bar}</div>'
