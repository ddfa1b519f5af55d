"""How an encoder is named wherever its numbers appear."""

from __future__ import annotations

from typing import Any

UNVERIFIED = "unverified checkpoint"
"""Said of weights that are not, byte for byte, the published ones: nobody knows what they were trained on."""


def encoder_label(encoder: Any) -> str:
    """Returns name and revision, and says so when the weights are not the published ones.

    Args:
        encoder: An encoder; one that needs no weights has no ``published``.
    """
    label = f"{encoder.name} r{encoder.revision}"
    return label if getattr(encoder, "published", True) else f"{label} ({UNVERIFIED})"
