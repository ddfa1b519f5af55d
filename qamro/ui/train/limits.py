"""What a public Space allows: one visitor's training must not take the machine from the others."""

from __future__ import annotations

import os
from dataclasses import replace

from qamro.ui.train.settings import Settings

EPOCHS, SEEDS, SECONDS, CLIPS = 300, 3, 180.0, 1500
"""On a Space: at most this many epochs, seeds, seconds of training, and clips."""


def on_space() -> bool:
    """Whether this is a Hugging Face Space, where strangers share one machine."""
    return bool(os.environ.get("SPACE_ID"))


def limited(settings: Settings) -> tuple[Settings, list[str]]:
    """Returns the settings as far as this machine allows, and which of them were cut."""
    if not on_space():
        return settings, []
    allowed = replace(settings, seconds=SECONDS, epochs=min(settings.epochs, EPOCHS), seeds=min(settings.seeds, SEEDS))
    return allowed, [name for name in ("epochs", "seeds") if getattr(allowed, name) < getattr(settings, name)]
