"""What the page is told while heads are trained, and in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from qamro.ui.predict.views import status
from qamro.ui.train import figures, messages
from qamro.ui.train.jobs import AT_ONCE
from qamro.ui.train.runs import held_out
from qamro.ui.train.session import Curves, TrainedRun, TrainSession
from qamro.ui.train.settings import Settings
from qamro.ui.train.texts import TrainTab as T
from qamro.ui.widgets import chart_value

DRAW_EVERY = 0.4
"""Seconds between two drawings of the live curves."""


def told(session: TrainSession, settings: Settings, news: Iterator[messages.Message | None]) -> Iterator[Any]:
    """Turns messages into a status and figures, now and then; ``Done`` or ``Failed`` is passed on as it is.

    Args:
        session: Its curves grow.
        settings: What is being trained.
        news: A job's messages.

    Yields:
        Status, losses and correlations for the page; in the end the last message.
    """
    last, drawn = "", 0.0
    for message in news:
        if message is None:
            continue
        if isinstance(message, messages.Done | messages.Failed):
            yield message
            return
        said = _said(message, settings, session)
        if isinstance(message, messages.Epochs):
            session.curves.setdefault(message.axis, []).extend(message.rows)
            if time.monotonic() - drawn > DRAW_EVERY:
                drawn = time.monotonic()
                yield said, *drawn_now(session.curves)
        elif said != last:
            yield said, gr.skip(), gr.skip()
        last = said


def _said(message: messages.Message, settings: Settings, session: TrainSession) -> str:
    if isinstance(message, messages.Waiting):
        return status(T.WAITING.format(n=AT_ONCE))
    if isinstance(message, messages.Embedding):
        if not message.done:
            return status(T.EMBEDDING_FIRST.format(total=message.total))
        rate = message.done / max(message.seconds, 1e-3)
        text = T.EMBEDDING.format(done=message.done, total=message.total, rate=rate)
        return status(text, message.done, message.total)
    if isinstance(message, messages.Epochs):
        if session.stopping:
            return status(T.STOPPING)
        row, place = message.rows[-1], settings.axes.index(message.axis) + 1
        srcc = T.EPOCH_SRCC.format(srcc=row.val_srcc) if row.val_srcc == row.val_srcc else ""
        at = {"axis": message.axis, "place": place, "axes": len(settings.axes), "epoch": row.epoch}
        return status(T.EPOCH.format(**at, loss=row.val_loss, srcc=srcc), place - 1, len(settings.axes))
    return status(T.TESTING if isinstance(message, messages.Judging) else T.LOADING)


def drawn_now(curves: Curves) -> tuple[Any, Any]:
    """Draws losses and correlations as they are now."""
    what = ", ".join(f"{axis} {rows[-1].val_loss:.3f}" for axis, rows in curves.items())
    losses = chart_value(figures.losses(curves), name="losses", alt=T.LOSS_ALT.format(what=what))
    what = ", ".join(f"{axis} {rows[-1].val_srcc:.3f}" for axis, rows in curves.items())
    srcc = chart_value(figures.correlations(curves), name="validation-srcc", alt=T.SRCC_ALT.format(what=what))
    return losses, srcc


def summary(run: TrainedRun, notes: Sequence[str]) -> str:
    """Says in a line what came of a run."""
    said = [T.DONE.format(number=run.number, worth=" ".join(_worth(run)))]
    return " ".join([*said, *([f"({run.note}.)"] if run.note else []), *notes])


def _worth(run: TrainedRun) -> list[str]:
    """Held-out SRCC of all axes, over systems where there is a value, else over clips."""
    groups: dict[str, list[str]] = {}
    for axis in run.axes:
        found = ((what, held_out(run, axis, level)) for what, level in (("systems", "system"), ("clips", "utterance")))
        what, row = next(((what, row) for what, row in found if row is not None), ("", None))
        if row is None:
            groups.setdefault(T.WORTH_UNKNOWN, []).append(axis)
        else:
            ends = "" if row["low"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
            over = T.WORTH.format(n=row[what], what=what) + (T.WORTH_HINT if row.get("hint") else "")
            groups.setdefault(over, []).append(f"{axis} {row['value']:.2f}{ends}")
    return [f"{over}: {', '.join(values)}." for over, values in groups.items()]
