"""Finds a predictor by its name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from qamro.predictors.base import Predictor
from qamro.predictors.saved_names import PREFIX
from qamro.predictors.tuned import is_tuned, load_tuned


def _offline(
    *, heads: Path | str | None = None, device: str | None = None, precision: str = "float32", cache: bool = True
) -> Predictor:
    """Needs no weights to be fetched: LogMel is fixed features, always in float32 whatever ``precision`` says."""
    from qamro.encoders import LogMel
    from qamro.encoders.cached import CachedEncoder
    from qamro.heads.frame_bundle import is_frame_bundle
    from qamro.paths import bundled_weights
    from qamro.predictors.head_predictor import HeadPredictor

    if heads is not None and is_frame_bundle(heads):  # a dual-branch model says on its card what it needs
        return load("deramos", heads=heads, device=device, precision=precision, cache=cache)
    encoder = LogMel(device or "cpu")
    folder = heads or bundled_weights() / "offline"
    return HeadPredictor("offline", CachedEncoder(encoder) if cache else encoder, folder)


def _elsewhere(module: str, function: str) -> Callable[..., Predictor]:
    def load_it(**options: Any) -> Predictor:
        return getattr(import_module(module), function)(**options)

    return load_it


LOADERS: dict[str, Callable[..., Predictor]] = {
    "offline": _offline,
    "clap": _elsewhere("qamro.predictors.clap", "load_clap"),
    "audiobox": _elsewhere("qamro.predictors.audiobox", "load_audiobox"),
    "full": _elsewhere("qamro.predictors.full", "load_full"),
    "deramos": _elsewhere("qamro.predictors.deramos", "load_deramos"),
    "auto": _elsewhere("qamro.predictors.full", "load_auto"),
}
"""For each predictor, what makes it; called only when asked for, since most bring heavy libraries."""


def load(name: str = "offline", **options: Any) -> Predictor:
    """Loads a predictor.

    Args:
        name: ``"offline"``: LogMel features and small heads that ship with the project. ``"clap"``: MI and TA on
            LAION-CLAP. ``"audiobox"``: PQ, PC, CE and CU of Audiobox-Aesthetics. ``"full"``: all six on both.
            ``"deramos"``: MI and TA by a dual-branch model on frames; one on LogMel ships with the project.
            ``"auto"``: full where its weights are on this machine, else offline; ``note`` says which.
            ``"saved:NAME"``: what was kept under a name (see ``qamro.predictors.saved``): heads, heads with their
            encoder, a dual-branch model.
        **options: Passed on, for example ``device="cuda"`` or ``heads="folder"`` (heads of your own;
            those that were trained together with their encoder bring it, whatever the name).

    Raises:
        ValueError: There is no such predictor.
        WeightsError: Its weights are not on this machine; the message says how to fetch them.
    """
    if name.startswith(PREFIX):
        from qamro.predictors.saved_loading import load_saved

        return load_saved(name, **options)
    if name in LOADERS and is_tuned(options.get("heads")):
        return load_tuned(**options)
    if name not in LOADERS:
        raise ValueError(f"there is no predictor {name!r}; choose one of {', '.join(LOADERS)}")
    return LOADERS[name](**options)
