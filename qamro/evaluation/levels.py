"""One axis at both levels, utterance and system: scores, and the metrics of the data and of every draw."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qamro.counts import count
from qamro.evaluation.bootstrap import DRAWS, Bootstrap, Resample, settle
from qamro.evaluation.metrics import METRICS, Pairs, calibrate_ties
from qamro.evaluation.rater_bootstrap import PILOT, DrawnMos, RatingMatrix, recentre

# Predicted and human scores of the same clips, seen clip by clip and system by system.

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


THREADS = 2
"""How many samples and levels are worked out side by side: what they answer does not depend on it, memory does."""

Draws = dict[str, dict[str, np.ndarray]]
"""For each level and metric the value in every bootstrap draw, shape (draws,); NaN where a draw has none."""


def resample(
    samples: Sequence[Sample],
    metrics: Sequence[str] = tuple(METRICS),
    *,
    levels: Sequence[str] = LEVELS,
    draws: int = DRAWS,
    seed: int = 0,
    centred: bool = True,
) -> list[Draws]:
    """Computes the metrics in every bootstrap draw (see ``Bootstrap``).

    Samples of the same clips (several axes, several predictors) see the same draws: what they answer is paired. The
    noise of independent ratings is in the clips' MOS, and drawing clips holds it. What it does not hold is that all
    clips were rated by one panel: samples with ``ratings`` get a new panel in each draw. Drawn panels repeat raters, so
    their MOS are noisier than the real ones; ``recentre`` takes out what that does to the metrics.

    Args:
        samples: Predicted and human scores.
        metrics: Keys of ``METRICS``.
        levels: ``"utterance"``, ``"system"`` or both.
        draws: Number of draws.
        seed: Seed of the draws.
        centred: Whether to ``recentre`` draws with new panels; without it they are as computed.

    Returns:
        One entry for each sample.
    """
    found: list[dict[str, dict[str, list[np.ndarray]]]] = [
        {level: {key: [np.empty(0)] for key in metrics} for level in levels} for _ in samples
    ]
    # Samples and levels that rest on the same clips share the drawing, which costs as much as a metric.
    shared: dict[bytes, list[tuple[int, str, Sample]]] = {}
    pilots: dict[tuple[int, str], dict[str, np.ndarray]] = {}
    for i, sample in enumerate(samples):
        for level in levels:
            used = sample.at(level)
            shared.setdefault("\0".join(used.systems).encode(), []).append((i, level, used))
    with ThreadPoolExecutor(THREADS) as pool:
        for uses in shared.values():
            ratings = {id(sample.ratings): sample.ratings for _, _, sample in uses if sample.ratings is not None}
            sources = {which: np.random.default_rng([seed, 1]) for which in ratings}
            for batch, drawn in enumerate(Bootstrap(uses[0][2].systems, draws=draws, seed=seed)):
                size, again = len(drawn.drawn), None
                if ratings and centred and not batch:
                    # The same clips with the raters as they are go through the metrics along with the others.
                    again = drawn.and_again(PILOT)
                panels = _panels([sample for _, _, sample in uses], ratings, sources, (drawn, again), pool)

                def answer(
                    use: tuple[int, str, Sample],
                    drawn: Resample = drawn,
                    again: Resample | None = again,
                    panels: dict[tuple[int, bytes], DrawnMos] = panels,
                ) -> dict[str, np.ndarray]:
                    _, level, sample = use
                    if sample.ratings is None:
                        return _answers(sample, level, metrics, drawn, DrawnMos(sample.targets))
                    return _answers(sample, level, metrics, again or drawn, panels[_panel_of(sample)])

                for (i, level, _), answers in zip(uses, pool.map(answer, uses), strict=True):
                    for key, value in answers.items():
                        found[i][level][key].append(value[:size])
                        if value.size > size:
                            pilots.setdefault((i, level), {})[key] = value[size:]
    return [
        {
            level: {
                key: recentre(key, np.concatenate(parts), pilots.get((i, level), {}).get(key, np.empty(0)))
                for key, parts in values.items()
            }
            for level, values in each.items()
        }
        for i, each in enumerate(found)
    ]


def _panel_of(sample: Sample) -> tuple[int, bytes]:
    """Samples with the same ratings and MOS, those of several predictors, see the same panels."""
    return id(sample.ratings), sample.targets.tobytes()


def _panels(
    samples: Sequence[Sample],
    ratings: dict[int, RatingMatrix],
    sources: dict[int, np.random.Generator],
    drawn: tuple[Resample, Resample | None],
    pool: ThreadPoolExecutor,
) -> dict[tuple[int, bytes], DrawnMos]:
    """Draws panels for every axis; each has random numbers of its own, so it does not matter who comes first."""
    size = len(drawn[0].drawn)
    fresh = dict(zip(ratings, pool.map(lambda w: DrawnMos.of(ratings[w], size, sources[w]), ratings), strict=True))
    wanted = {_panel_of(sample): sample.targets for sample in samples if sample.ratings is not None}

    def make(which: tuple[int, bytes]) -> DrawnMos:
        mos, again = fresh[which[0]], drawn[1]
        return mos.coded if again is None else mos.and_of(wanted[which], len(again.drawn) - size).coded

    return dict(zip(wanted, pool.map(make, wanted), strict=True))


def _answers(
    sample: Sample, level: str, metrics: Sequence[str], drawn: Resample, panel: DrawnMos
) -> dict[str, np.ndarray]:
    # The tie threshold stays that of the data: a draw of its own would tune it again.
    epsilon = sample.epsilon(level) if "ACC_EQ" in metrics else None
    predictions, targets, rated, weights = sample.predictions, panel.targets, panel.heard, drawn.weights
    if rated is not None:
        weights = weights * rated
    lost: np.ndarray | None = None
    if level == "utterance":
        pairs = Pairs(predictions, targets, weights, epsilon=epsilon, coded=panel.levels)
    else:
        means = [drawn.system_means(scores) for scores in (predictions, targets)]
        if rated is not None:
            share = drawn.system_means(rated.astype(float))
            lost = (share == 0).any(axis=1)
            heard = np.where(share > 0, share, 1.0)
            means = [drawn.system_means(predictions * rated) / heard, means[1] / heard]
        pairs = Pairs(settle(means[0]), settle(means[1]), labels=drawn.drawn, epsilon=epsilon)
    values = {key: METRICS[key].core(pairs) for key in metrics}
    if sample.size(level) < LEAST:
        values |= {key: np.full(values[key].shape, np.nan) for key in metrics if key in ORDERS}
    return values if lost is None else {key: np.where(lost, np.nan, value) for key, value in values.items()}
