"""What each rater is like, and the clips' quality without the raters' quirks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.evaluation.raters.itu import MODELS, run
from qamro.evaluation.raters.tables import clip_table, rater_table
from qamro.evaluation.rating_matrix import rating_matrix

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

MIN_RATINGS = 3
"""Raters with fewer ratings of an axis are left out of a model: an inconsistency needs something to vary."""

RUNAWAY = 0.01
"""An inconsistency below this share of the median one is no person's: the likelihood has run away."""


class RatersUnknown(ValueError):  # noqa: N818 - reads as what happened
    """Nothing can be said about raters; the message says why."""


@dataclass(frozen=True)
class RaterModel:
    """What a rater model found on one axis. Intervals are 95 %.

    Attributes:
        model: ``"P.910"``, ``"P.913"`` or ``"BT.500"``.
        axis: The axis.
        raters: ``rater``, ``count`` (ratings), ``mean``, ``sd`` (of the rater's own scores), ``bias`` (points above
            the panel), ``bias_low``, ``bias_high``, ``inconsistency`` (standard deviation about bias and quality),
            ``inconsistency_low``, ``inconsistency_high``, ``rejected``. NaN where the model does not tell.
        clips: ``clip``, ``system``, ``count``, ``mos`` (plain mean), ``quality`` (recovered), ``quality_low``,
            ``quality_high``; NaN ends where a clip has a single rating.
        left_out: Raters with too few ratings for the model.
        runaway: Raters whom the maximum likelihood took for the truth itself. It has no maximum: a rater's weight can
            grow without bound while quality is pulled to that rater's scores, and where clips have few raters it does.
            Quality then comes from the other raters, and these raters are measured against it.
    """

    model: str
    axis: str
    raters: pd.DataFrame
    clips: pd.DataFrame
    left_out: list[str]
    runaway: list[str]


def rater_model(study: Study, axis: str, model: str = "P.910") -> RaterModel:
    """Fits a rater model (Li & Bampis 2017; Li et al. 2020, "A simple model for subject behavior").

    Args:
        study: Ratings by named raters.
        axis: The axis.
        model: A key of ``MODELS``.

    Raises:
        ValueError: There is no such model.
        KeyError: Nobody rated this axis.
        RatersUnknown: The ratings are anonymous, or fewer than two raters have enough ratings.
    """
    if model not in MODELS:
        raise ValueError(f"model is one of {', '.join(MODELS)}, not {model!r}")
    matrix = rating_matrix(study, axis)
    if matrix.anonymous:
        raise RatersUnknown(
            f"the ratings of {axis!r} in {study.name!r} are anonymous: nobody knows which scores come from one rater, "
            "so a rater's bias and consistency cannot be known"
        )
    enough = np.isfinite(matrix.scores).sum(axis=0) >= MIN_RATINGS
    if enough.sum() < 2:
        raise RatersUnknown(f"fewer than two raters gave {MIN_RATINGS} or more ratings of {axis!r}: nothing to compare")
    trusted = enough.copy()
    while True:
        rated = np.isfinite(matrix.scores[:, trusted]).any(axis=1)
        found = run(matrix.scores[np.ix_(rated, trusted)], model)
        away = _runaway(found)
        if not away.any() or (~away).sum() < 2:
            break
        trusted[np.flatnonzero(trusted)[away]] = False
    names, outside = np.array(matrix.raters), enough & ~trusted
    scores = matrix.scores[rated]
    return RaterModel(
        model,
        axis,
        rater_table(names, scores, found, trusted=trusted, outside=outside),
        clip_table(np.array(matrix.clips)[rated], matrix.systems[rated], scores[:, trusted], found),
        names[~enough].tolist(),
        names[outside].tolist(),
    )


def _runaway(found: dict[str, Any]) -> np.ndarray:
    spread = np.asarray(found.get("observer_inconsistency", []), dtype=float)
    return spread < RUNAWAY * np.median(spread) if spread.size else np.zeros(0, dtype=bool)
