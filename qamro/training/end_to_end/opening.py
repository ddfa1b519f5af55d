"""Opens the encoders that can be trained together with heads, by name."""

from __future__ import annotations

from pathlib import Path

from qamro.checkpoints import AUDIOBOX, CLAP, TOKENIZER, WAVLM, require
from qamro.training.end_to_end.tower import Tower

TRAINABLE = ("clap", "audiobox", "wavlm")
"""What ``open_tower`` knows."""


def open_tower(name: str, weights: Path | None = None, tokenizer: Path | None = None) -> Tower:
    """Opens an encoder as a trainable tower, on the CPU.

    Args:
        name: ``"clap"`` (sound and prompt), ``"audiobox"`` or ``"wavlm"`` (sound).
        weights: CLAP's checkpoint file, or the others' folder; without it, the published weights, which must have been
            fetched.
        tokenizer: Folder of roberta-base's tokenizer, for CLAP; without it, the published one, likewise.

    Raises:
        ValueError: There is no such encoder, or it cannot be trained.
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file that was named is missing.
    """
    if name == "clap":
        from qamro.training.end_to_end.clap_tower import ClapTower

        tokens = tokenizer if tokenizer is not None else require(TOKENIZER)[0].parent
        return ClapTower.from_checkpoint(weights if weights is not None else require(CLAP)[0], tokens)
    if name == "audiobox":
        from qamro.training.end_to_end.audiobox_tower import AudioboxTower

        return AudioboxTower.from_checkpoint(weights if weights is not None else require(AUDIOBOX)[-1].parent)
    if name == "wavlm":
        from qamro.training.end_to_end.wavlm_tower import WavlmTower

        return WavlmTower.from_checkpoint(weights if weights is not None else require(WAVLM)[0].parent)
    raise ValueError(f"{name!r} cannot be trained end to end; choose one of {', '.join(TRAINABLE)}")
