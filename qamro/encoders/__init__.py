"""Encoders: frozen pretrained networks, and fixed features, that turn clips and prompts into vectors."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "LogMel": "qamro.encoders.logmel",
}

__all__ = ["LogMel"]


def __getattr__(name: str) -> Any:
    """Imports an encoder when it is first asked for: each brings heavy libraries along."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
