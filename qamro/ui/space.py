"""What is different on a Hugging Face Space, where strangers share a machine, and with ZeroGPU, which lends a GPU."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from qamro.audio import Waveform
    from qamro.predictors import Predictor

    P = TypeVar("P", bound=Predictor)

START = 10.0
"""Seconds that a call may take before it computes: a process of its own, weights on their way to the GPU."""

PER_SECOND = 0.05
"""Seconds of GPU that are asked for a second of sound; generous, since a call that outlasts them is cut off."""

LONGEST = 120
"""Seconds that ZeroGPU lends at most to a visitor."""


def on_space() -> bool:
    """Whether this is a Hugging Face Space, where strangers share one machine."""
    return bool(os.environ.get("SPACE_ID"))


STORAGE = Path("/data")
"""Where a Space has its persistent storage."""


def keep_on_storage() -> None:
    """On a Space with persistent storage, keeps there what is kept, unless ``QAMRO_CACHE`` says where."""
    if on_space() and os.access(STORAGE, os.W_OK):
        os.environ.setdefault("QAMRO_CACHE", str(STORAGE / "qamro"))


def owner(request: Any) -> str:
    """Returns whose kept heads a visitor sees besides everybody's: on a Space their own, elsewhere nobody's.

    Args:
        request: Gradio's request; its session is the open page.
    """
    session = getattr(request, "session_hash", None)
    if not on_space() or not session:
        return ""
    return hashlib.sha256(session.encode()).hexdigest()[:32]


def is_zerogpu() -> bool:
    """Whether this is a Space with ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true", "yes", "on")


def seconds_for(waveforms: Sequence[Waveform], prompts: Sequence[str] = ()) -> int:
    """Returns for how long to borrow the GPU to score these clips.

    Args:
        waveforms: The clips.
        prompts: Their prompts; short, and not counted.

    Returns:
        Whole seconds, 10 to 120.
    """
    return min(LONGEST, math.ceil(START + PER_SECOND * sum(wave.seconds for wave in waveforms)))


def lend_gpu(predictor: P) -> P:
    """Lets a predictor's ``score`` borrow the GPU where one is lent; returns the predictor.

    Args:
        predictor: A predictor on the device ``"cuda"``; off ZeroGPU it is returned as it is.
    """
    if is_zerogpu():
        import spaces  # every ZeroGPU Space has it

        from qamro.predictors import Predictor

        # Whatever computes goes through ``score``, which borrows the GPU: no short cuts past it.
        for name in ("recall", "hear", "score_sounds"):
            setattr(predictor, name, partial(getattr(Predictor, name), predictor))
        predictor.score = spaces.GPU(duration=seconds_for)(predictor.score)  # type: ignore[method-assign]
    return predictor
