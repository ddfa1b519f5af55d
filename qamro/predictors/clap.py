"""The predictor on LAION-CLAP: MI and TA, by trained heads where there are any, else zero-shot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qamro.paths import bundled_weights
from qamro.predictors.base import Combined, Predictor
from qamro.predictors.head_predictor import HeadPredictor
from qamro.predictors.hub_heads import from_variable, resolved


def load_clap(*, heads: Path | str | None = None, **options: Any) -> Predictor:
    """Loads the predictor ``"clap"``.

    Args:
        heads: Folder of heads of your own, trained on this encoder; without it, heads that ship with the project are
            used if they were trained on this very checkpoint. Axes without a head are scored zero-shot.
        **options: What ``qamro.encoders.loading.clap`` takes: ``checkpoint``, ``tokenizer``, ``device``, ``precision``,
            ``cache``.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file or folder that was named is missing.
        ValueError: The heads belong to another encoder.
    """
    from qamro.encoders.loading import clap

    return Combined("clap", clap_parts(clap(**options), heads))


def clap_parts(encoder: Any, heads: Path | str | None) -> list[Predictor]:
    """Returns the predictors of MI and TA, preferred ones first, and of preference where its head is here."""
    from qamro.predictors.preference import preference_parts
    from qamro.predictors.zero_shot import ZeroShot

    heads = heads if heads is not None else resolved(from_variable() or None)
    rest = [ZeroShot(encoder), *preference_parts(encoder)]
    if heads is not None:
        return [HeadPredictor("clap", encoder, heads), *rest]
    shipped = bundled_weights() / "clap"
    try:
        return [HeadPredictor("clap", encoder, shipped), *rest] if shipped.is_dir() else rest
    except ValueError:  # they were trained on the published checkpoint, and this is another one
        return rest
