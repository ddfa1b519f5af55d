"""The metrics at both levels of one axis, utterance and system, for the data and for every bootstrap draw."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from qamro.evaluation.bootstrap import DRAWS, Bootstrap, Resample
from qamro.evaluation.metrics import METRICS, Pairs
from qamro.evaluation.panels import DrawnMos
from qamro.evaluation.rating_matrix import RatingMatrix
from qamro.evaluation.recentre import PILOT, recentre
from qamro.evaluation.rounding import settle
from qamro.evaluation.sample import LEAST, LEVELS, ORDERS, Sample

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
