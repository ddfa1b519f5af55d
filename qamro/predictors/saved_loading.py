"""Opens kept heads of every kind as predictors."""

from __future__ import annotations

from typing import Any

from qamro.predictors.base import Predictor
from qamro.predictors.saved import find
from qamro.predictors.saved_card import DamagedHeadsError, SavedHeads
from qamro.predictors.saved_names import PREFIX


def load_saved(key: str, *, encoder: Any = None, **options: Any) -> Predictor:
    """Opens kept heads as a predictor.

    Args:
        key: ``saved:<name>``.
        encoder: What ``shared_encoder`` made, if it is loaded already; of no use to heads that bring their own.
        **options: What its loader takes, for example ``device="cuda"``.

    Raises:
        ValueError: There are no such heads, or heads of another folder are asked for besides.
        DamagedHeadsError: They are damaged, or do not fit their encoder; the message names the folder and the remedy.
        WeightsError: The encoder's weights are not on this machine; the message says how to fetch them.
    """
    from safetensors import SafetensorError

    from qamro.checkpoints import WeightsError

    heads = find(key)
    if options.pop("heads", None) is not None:
        raise ValueError(f"{key} has heads of its own; leave the others away, or choose another predictor")
    if encoder is None and not heads.brings_encoder:
        try:
            encoder = shared_encoder(heads, **options)
        except ValueError as problem:
            raise DamagedHeadsError(heads.folder, problem, heads.command) from problem
    try:
        predictor = _open(heads, encoder, options)
    except (WeightsError, OSError, ValueError, KeyError, TypeError, SafetensorError) as problem:
        raise DamagedHeadsError(heads.folder, problem, heads.command) from problem
    predictor.note = heads.about
    return predictor


def encoder_key(heads: SavedHeads) -> str:
    """Returns a name that heads share whose encoder is the same; empty for those that bring their own."""
    if heads.brings_encoder:
        return ""
    return f"frames of {heads.encoder}" if heads.on_frames else heads.encoder


def shared_encoder(heads: SavedHeads, **options: Any) -> Any:
    """Makes the encoder of kept heads, which others may share (see ``encoder_key``).

    Raises:
        ValueError: This version knows no such encoder.
        WeightsError: Its weights are not on this machine; the message says how to fetch them.
    """
    if not heads.on_frames:
        return remembering_encoder(heads.encoder, **options)
    from qamro.encoders import frame_encoder

    return frame_encoder(heads.encoder, **options)


def remembering_encoder(name: str, **options: Any) -> Any:
    """Makes an encoder that heads can be trained on; what it embedded once it takes from the store.

    Args:
        name: As for ``qamro.encoders.load_encoder``.
        **options: Likewise.

    Raises:
        ValueError: There is no such encoder.
        WeightsError: Its weights are not on this machine; the message says how to fetch them.
    """
    from qamro.encoders import load_encoder
    from qamro.encoders.cached import CachedEncoder

    encoder = load_encoder(name, **options)
    return encoder if isinstance(encoder, CachedEncoder) else CachedEncoder(encoder)


def _open(heads: SavedHeads, encoder: Any, options: dict[str, Any]) -> Predictor:
    from qamro.predictors.deramos import DeraMos
    from qamro.predictors.head_predictor import HeadPredictor
    from qamro.predictors.tuned import load_tuned

    name = PREFIX + heads.name
    if heads.brings_encoder:
        return load_tuned(heads=heads.folder, name=name, **options)
    return (DeraMos if heads.on_frames else HeadPredictor)(name, encoder, heads.folder)
