"""The predictor of all six axes, and the choice of the best that this machine can run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qamro.checkpoints import WeightsError
from qamro.predictors.audiobox import AudioboxScores
from qamro.predictors.base import Predictor
from qamro.predictors.clap import clap_parts
from qamro.predictors.combined import Combined


def load_full(
    *,
    heads: Path | str | None = None,
    clap_checkpoint: Path | str | None = None,
    tokenizer: Path | str | None = None,
    audiobox_checkpoint: Path | str | None = None,
    **options: Any,
) -> Predictor:
    """Loads the predictor ``"full"``: MI and TA as ``"clap"``, PQ, PC, CE and CU as ``"audiobox"``.

    Args:
        heads: As for ``load_clap``.
        clap_checkpoint: A CLAP checkpoint file of your own.
        tokenizer: Folder of roberta-base's tokenizer.
        audiobox_checkpoint: A folder with Audiobox-Aesthetics of your own.
        **options: What both encoders take: ``device``, ``precision``, ``cache``.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file or folder that was named is missing.
        ValueError: The heads belong to another encoder.
    """
    from qamro.encoders.loading import audiobox, clap

    scores = AudioboxScores(audiobox(checkpoint=audiobox_checkpoint, **options))
    encoder = clap(checkpoint=clap_checkpoint, tokenizer=tokenizer, **options)
    return Combined("full", [*clap_parts(encoder, heads), scores])


def load_auto(**options: Any) -> Predictor:
    """Loads ``"full"`` where its weights are on this machine, else ``"offline"``; ``note`` says which, and why.

    Args:
        **options: What all predictors take: ``heads``, ``device``, ``precision``, ``cache``.
    """
    from qamro.checkpoints import is_ready, readable_size
    from qamro.predictors.loading import load
    from qamro.predictors.offers import NEEDS

    missing = [weights for weights in NEEDS["full"] if not is_ready(weights)]
    if not missing:
        try:
            return _noted(load("full", **options), "auto: full, since its weights are on this machine")
        except WeightsError as problem:
            return _noted(load("offline", **options), f"auto: offline, since full cannot be loaded ({problem})")
    names = ", ".join(f"{weights.name} ({readable_size(weights.size)})" for weights in missing)
    fetch = " ".join(weights.name for weights in missing)
    return _noted(
        load("offline", **options),
        f"auto: offline, since {names} is not on this machine; fetch with `python -m qamro weights fetch {fetch}`",
    )


def _noted(predictor: Predictor, note: str) -> Predictor:
    predictor.note = note
    return predictor
