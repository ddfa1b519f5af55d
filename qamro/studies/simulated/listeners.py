"""The panel: simulated listeners who are biased, use the scale in their own way, are inconsistent and skip clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import AXES
from qamro.studies.simulated.composition import Prompt
from qamro.studies.simulated.randomness import generator
from qamro.studies.simulated.streaming import clip_name
from qamro.studies.simulated.systems import System

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Listener:
    """One simulated listener.

    Attributes:
        index: The number of the listener in the panel, from 0.
        bias: Shift of all ratings, as a share of the scale's range.
        axis_bias: Further shift on each axis, as a share of the range.
        gain: Use of the scale: above 1 the listener favours its ends, below 1 its middle.
        inconsistency: Standard deviation of the listener's error, as a share of the range.
        skips: Probability of not rating a clip at all.
    """

    index: int
    bias: float
    axis_bias: Mapping[str, float]
    gain: float
    inconsistency: float
    skips: float

    @property
    def name(self) -> str:
        """The rater's name, ``L01`` for the first."""
        return f"L{self.index + 1:02d}"


def draw_listener(index: int, seed: int = 0) -> Listener:
    """Draws listener number ``index`` of a seed; it is the same however many others are drawn.

    Bias is normal with a deviation of .06, that of an axis of .03; gain is log-normal around 1 with .15;
    inconsistency is log-normal around .10 with .30; the probability of skipping is uniform from 0 to .2.
    """
    rng = generator(seed, "listener", index)
    return Listener(
        index,
        bias=float(0.06 * rng.standard_normal()),
        axis_bias={axis: float(0.03 * rng.standard_normal()) for axis in AXES},
        gain=float(np.exp(0.15 * rng.standard_normal())),
        inconsistency=float(0.10 * np.exp(0.30 * rng.standard_normal())),
        skips=float(rng.uniform(0, 0.2)),
    )


def rate(listener: Listener, system: System, prompts: Sequence[Prompt], true: np.ndarray, seed: int = 0) -> np.ndarray:
    """Lets a listener rate one system's clips.

    With true score y on a scale with middle m and range R, the rating is
    ``m + gain (y - m) + (bias + axis_bias + inconsistency ε) R``, ε standard normal, rounded to a whole
    number and kept on the scale.

    Args:
        listener: Who rates.
        system: Whose clips they are.
        prompts: The clips' prompts, N of them.
        true: True scores, shape (N, 6), axes in the order of ``qamro.axes.AXES``.
        seed: The study's seed.

    Returns:
        Ratings, shape (N, 6); a clip that the listener skipped is a row of NaN.
    """
    low = np.array([axis.low for axis in AXES.values()])
    high = np.array([axis.high for axis in AXES.values()])
    shift = listener.bias + np.array([listener.axis_bias[axis] for axis in AXES])
    draws = [generator(seed, "rating", listener.index, system.index, prompt.index) for prompt in prompts]
    skipped = np.array([rng.random() < listener.skips for rng in draws], dtype=bool)
    errors = np.array([rng.standard_normal(len(AXES)) for rng in draws]).reshape(len(draws), len(AXES))
    middle = (low + high) / 2
    heard = middle + listener.gain * (true - middle) + (shift + listener.inconsistency * errors) * (high - low)
    ratings = np.clip(np.round(heard), low, high)
    ratings[skipped] = np.nan
    return ratings


def rate_all(
    systems: Sequence[System],
    prompts: Sequence[Prompt],
    panel: Sequence[Listener],
    scores: pd.DataFrame,
    seed: int = 0,
) -> pd.DataFrame:
    """Lets a panel rate every clip.

    Args:
        systems: The systems.
        prompts: The prompts.
        panel: The listeners.
        scores: True scores: clip names as index, the six axes as columns.
        seed: The study's seed.

    Returns:
        Ratings: ``clip``, ``rater``, ``axis``, ``score``; what a listener skipped is left out.
    """
    import pandas as pd

    rows = []
    for system in systems:
        names = [clip_name(system, prompt) for prompt in prompts]
        true = scores.loc[names, list(AXES)].to_numpy()
        for listener in panel:
            for name, ratings in zip(names, rate(listener, system, prompts, true, seed), strict=True):
                rows += [(name, listener.name, axis, score) for axis, score in zip(AXES, ratings, strict=True)]
    return pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]).dropna().reset_index(drop=True)
