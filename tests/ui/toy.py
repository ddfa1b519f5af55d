"""A tiny predictor that goes through the same door as the real ones: loudness and brightness as scores."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from qamro.axes import get_axis
from qamro.predictors import Predictor, Provenance, Score

SIMULATED = Provenance("simulated", "Loudness r1", "none", "nothing", "90 % interval, made up for a test")


class Toy(Predictor):
    """Scores are plain functions of the samples, so that a test can know them."""

    name = "offline"
    sample_rate = 16000

    def __init__(
        self, axes: tuple[str, ...] = ("MI", "TA", "PQ", "PC", "CE", "CU"), wait: float = 0.0, batch_size: int = 2
    ):
        self.axes, self.wait, self.batch_size = axes, wait, batch_size
        self.provenance = dict.fromkeys(axes, SIMULATED)
        self.scored = 0

    def score(self, waveforms, prompts: Sequence[str]) -> list[dict[str, Score]]:
        results = []
        for wave, prompt in zip(waveforms, prompts, strict=True):
            time.sleep(self.wait)
            self.scored += 1
            loud = float(np.sqrt(np.mean(np.square(wave.samples))))
            bright = float(np.mean(np.abs(np.diff(wave.samples))))
            results.append({})
            for i, axis in enumerate(self.axes):
                if axis == "TA" and not prompt:
                    continue
                low, high = get_axis(axis).low, get_axis(axis).high
                value = low + (high - low) * ((5 * loud + 3 * (i + 1) * bright) % 1)
                results[-1][axis] = Score(value, max(low, value - 0.4), min(high, value + 0.4))
        return results
