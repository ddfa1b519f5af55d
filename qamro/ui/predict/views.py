"""Small pieces of HTML of the Predict tab; whatever comes from a visitor is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from qamro.checkpoints import readable_size
from qamro.heads.domain import OUTSIDE, in_words
from qamro.predictors import PredictorState
from qamro.ui.choices import Kind
from qamro.ui.texts import Predict as T


def badges(kinds: Sequence[Kind], note: str = "", domains: Iterable[str] = ()) -> str:
    """Says what kind of numbers a predictor gives, axis by axis, and what else there is to know of it.

    Args:
        kinds: The kinds of its axes.
        note: What else there is to know.
        domains: What each scored clip is to the training clips; where one is outside, the badge warns.
    """
    domains = list(domains)
    doubt = " q-outside" if OUTSIDE in domains else ""
    parts = [
        f'<span class="q-badge q-{escape(kind.kind)}{doubt}">{escape(kind.kind)}</span>'
        f'<span class="q-hint"><b>{escape(" ".join(kind.axes))}</b> {escape(kind.meaning)}</span>'
        for kind in kinds
    ]
    if doubt:
        told = in_words(domains)
        parts.append(
            f'<span class="q-hint q-failed">{escape(f"{told[0].upper()}{told[1:]}, without an interval.")}</span>'
        )
    if note:
        parts.append(f'<span class="q-hint">{escape(note)}</span>')
    return f'<div class="q-badges">{"".join(f"<p>{part}</p>" for part in parts)}</div>'


def option(entry: PredictorState) -> str:
    """One line about a predictor for the list of predictors: its name, and whether it is ready."""
    return f"{entry.title} · {T.STATES[entry.state].format(size=readable_size(entry.bytes))}"


def needs(entry: PredictorState) -> str:
    """Says what a predictor that is not ready gives and what it needs."""
    text = T.NEEDS.format(title=entry.title, size=readable_size(entry.bytes), licence=entry.licence)
    axes = f"<b>{escape(' '.join(entry.axes))}</b>"
    return f'<div class="q-badges"><p class="q-hint"><span>{axes} {escape(entry.note)} {escape(text)}</span></p></div>'


def status(text: str, done: int | None = None, of: int | None = None, *, calm: bool = True) -> str:
    """One line about what is going on, read aloud by screen readers, with a bar while clips are scored."""
    bar = ""
    if done is not None and of:
        bar = f'<progress value="{done}" max="{of}" aria-label="{escape(text)}"></progress>'
    tone = "" if calm else " q-failed"
    return f'<div class="q-status{tone}"><span role="status" aria-live="polite">{escape(text)}</span>{bar}</div>'
