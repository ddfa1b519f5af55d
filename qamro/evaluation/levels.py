"""The metrics at both levels of one axis, utterance and system, for the data and for every bootstrap draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qamro.evaluation.bootstrap import Bootstrap
from qamro.evaluation.metrics import METRICS, Pairs, best

LEVELS = ("utterance", "system")
"""Clips one by one, and the mean over each system's clips."""


@dataclass(frozen=True)
class Sample:
    """Predicted and human scores of the same clips on one axis.

    Attributes:
        predictions: Predicted scores ŷ, shape (n,), finite.
        targets: MOS y, shape (n,), finite.
        systems: Name of each clip's system, "" where there is none, shape (n,).
    """

    predictions: np.ndarray
    targets: np.ndarray
    systems: np.ndarray

    def at(self, level: str) -> Sample:
        """The clips that count at a level: all of them, or those that have a system."""
        if level == "utterance":
            return self
        named = self.systems != ""
        return self if named.all() else Sample(self.predictions[named], self.targets[named], self.systems[named])

    @cached_property
    def system_means(self) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
        """Names of the systems (sorted), mean predictions, mean targets and numbers of clips, each of shape (K,)."""
        names, codes, counts = np.unique(self.systems, return_inverse=True, return_counts=True)
        means = [np.bincount(codes, weights=values) / counts for values in (self.predictions, self.targets)]
        return [str(name) for name in names], means[0], means[1], counts

    def pairs(self, level: str) -> Pairs:
        """What the metrics compare: clips, or systems."""
        if level == "utterance":
            return Pairs.of(self.predictions, self.targets)
        _, predictions, targets, _ = self.at(level).system_means
        return Pairs.of(predictions, targets)

    def measure(self, level: str, metrics: Iterable[str] = METRICS) -> dict[str, float]:
        """Returns the value of each metric; NaN where it is undefined."""
        pairs = self.pairs(level)
        if not pairs.predictions.size:
            return dict.fromkeys(metrics, float("nan"))
        return {key: float(METRICS[key].core(pairs)) for key in metrics}

    def resample(
        self, level: str, metrics: Iterable[str] = METRICS, *, draws: int = 1000, seed: int = 0
    ) -> dict[str, np.ndarray]:
        """Returns each metric's value in every bootstrap draw (see ``Bootstrap``).

        Returns:
            For each metric an array of shape (draws,); NaN where a draw has no value.
        """
        sample = self.at(level)
        found: dict[str, list[np.ndarray]] = {key: [np.empty(0)] for key in metrics}
        for drawn in Bootstrap(sample.systems, draws=draws, seed=seed):
            labels = None
            if level == "utterance":
                pairs = Pairs(sample.predictions, sample.targets, drawn.weights)
            else:
                pairs = Pairs(drawn.system_means(sample.predictions), drawn.system_means(sample.targets))
                labels = drawn.drawn
            for key, values in found.items():
                values.append(best.core(pairs, labels) if key == "TOP1" else METRICS[key].core(pairs))
        return {key: np.concatenate(values) for key, values in found.items()}
