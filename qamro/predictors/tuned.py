"""Predictors whose encoder was trained together with their heads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qamro.predictors.base import Predictor

TRAINED_WITH = "trained with the heads"
"""What a card says of such an encoder."""


def is_tuned(heads: Path | str | None) -> bool:
    """Whether a folder of heads brings the encoder that it was trained with."""
    if heads is None:
        return False
    from qamro.heads.card import CARD_FILE

    file = Path(heads) / CARD_FILE
    if not file.is_file():
        return False
    try:
        return TRAINED_WITH in json.loads(file.read_text("utf-8"))["encoder"]
    except (ValueError, KeyError, TypeError):  # no card: whoever opens it says so
        return False


def load_tuned(*, heads: Path | str, name: str = "tuned", **options: Any) -> Predictor:
    """Loads heads with their own encoder.

    Args:
        heads: The folder.
        name: What the predictor is called.
        **options: ``device``, ``precision``, ``cache``.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: Heads and encoder do not belong together.
        WeightsError: A file is damaged.
    """
    from qamro.encoders.tuned import open_tuned
    from qamro.predictors.head_predictor import HeadPredictor

    return HeadPredictor(name, open_tuned(heads, **options), heads)
