"""Predicted and human scores of the same clips, seen clip by clip and system by system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qamro.counts import count
from qamro.evaluation.metrics import METRICS, Pairs, calibrate_ties
from qamro.evaluation.rating_matrix import RatingMatrix
from qamro.evaluation.rounding import settle

LEVELS = ("utterance", "system")
"""Clips one by one, and the mean over each system's clips."""

_WHAT = {"utterance": "clip", "system": "system"}

ORDERS = tuple(key for key in METRICS if key != "MSE")
"""The metrics that are about an order; a squared error can be told of a single clip."""

LEAST = 3
"""Of fewer systems (or clips) there is no order to speak of: any two are in one order or the other."""

FEW = 8
"""What rests on fewer systems (or clips) is a hint, and every table and sentence says so."""


def hint(n: int, what: str) -> str:
    """What has to be said beside a number that rests on too few; empty where there are enough, or none.

    Args:
        n: How many there are.
        what: Of what, for example ``"system"``.

    Example:
        >>> hint(5, "system")
        '5 systems: a hint'
    """
    if not n or n >= FEW:
        return ""
    return f"{count(n, what)}: a hint"


def too_few(n: int, what: str) -> str:
    """Why nothing is said of an order; empty where there are enough.

    Example:
        >>> too_few(2, "system")
        '2 systems are too few for an order'
    """
    if n >= LEAST:
        return ""
    if not n:
        return "no systems are named" if what == "system" else f"no {what}s"
    return f"{count(n, what)} {'is' if n == 1 else 'are'} too few for an order"


def rests_on(level: str, n: int, metric: str = "SRCC") -> str:
    """What a number of a level rests on, with what has to be said of it where that is little.

    Args:
        level: ``"utterance"`` or ``"system"``.
        n: How many clips, or systems.
        metric: Key of ``METRICS``: of two systems there is no order, but there is an error.

    Example:
        >>> rests_on("system", 12), rests_on("system", 5), rests_on("system", 2)
        ('12 systems', '5 systems: a hint', '2 systems are too few for an order')
    """
    what = _WHAT[level]
    return (metric in ORDERS and too_few(n, what)) or hint(n, what) or count(n, what)


@dataclass(frozen=True)
class Sample:
    """Predicted and human scores of the same clips on one axis.

    Attributes:
        predictions: Predicted scores ŷ, shape (n,), finite.
        targets: MOS y, shape (n,), finite.
        systems: Name of each clip's system, "" where there is none, shape (n,).
        ratings: The ratings behind the MOS, row by row the same clips, to draw raters too; None leaves raters alone.
    """

    predictions: np.ndarray
    targets: np.ndarray
    systems: np.ndarray
    ratings: RatingMatrix | None = None

    def at(self, level: str) -> Sample:
        """The clips that count at a level: all of them, or those that have a system."""
        if level == "utterance":
            return self
        named = self.systems != ""
        if named.all():
            return self
        ratings = None if self.ratings is None else self.ratings.rows(named)
        return Sample(self.predictions[named], self.targets[named], self.systems[named], ratings)

    @cached_property
    def system_means(self) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
        """Names of the systems (sorted), mean predictions, mean targets and numbers of clips, each of shape (K,)."""
        names, codes, counts = np.unique(self.systems, return_inverse=True, return_counts=True)
        means = [settle(np.bincount(codes, weights=values) / counts) for values in (self.predictions, self.targets)]
        return [str(name) for name in names], means[0], means[1], counts

    def pairs(self, level: str) -> Pairs:
        """What the metrics compare: clips, or systems."""
        if level == "utterance":
            return Pairs.of(self.predictions, self.targets)
        _, predictions, targets, _ = self.at(level).system_means
        return Pairs.of(predictions, targets)

    def epsilon(self, level: str) -> float:
        """Up to which difference of predictions two clips (or systems) are best called a tie."""
        return self._utterance_epsilon if level == "utterance" else self._system_epsilon

    @cached_property
    def _utterance_epsilon(self) -> float:
        return calibrate_ties(self.predictions, self.targets)

    @cached_property
    def _system_epsilon(self) -> float:
        return calibrate_ties(*self.at("system").system_means[1:3])

    def size(self, level: str) -> int:
        """How many clips, or systems, a level compares."""
        return int(self.targets.size) if level == "utterance" else len(self.at("system").system_means[0])

    def doubts(self, level: str) -> str:
        """What has to be said beside every number of a level that rests on too few; empty where there are enough."""
        return hint(self.size(level), _WHAT[level])

    def too_few(self, level: str) -> str:
        """Why nothing is said of a level's order; empty where there are enough."""
        return too_few(self.size(level), _WHAT[level])

    def why_undefined(self, level: str) -> str:
        """Why a level has no order to measure; empty where it has one."""
        return self.too_few(level) or self.pairs(level).why_unranked()

    def measure(self, level: str, metrics: Sequence[str] = tuple(METRICS)) -> dict[str, float]:
        """Returns the value of each metric; NaN where it is undefined, as every measure of order is below ``LEAST``."""
        pairs = self.pairs(level)
        values = dict.fromkeys(metrics, float("nan"))
        if not pairs.predictions.size:
            return values
        if "ACC_EQ" in metrics:
            pairs = replace(pairs, epsilon=self.epsilon(level))
        known = [key for key in metrics if pairs.predictions.size >= LEAST or key not in ORDERS]
        return values | {key: float(METRICS[key].core(pairs)) for key in known}
