"""Moves bootstrap draws that hold new raters back to where draws of clips alone lie."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

PILOT = 200
"""From how many draws the distance is taken: both sides see the same clips, so few will do."""

_Scale = tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]


def _logit(share: np.ndarray) -> np.ndarray:
    return np.log(share) - np.log1p(-share)


def _share(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))


_FREE: dict[str, _Scale] = {
    **dict.fromkeys(("LCC", "SRCC", "KTAU"), (np.arctanh, np.tanh)),
    **dict.fromkeys(("ACC", "ACC_EQ"), (_logit, _share)),
    "MSE": (np.log, np.exp),
}
"""For each metric a scale without ends, and the way back, so that no draw leaves the metric's range."""


def recentre(metric: str, drawn: np.ndarray, same_raters: np.ndarray) -> np.ndarray:
    """Takes out of the draws what repeated raters do to their centre, and leaves their spread.

    MOS hold the noise of the raters who gave them. A panel that is drawn from these raters adds as much noise again, so
    every correlation comes out lower in the draws than in the data, and the percentiles would be about a noisier
    panel than the one that was asked. The median distance between draws of the same clips with and without new raters
    is that effect; all draws are moved back by it (a bias correction in the sense of Efron & Tibshirani 1993,
    section 10.4, on a scale where the metric has no ends).

    Args:
        metric: A key of ``METRICS``; one that is an event (top-1) stays as it is.
        drawn: The metric in every draw with new raters, shape (D,).
        same_raters: The metric in the first P draws with the MOS as they are, shape (P,).

    Returns:
        Draws in the metric's range, shape (D,); NaN stays NaN, and a perfect value stays perfect.
    """
    if metric not in _FREE or not same_raters.size:
        return drawn
    to, back = _FREE[metric]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        free = to(drawn)
        gaps = to(same_raters) - free[: same_raters.size]
        # Perfect against perfect is no distance; perfect against anything else is an endless one.
        gaps = gaps[~np.isnan(gaps)]
        shift = float(np.median(gaps)) if gaps.size else 0.0
        return np.where(np.isfinite(free), back(free + shift), drawn) if np.isfinite(shift) else drawn
