"""The predictor on LAION-CLAP: MI and TA, by trained heads where there are any, else zero-shot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qamro.paths import bundled_weights
from qamro.predictors.base import Predictor
from qamro.predictors.combined import Combined
from qamro.predictors.devices import best_device
from qamro.predictors.head_predictor import HeadPredictor


def load_clap(
    *,
    heads: Path | str | None = None,
    checkpoint: Path | str | None = None,
    tokenizer: Path | str | None = None,
    device: str | None = None,
    precision: str = "float32",
    cache: bool = True,
) -> Predictor:
    """Loads the predictor ``"clap"``.

    Args:
        heads: Folder of heads of your own, trained on this encoder; without it, heads that ship with the project are
            used if they were trained on this very checkpoint. Axes without a head are scored zero-shot.
        checkpoint: A checkpoint file of your own; without it, the published one, which must have been fetched.
        tokenizer: Folder of roberta-base's tokenizer; without it, the published one if it is here.
        device: Any torch device; without it, a GPU where there is one.
        precision: ``"float32"``, ``"bfloat16"``, ``"auto"``.
        cache: Keep embeddings on disk and use those that are there.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file or folder that was named is missing.
        ValueError: The heads belong to another encoder.
    """
    encoder = clap_encoder(checkpoint, tokenizer, device=device or best_device(), precision=precision, cache=cache)
    return Combined("clap", clap_parts(encoder, heads))


def clap_encoder(checkpoint: Path | str | None, tokenizer: Path | str | None, *, cache: bool, **options: Any) -> Any:
    """Returns the encoder, remembering its embeddings if asked to."""
    from qamro.checkpoints import TOKENIZER, require
    from qamro.encoders import Clap
    from qamro.encoders.cached import CachedEncoder

    if checkpoint is None and tokenizer is None:
        encoder = Clap.from_hub(**options)
    else:
        from qamro.checkpoints import CLAP

        folder = tokenizer if tokenizer is not None else require(TOKENIZER)[0].parent
        encoder = Clap.from_checkpoint(checkpoint or require(CLAP)[0], folder, **options)
    return CachedEncoder(encoder) if cache else encoder


def clap_parts(encoder: Any, heads: Path | str | None) -> list[Predictor]:
    """Returns the predictors that score MI and TA, those that are preferred first."""
    from qamro.predictors.zero_shot import ZeroShot

    zero_shot = ZeroShot(encoder)
    if heads is not None:
        return [HeadPredictor("clap", encoder, heads), zero_shot]
    shipped = bundled_weights() / "clap"
    try:
        return [HeadPredictor("clap", encoder, shipped), zero_shot] if shipped.is_dir() else [zero_shot]
    except ValueError:  # they were trained on the published checkpoint, and this is another one
        return [zero_shot]
