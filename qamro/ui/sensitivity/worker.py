"""What the process of a sweep does, and what it says meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from qamro.ui.processes import EVERY
from qamro.ui.sensitivity.texts import Sensitivity as T

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.training.sweeps.setup import Setup
    from qamro.training.sweeps.store import KeptSweep
    from qamro.training.sweeps.sweep import Sweep

DRAW_EVERY = 1.5
"""Seconds between two drawings of a curve that is still coming."""


def sweep_apart(setup: Setup, study: Study, say: Callable[..., None]) -> KeptSweep:
    """What the process of a sweep does; says (the sweep so far or None, and what ``tell`` of ``follow`` takes)."""
    from qamro.predictors.saved import remembering_encoder
    from qamro.training.sweeps.store import sweep_study

    drawn, told = -DRAW_EVERY, 0.0

    def part(make: Callable[[], Sweep]) -> None:
        nonlocal drawn
        if time.monotonic() - drawn > DRAW_EVERY:
            say(make())
            drawn = time.monotonic()

    def news(text: str, done: float, of: float) -> None:
        nonlocal told
        if done >= of or time.monotonic() - told > EVERY:
            say(None, text, done, of)
            told = time.monotonic()

    return sweep_study(
        study,
        setup,
        remembering_encoder(setup.encoder),
        on_clip=lambda done, of: news(T.EMBEDDING.format(done=done, all=of), done, of),
        on_fit=lambda axis, done, of: news(T.TRAINING.format(axis=axis, done=done, all=of), done, of),
        on_part=part,
    )
