"""Finds a predictor by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qamro.predictors.base import Predictor


def _offline(**options: Any) -> Predictor:
    from qamro.encoders import LogMel
    from qamro.paths import bundled_weights
    from qamro.predictors.head_predictor import HeadPredictor

    folder = options.pop("heads", None) or bundled_weights() / "offline"
    return HeadPredictor("offline", LogMel(**options), folder)


LOADERS: dict[str, Callable[..., Predictor]] = {
    "offline": _offline,
}
"""For each predictor, what makes it; called only when asked for, since most bring heavy libraries."""


def load(name: str = "offline", **options: Any) -> Predictor:
    """Loads a predictor.

    Args:
        name: ``"offline"``: LogMel features and small heads that ship with the project.
        **options: Passed on, for example ``device="cuda"`` or ``heads="folder"`` (heads of your own).

    Raises:
        ValueError: There is no such predictor.
    """
    if name not in LOADERS:
        raise ValueError(f"there is no predictor {name!r}; choose one of {', '.join(LOADERS)}")
    return LOADERS[name](**options)
