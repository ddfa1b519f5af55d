"""A predictor that costs nothing: it says how long a clip is and how loud, for tests of what stands around it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from qamro.predictors.base import Predictor, Score
from qamro.predictors.provenance import Provenance


class Counting(Predictor):
    """Predicts MI from the level; may write down which process scored, and be slow about it."""

    def __init__(self, log: Path | None = None, pause: float = 0.0, name: str = "counting") -> None:
        self.name, self.axes, self.sample_rate, self.batch_size = name, ("MI",), 8_000, 4
        self.provenance = {"MI": Provenance("zero-shot", "None r1", "level")}
        self._log, self._pause = log, pause

    def score(self, waveforms, prompts):
        time.sleep(self._pause)
        if self._log is not None:
            with self._log.open("a") as log:
                log.write(f"{os.getpid()} {len(waveforms)}\n")
        return [{"MI": Score(float(np.abs(wave.samples).max() * 4 + 1))} for wave in waveforms]
