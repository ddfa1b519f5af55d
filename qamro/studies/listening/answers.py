"""What an answer to a task must hold: a score for every axis that is asked, and enough heard to give it."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from qamro.studies.listening.design import PREFERENCE, Design
from qamro.studies.listening.errors import ListeningError
from qamro.studies.listening.store import RatingStore

_SLACK = 0.5
"""Seconds by which clocks and players may disagree about what was heard."""

_CHOICES = (0.0, 0.5, 1.0)


def asked_axes(design: Design, task: Mapping[str, Any] | sqlite3.Row) -> list[str]:
    """Returns the axes of a task, a row of the store: textual alignment needs a prompt."""
    if design.mode == PREFERENCE:
        return [PREFERENCE]
    keys = [scale.key for scale in design.scales]
    return keys if task["prompt"] or keys == ["TA"] else [key for key in keys if key != "TA"]


def check_scores(design: Design, task: sqlite3.Row, scores: Mapping[str, float]) -> None:
    """Refuses scores that are not those of a task.

    Args:
        design: Of the study.
        task: A row of the store.
        scores: For each axis asked, the score; for a pair, ``preference``: 1 left, 0.5 tie, 0 right.

    Raises:
        ListeningError: An axis that is asked for is missing, another is there, or a score is off its scale.
    """
    asked = asked_axes(design, task)
    if set(scores) != set(asked):
        odd = ", ".join(sorted(set(asked) ^ set(scores)))
        raise ListeningError(f"every axis that is asked for needs one score, and no other does; look at {odd}")
    scales = {scale.key: scale for scale in design.scales}
    for axis, score in scores.items():
        number = isinstance(score, int | float) and not isinstance(score, bool)
        if not number or not (score in _CHOICES if axis == PREFERENCE else scales[axis].accepts(score)):
            raise ListeningError(f"{axis}: {score!r} is not a score of its scale")


def check_heard(store: RatingStore, design: Design, task: sqlite3.Row, heard: Sequence[float]) -> tuple[float, float]:
    """Believes the page about what was heard only as far as this machine's clock allows.

    Args:
        store: The store.
        design: Of the study; says how much of a clip must be heard.
        task: A row of the store.
        heard: Seconds heard of the clip, or of both clips of a pair, as the page tells.

    Returns:
        Seconds heard of the first and of the second clip (0 without one), from 0 to the clip's length.

    Raises:
        ListeningError: The page did not say, or too little was heard.
    """
    keys = [task["a"]] if task["b"] is None else [task["a"], task["b"]]
    lengths = [store.one("SELECT seconds FROM clips WHERE id = ?", key)["seconds"] for key in keys]
    needs = [design.need(seconds) for seconds in lengths]
    told = [float(seconds) for seconds in heard]
    if len(told) != len(keys) or not all(math.isfinite(seconds) for seconds in told):
        raise ListeningError("the page did not say how much was heard; reload it")
    passed = math.inf if max(task["heard_a"], task["heard_b"]) else store.clock() - (task["shown_at"] or math.inf)
    if any(seconds < need - _SLACK for seconds, need in zip(told, needs, strict=True)) or passed < sum(needs) - _SLACK:
        raise ListeningError("listen first: too little of this was heard")
    kept = [max(0.0, min(seconds, length)) for seconds, length in zip(told, lengths, strict=True)]
    return kept[0], kept[1] if len(kept) > 1 else 0.0
