"""Encoders: frozen pretrained networks, and fixed features, that turn clips and prompts into vectors."""

from __future__ import annotations

from typing import Any

from qamro.lazy import imported

_HOMES = {
    "Audiobox": "qamro.encoders.audiobox",
    "Clap": "qamro.encoders.clap",
    "DistillMos": "qamro.encoders.distillmos",
    "LogMel": "qamro.encoders.logmel",
    "MuQ": "qamro.encoders.muq",
    "Roberta": "qamro.encoders.roberta",
    "WavLM": "qamro.encoders.wavlm",
    "frame_encoder": "qamro.encoders.frames",
}

__all__ = ["Audiobox", "Clap", "DistillMos", "LogMel", "MuQ", "Roberta", "WavLM", "frame_encoder", "load_encoder"]


def load_encoder(name: str, **options: Any) -> Any:
    """Makes an encoder that heads can be trained on.

    Args:
        name: ``"logmel"``, which needs no weights; ``"clap"``, ``"audiobox"``, ``"wavlm"`` or ``"muq"``, whose weights
            must have been fetched; ``"distillmos"``, of speech, whose package must have been installed; or one that
            another package adds (see ``qamro.encoders.registry``).
        **options: Passed on, for example ``device="cuda"``.

    Raises:
        ValueError: There is no such encoder.
        WeightsError: Its weights are not on this machine; the message says how to fetch them.
    """
    from qamro.encoders.registry import encoder_entry
    from qamro.plugins import opened

    return opened(encoder_entry(name).vectors)(**options)


def __getattr__(name: str) -> Any:
    """Imports an encoder when it is first asked for: each brings heavy libraries along."""
    return imported(__name__, _HOMES, name)
