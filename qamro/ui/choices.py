"""Predictors as the app offers them: what there is, what is ready, what kind of numbers it gives."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qamro.predictors import Predictor

DEFAULT = "offline"

_loaded: dict[str, Predictor] = {}
_loading: dict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Kind:
    """What kind of numbers some axes of a predictor are.

    Attributes:
        kind: ``"human"``, ``"zero-shot"`` or ``"simulated"``.
        meaning: One line that says what this means.
        axes: The axes that it holds for.
    """

    kind: str
    meaning: str
    axes: tuple[str, ...]


def choices() -> list[tuple[str, str]]:
    """Returns (label, name) of every predictor that this installation knows."""
    return [(DEFAULT.capitalize(), DEFAULT)]


def get(name: str) -> Predictor:
    """Loads a predictor once and keeps it; a second caller waits for the first.

    Raises:
        ValueError: There is no such predictor.
        FileNotFoundError: Its weights are not on this machine.
    """
    from qamro.predictors import load

    with _loading[name]:
        if name not in _loaded:
            _loaded[name] = load(name)
        return _loaded[name]


def kinds(predictor: Any) -> list[Kind]:
    """Groups a predictor's axes by the kind of their scores, in the order of the axes."""
    from qamro.predictors.provenance import KINDS

    groups: dict[str, list[str]] = {}
    for axis in predictor.axes:
        groups.setdefault(predictor.provenance[axis].kind, []).append(axis)
    return [Kind(kind, KINDS[kind], tuple(axes)) for kind, axes in groups.items()]


def warm(name: str = DEFAULT) -> None:
    """Loads a predictor and scores half a second of silence, so that the first visitor does not wait.

    Failures are left for the moment when somebody asks for the predictor; then they are shown.
    """
    import contextlib

    import numpy as np

    with contextlib.suppress(Exception):
        from qamro.audio import Waveform

        predictor = get(name)
        rate = predictor.sample_rate or 48_000
        predictor.score([Waveform(np.zeros(rate // 2, np.float32), rate)], ["warm-up"])
