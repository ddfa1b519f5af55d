"""Preferences: systems ranked from votes on pairs by Bradley and Terry's model with ties and a side effect.

A voter hears system a first (or on the left) and b second and says a, b, or tie. The log-odds are Davidson's (1970)
with the side effect of Davidson and Beaver (1977)::

    a : theta_a + side        b : theta_b        tie : (theta_a + theta_b) / 2 + tie

"Both bad" says that neither is better: it counts as a tie here and is told apart in every table. Uncertainty comes from
drawing raters and prompts anew, so votes of one person, or on one prompt, are not taken for independent ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.crossed import Crossed, pair_differences, runs

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

WINNERS = ("a", "b", "tie", "both_bad")

_FAR = 15.0
"""Log-odds beyond this (one in three million) are those of votes that leave a parameter infinite."""

LEVEL = 1e-9
"""Scores closer than this are one."""
_SURELY = 0.25
"""Share of the variance of single votes below which the draws of a few raters are not believed."""
_RIDGE = 0.1
"""Weight of the prior N(0, 1 / ridge) where votes alone leave a parameter infinite: a system that never lost."""


@dataclass(frozen=True)
class Ranking:
    """Systems ranked by votes.

    Attributes:
        table: One row a system, best first: ``system``, ``score`` (theta, in log-odds: a difference of 1 is a chance of
            73 % among decided votes), ``low``, ``high``, ``rank_low``, ``rank_high`` (places that the data leave open,
            at once for all systems), ``votes``, ``wins``, ``losses``, ``ties``, ``both_bad``.
        pairs: One row for every two systems: ``first``, ``second``, ``difference``, ``low``, ``high`` (simultaneous
            over all pairs), ``differ``.
        votes: Number of votes.
        side: Advantage of side a in log-odds, with ``side_low`` and ``side_high``.
        tie: Log-odds of a tie between equals against a win; minus infinity without ties.
        fit_p: Chance of votes that fit the model no better, from simulated votes of the fitted model; low where
            strengths on one line do not tell the votes. NaN where only the prior holds a strength: it does not fit.
        cycles: Triples a > b > c > a by majority, and how many the fitted model expects.
        triples: Triples in which all three pairs were voted on.
        separated: Whether something is finite only by the prior, because a system (or a side) never won or never lost.
        level: Coverage of all intervals.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    votes: int
    side: float
    side_low: float
    side_high: float
    tie: float
    fit_p: float
    cycles: int
    cycles_expected: float
    triples: int
    separated: bool
    level: float

    @property
    def groups(self) -> list[list[str]]:
        """Systems beside each other in the order of which no two are told apart, two or more a group."""
        order = self.table["system"].tolist()
        place = {name: k for k, name in enumerate(order)}
        differ = np.zeros((len(order), len(order)), dtype=bool)
        for row in self.pairs[self.pairs["differ"]].itertuples():
            one, two = place[row.first], place[row.second]
            differ[one, two] = differ[two, one] = True
        return [order[first : last + 1] for first, last in runs(differ)]

    def chance(self, first: str, second: str) -> float:
        """Chance that a decided vote goes to the first of two systems, without a side effect."""
        score = self.table.set_index("system")["score"]
        return float(1 / (1 + np.exp(score[second] - score[first])))

    def as_dict(self) -> dict[str, Any]:
        """Returns everything, ready for JSON: what is not finite becomes None."""
        from qamro.evaluation.evaluate import records

        return {
            "n_votes": self.votes,
            "level": self.level,
            "systems": records(self.table),
            "pairs": records(self.pairs),
            "not_told_apart": self.groups,
            "side": {"value": self.side, "low": self.side_low, "high": self.side_high},
            "tie": self.tie if np.isfinite(self.tie) else None,
            "fit_p": self.fit_p if np.isfinite(self.fit_p) else None,
            "cycles": {"found": self.cycles, "expected": self.cycles_expected, "triples": self.triples},
            "separated": self.separated,
        }


def rank(
    votes: pd.DataFrame, *, reference: str = "", side: bool = True, level: float = 0.95, draws: int = 500, seed: int = 0
) -> Ranking:
    """Ranks systems by votes on pairs.

    Args:
        votes: A row a vote: ``system_a``, ``system_b``, ``winner`` (``"a"``, ``"b"``, ``"tie"`` or ``"both_bad"``) and,
            where known, ``rater`` and ``prompt``.
        reference: A system whose score is 0; without one the mean is, each system weighed by its votes, so that one
            with four votes does not move all the others.
        side: Whether to estimate the advantage of side a; it is 0 where no pair stood both ways round.
        level: Coverage of the intervals.
        draws: Bootstrap draws.
        seed: Their seed.

    Raises:
        ValueError: A column is missing, a winner is none of the four, a system meets itself, there are no votes, or
            they fall into groups of systems that never met; the message names the row or the groups.
    """
    import pandas as pd

    names, codes, outcome = _checked(votes)
    if reference and reference not in names:
        raise ValueError(f"the reference {reference!r} got no vote; the systems are {', '.join(names)}")
    cells = _Cells.of(codes, outcome, len(names))
    groups = _groups(cells, len(names))
    if len(groups) > 1:
        told = "; ".join(
            ", ".join(names[i] for i in group[:4]) + ("…" if len(group) > 4 else "") for group in groups[:3]
        )
        raise ValueError(f"these groups of systems never met, so nothing ranks one against another: {told}")
    model = _Model(cells, len(names), side and _both_ways(cells, len(names)))
    params = model.fit(cells.counts[None], ridge=0.0)[0]
    separated = bool(np.abs(params).max() > _FAR)
    if separated:
        params = model.fit(cells.counts[None], ridge=_RIDGE)[0]
    rng = np.random.default_rng(seed)
    crossed = Crossed.of(votes)
    drawn = model.fit_near(params, cells.drawn(crossed, draws, rng))
    if separated:  # what only the prior holds hardly varies between draws: the model's own doubt is added
        covariance = np.linalg.inv(model.hessian(params, cells.counts, _RIDGE))
        drawn = drawn + rng.multivariate_normal(np.zeros(len(params)), covariance, size=draws)
    drawn = _at_least(drawn, model.doubt(params, cells.counts), rng)
    weights = np.eye(len(names))[names.index(reference)] if reference else np.bincount(codes.ravel()) / codes.size
    theta = params[: len(names)] - params[: len(names)] @ weights
    theta[np.abs(theta) < LEVEL] = 0.0
    all_theta = drawn[:, : len(names)] - (drawn[:, : len(names)] @ weights)[:, None]
    tail = crossed.tail(level)
    spread = all_theta.std(axis=0, ddof=1)
    pairs = pair_differences(names, theta, all_theta, level, crossed)
    better = np.zeros((len(names), len(names)), dtype=bool)
    place = {name: k for k, name in enumerate(names)}
    for row in pairs[pairs["differ"]].itertuples():
        one, two = place[row.first], place[row.second]
        better[(one, two) if row.difference > 0 else (two, one)] = True
    table = pd.DataFrame(
        {
            "system": names,
            "score": theta,
            "low": theta - tail * spread,
            "high": theta + tail * spread,
            "rank_low": 1 + better.sum(axis=0),
            "rank_high": len(names) - better.sum(axis=1),
            **_tally(codes, outcome, len(names)),
        }
    ).sort_values("score", ascending=False, kind="stable", ignore_index=True)
    side_value, side_spread = float(params[-2]), float(drawn[:, -2].std(ddof=1))
    cycles, triples = _cycles(cells.counts[None], cells, len(names))
    simulated = model.simulate(params, min(draws, 200), rng)
    worse = model.deviance(simulated, model.fit_near(params, simulated)) >= model.deviance(
        cells.counts[None], params[None]
    )
    return Ranking(
        table,
        pairs,
        len(votes),
        side_value,
        side_value - tail * side_spread,
        side_value + tail * side_spread,
        float(params[-1]) if model.ties else float("-inf"),
        float("nan") if separated else float((1 + worse.sum()) / (1 + worse.size)),
        int(cycles[0]),
        float(_cycles(simulated, cells, len(names))[0].mean()),
        triples,
        separated,
        level,
    )


def _at_least(drawn: np.ndarray, own: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Widens bootstrap draws that hardly vary to the doubt of as many votes by themselves.

    A few raters who happen to agree in their shares of votes say nothing about others, and drawing them anew would
    leave no doubt at all.
    """
    there = np.diag(own) > 0
    found = np.cov(drawn.T)
    if (np.diag(found)[there] >= _SURELY * np.diag(own)[there]).all():
        return drawn
    values, vectors = np.linalg.eigh(own - found)
    lift = (vectors * np.maximum(values, 0)) @ vectors.T
    return drawn + rng.multivariate_normal(np.zeros(len(own)), lift, size=len(drawn))


def asked(study: Study, axis: str = "") -> pd.DataFrame:
    """Returns the votes on one question.

    Args:
        study: A study with votes.
        axis: The question; empty where there is one only.

    Raises:
        ValueError: The study has no votes, none on this axis, or on several and none was named.
    """
    if study.votes is None:
        raise ValueError(
            f"{study.name} holds {count(len(study.ratings), 'rating')} of single clips and no votes between pairs"
        )
    axes = sorted(map(str, study.votes["axis"].unique()))
    if axis and axis not in axes:
        raise ValueError(f"{study.name} has votes on {', '.join(axes)}, not on {axis!r}")
    if not axis and len(axes) > 1:
        raise ValueError(f"{study.name} has votes on {', '.join(axes)}; name one")
    return study.votes[study.votes["axis"] == (axis or axes[0])].reset_index(drop=True)


def votes_of(study: Study, axis: str = "") -> tuple[pd.DataFrame, list[str]]:
    """Takes a study's votes as ``rank`` reads them.

    Args:
        study: A study with votes.
        axis: The question; empty where there is one only.

    Returns:
        The votes with the column ``prompt`` (of the first clip, empty where unknown), systems named by their clips
        where no system is known; and sentences about what that changed and what was left out.

    Raises:
        ValueError: As ``asked``.
    """
    votes, notes = asked(study, axis), list[str]()
    prompts = study.clips.set_index("clip")["prompt"]
    votes = votes.assign(prompt=prompts.reindex(votes["clip_a"]).fillna("").to_numpy())
    if not (votes["system_a"] != "").any() and not (votes["system_b"] != "").any():
        votes = votes.assign(system_a=votes["clip_a"], system_b=votes["clip_b"])
        notes.append("No system is named, so clips are ranked by themselves.")
    nameless = (votes["system_a"] == "") | (votes["system_b"] == "")
    alike = (votes["system_a"] == votes["system_b"]) & ~nameless
    if nameless.any():
        notes.append(f"{count(int(nameless.sum()), 'vote')} on a clip whose system is not named left out.")
    if alike.any():
        notes.append(f"{count(int(alike.sum()), 'vote')} between two clips of one system left out.")
    return votes[~nameless & ~alike].reset_index(drop=True), notes


def next_pair(
    votes: pd.DataFrame, systems: list[str], *, among: list[tuple[str, str]] | None = None
) -> tuple[str, str]:
    """Chooses the pair whose vote is expected to tell most about the ranking.

    What a vote tells is the expected fall of the entropy of "which of the two is better", summed over all pairs of
    systems: where an order is settled, a further vote tells little, and a vote on one pair also tells of others. (What
    a vote tells of the strengths themselves, the usual criterion, saved next to nothing for their order in simulated
    arenas whose strengths spread by one log-odd.)

    Args:
        votes: The votes so far, as for ``rank``; may be empty.
        systems: All systems.
        among: Pairs to choose from; None takes every two systems.

    Returns:
        The two systems; of pairs that tell the same the first in the order of ``systems``.

    Raises:
        ValueError: There are fewer than two systems, or a vote is not valid.
    """
    if len(systems) < 2:
        raise ValueError("a pair needs two systems")
    place = {name: k for k, name in enumerate(systems)}
    params, covariance, ties = _posterior(votes, systems)
    theta, cov = params[: len(systems)], covariance[: len(systems), : len(systems)]
    choice = among or [(a, b) for i, a in enumerate(systems) for b in systems[i + 1 :]]
    asked = np.array([[place[name] for name in pair] for pair in choice])
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    weights = weights / weights.sum()
    middle, spread = _gaps(theta, cov, asked)
    gap = middle[:, None] + spread[:, None] * nodes
    options = np.stack([gap / 2, -gap / 2, np.full_like(gap, params[-1] if ties else -np.inf)])
    chance = np.exp(options - options.max(axis=0))
    chance /= chance.sum(axis=0)
    own = (_entropy(chance @ weights) - _entropy(chance) @ weights) * _undecided(middle, spread)
    best = np.sort(np.argsort(-own, kind="stable")[:_LOOKED_AT])
    left = np.array([_order_left(theta, cov, asked[k], chance[:, k] * weights, nodes) for k in best])
    return choice[int(best[np.argmin(left.round(12))])]


_LOOKED_AT = 60
"""So many pairs are looked at closely, those whose own vote tells most of their own order."""


def _gaps(theta: np.ndarray, cov: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the differences of pairs."""
    one, two = pairs[:, 0], pairs[:, 1]
    variance = cov[one, one] + cov[two, two] - 2 * cov[one, two]
    return theta[one] - theta[two], np.sqrt(np.maximum(variance, 1e-12))


def _undecided(middle: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Entropy of which of two is better."""
    from scipy.special import ndtr

    first = ndtr(middle / spread)
    return _entropy(np.stack([first, 1 - first]))


def _order_left(theta: np.ndarray, cov: np.ndarray, asked: np.ndarray, joint: np.ndarray, nodes: np.ndarray) -> float:
    """Expected entropy of all orders after a vote on one pair.

    Args:
        theta: Strengths, shape (K,).
        cov: Their covariance, shape (K, K).
        asked: The two systems, shape (2,).
        joint: Chance of each outcome together with each node of the pair's difference, shape (3, Q).
        nodes: The nodes, in standard deviations of the difference from its mean, shape (Q,).
    """
    outcome = joint.sum(axis=1)
    known = outcome > 1e-9
    outcome, joint = outcome[known], joint[known]
    (middle,), (spread,) = _gaps(theta, cov, asked[None])
    gap = middle + spread * nodes
    mean = joint @ gap / outcome
    variance = joint @ gap**2 / outcome - mean**2
    pairs = np.stack(np.triu_indices(theta.size, 1), axis=1)
    shared = cov[:, asked[0]] - cov[:, asked[1]]
    follows = (shared[pairs[:, 0]] - shared[pairs[:, 1]]) / spread**2  # how far each difference follows this one
    before, deviation = _gaps(theta, cov, pairs)
    after = before + follows * (mean - middle)[:, None]
    left = np.maximum(deviation**2 - follows**2 * (spread**2 - variance)[:, None], 1e-12)
    return float(outcome @ _undecided(after, np.sqrt(left)).sum(axis=1))


def strengths(votes: pd.DataFrame, systems: list[str]) -> np.ndarray:
    """Estimates strengths from however few votes, by a normal prior of one log-odd; mean 0, shape (K,).

    Args:
        votes: As for ``rank``; may be empty.
        systems: All systems, also those without a vote.

    Raises:
        ValueError: A vote is not valid.
    """
    theta = _posterior(votes, systems)[0][: len(systems)]
    return theta - theta.mean()


def _posterior(votes: pd.DataFrame, systems: list[str]) -> tuple[np.ndarray, np.ndarray, bool]:
    """Parameters at their most likely, their covariance, and whether any vote was a tie."""
    place = {name: k for k, name in enumerate(systems)}
    codes, outcome = np.zeros((0, 2), dtype=int), np.zeros(0, dtype=int)
    if len(votes):
        names, own, outcome = _checked(votes)
        codes = np.array([place[name] for name in names])[own]
    cells = _Cells.of(codes, outcome, len(systems))
    model = _Model(cells, len(systems), side=False)
    params = model.fit(cells.counts[None], ridge=1.0)[0]
    return params, np.linalg.inv(model.hessian(params, cells.counts, ridge=1.0)), model.ties


def _entropy(chance: np.ndarray) -> np.ndarray:
    return -np.where(chance > 0, chance * np.log(np.where(chance > 0, chance, 1)), 0).sum(axis=0)


def _checked(votes: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the systems, their numbers in each vote (n, 2), and who won: 0, 1, 2 tie, 3 both bad."""
    for column in ("system_a", "system_b", "winner"):
        if column not in votes.columns:
            raise ValueError(f"the votes need a column {column!r}; they have {', '.join(map(str, votes.columns))}")
    if votes.empty:
        raise ValueError("there are no votes")
    first, second = (votes[column].astype(str).to_numpy(str) for column in ("system_a", "system_b"))
    outcome = np.full(len(votes), -1)
    winner = votes["winner"].astype(str).to_numpy(str)
    for k, name in enumerate(WINNERS):
        outcome[winner == name] = k
    if (outcome < 0).any():
        row = int(np.argmax(outcome < 0))
        raise ValueError(f"votes row {row + 1}: the winner is {str(winner[row])!r}; it is one of {', '.join(WINNERS)}")
    if (first == second).any():
        row = int(np.argmax(first == second))
        raise ValueError(f"votes row {row + 1}: system {str(first[row])!r} meets itself; leave such votes out")
    names, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    return [str(name) for name in names], codes.reshape(2, -1).T, outcome


@dataclass(frozen=True)
class _Cells:
    """Votes counted by outcome (a, b, tie) and ordered pair: counts have shape (3, P)."""

    a: np.ndarray
    b: np.ndarray
    counts: np.ndarray
    of_vote: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, outcome: np.ndarray, k: int) -> _Cells:
        pairs, place = np.unique(codes[:, 0] * k + codes[:, 1], return_inverse=True)
        of_vote = np.minimum(outcome, 2) * pairs.size + place
        counts = np.bincount(of_vote, minlength=3 * pairs.size).reshape(3, -1).astype(float)
        return cls(pairs // k, pairs % k, counts, of_vote)

    def drawn(self, crossed: Crossed, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Counts of bootstrap draws of raters and prompts (of single votes where neither is known), (draws, 3, P)."""
        shape = (draws, *self.counts.shape)
        if not crossed.kinds:
            chance = self.counts.ravel() / self.of_vote.size
            return rng.multinomial(self.of_vote.size, chance, size=draws).reshape(shape)
        counts = np.empty((draws, self.counts.size))
        for draw, weight in enumerate(crossed.weights(draws, rng)):
            counts[draw] = np.bincount(self.of_vote, weights=weight, minlength=self.counts.size)
        return counts.reshape(shape)


class _Model:
    """Davidson's model on given ordered pairs; parameters are k strengths, the side effect, and the tie."""

    def __init__(self, cells: _Cells, k: int, side: bool) -> None:
        self.k, self.side = k, side and bool(len(cells.a))
        self.ties = bool(cells.counts[2].any())
        rows = len(cells.a)
        design = np.zeros((3, rows, k + 2))
        pair = np.arange(rows)
        design[0, pair, cells.a] = design[1, pair, cells.b] = 1
        design[2, pair, cells.a] = design[2, pair, cells.b] = 0.5
        design[0, :, k] = float(self.side)
        design[2, :, k + 1] = float(self.ties)
        self._design = design.reshape(-1, k + 2)
        self._totals = cells.counts.sum(axis=0).astype(int)

    def chances(self, params: np.ndarray) -> np.ndarray:
        """Chance of each outcome, (D, 3, P)."""
        chance = (params @ self._design.T).reshape(len(params), 3, -1)
        if not self.ties:
            chance[:, 2] = -np.inf
        chance -= np.maximum(np.maximum(chance[:, 0], chance[:, 1]), chance[:, 2])[:, None]
        np.exp(chance, out=chance)
        chance /= (chance[:, 0] + chance[:, 1] + chance[:, 2])[:, None]
        return chance

    def hessian(self, params: np.ndarray, counts: np.ndarray, ridge: float) -> np.ndarray:
        """Minus the second derivative of the penalised log-likelihood, with the free mean of the strengths held."""
        chance = self.chances(params[None])[0]
        total = counts.sum(axis=0, keepdims=True)
        design = self._design.reshape(3, -1, self.k + 2)
        middle = np.einsum("cp,cpm->pm", chance, design)
        spread = (design - middle) * np.sqrt(chance * total)[..., None]
        flat = spread.reshape(-1, self.k + 2)
        result = flat.T @ flat
        every = np.arange(self.k + 2)
        result[every, every] += ridge
        result[: self.k, : self.k] += 1.0  # the mean of the strengths is free; this holds it at 0
        for place, used in ((self.k, self.side), (self.k + 1, self.ties)):
            if not used:
                result[place, place] = 1.0
        return result

    def doubt(self, params: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Covariance of the parameters if every vote were on its own; 0 for what is not estimated and the mean."""
        every = np.linalg.inv(self.hessian(params, counts, _RIDGE))
        keep = np.diag([1.0] * self.k + [float(self.side), float(self.ties)])
        keep[: self.k, : self.k] -= 1 / self.k
        return keep @ every @ keep

    def _slope(self, params: np.ndarray, counts: np.ndarray, ridge: float) -> np.ndarray:
        left = counts - self.chances(params) * (counts[:, 0] + counts[:, 1] + counts[:, 2])[:, None]
        slope = left.reshape(len(params), -1) @ self._design
        slope -= ridge * params
        slope[:, : self.k] -= params[:, : self.k].sum(axis=1, keepdims=True)
        return slope

    def fit(self, counts: np.ndarray, ridge: float, start: np.ndarray | None = None) -> np.ndarray:
        """Newton's method with halved steps, one fit at a time: counts (D, 3, P) to parameters (D, k + 2)."""
        answer = np.zeros((len(counts), self.k + 2)) if start is None else start.copy()
        for draw, own in enumerate(counts):
            params = answer[draw]
            value = self._value(params, own, ridge)
            for _ in range(100):
                if np.abs(params).max() > _FAR:
                    break  # on its way to infinity
                step = np.linalg.solve(self.hessian(params, own, ridge), self._slope(params[None], own[None], ridge)[0])
                size = 1.0
                while (new := self._value(params + size * step, own, ridge)) < value - 1e-12 * abs(
                    value
                ) and size > 1e-6:
                    size /= 2
                params, value = params + size * step, new
                if np.abs(step).max() < 1e-10:
                    break
            answer[draw] = params
        return answer

    def _value(self, params: np.ndarray, counts: np.ndarray, ridge: float) -> float:
        chance = self.chances(params[None])[0]
        told = np.where(counts > 0, counts * np.log(np.where(counts > 0, np.maximum(chance, 1e-300), 1)), 0).sum()
        return float(told - ridge / 2 * (params**2).sum())

    def fit_near(self, params: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Fits draws of the same votes all at once, by steps with the inverse of the full fit, which they are near."""
        total = counts.sum(axis=(1, 2)).mean()
        inverse = np.linalg.inv(self.hessian(params, counts.mean(axis=0), _RIDGE))
        drawn = np.repeat(params[None], len(counts), axis=0)
        active = np.arange(len(counts))
        for _ in range(60):
            step = np.clip(self._slope(drawn[active], counts[active], _RIDGE) @ inverse, -1, 1)
            drawn[active] += step
            active = active[np.abs(step).max(axis=1) > 1e-3 / np.sqrt(max(total, 1.0))]
            if not active.size:
                return drawn
        drawn[active] = self.fit(counts[active], _RIDGE, drawn[active])
        return drawn

    def simulate(self, params: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Votes on the same pairs by the fitted model, (draws, 3, P)."""
        chance = self.chances(params[None])[0].T
        return rng.multinomial(self._totals, chance, size=(draws, len(chance))).transpose(0, 2, 1).astype(float)

    def deviance(self, counts: np.ndarray, params: np.ndarray) -> np.ndarray:
        """How far the model's chances lie from the shares of the votes, (D,)."""
        total = counts.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = counts * np.log(counts / (total * self.chances(params)))
        return 2 * np.where(counts > 0, terms, 0).sum(axis=(1, 2))


def _tally(codes: np.ndarray, outcome: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Votes, wins, losses, ties and both bad of each system."""
    won = np.where(outcome == 0, codes[:, 0], codes[:, 1])[outcome < 2]
    lost = np.where(outcome == 0, codes[:, 1], codes[:, 0])[outcome < 2]
    return {
        "votes": np.bincount(codes.ravel(), minlength=k),
        "wins": np.bincount(won, minlength=k),
        "losses": np.bincount(lost, minlength=k),
        "ties": np.bincount(codes[outcome == 2].ravel(), minlength=k),
        "both_bad": np.bincount(codes[outcome == 3].ravel(), minlength=k),
    }


def _groups(cells: _Cells, k: int) -> list[list[int]]:
    """Systems in groups that met each other, directly or through others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    met = coo_matrix((np.ones(len(cells.a)), (cells.a, cells.b)), shape=(k, k))
    number, labels = connected_components(met, directed=False)
    return [np.flatnonzero(labels == group).tolist() for group in range(number)]


def _both_ways(cells: _Cells, k: int) -> bool:
    """Whether side and strengths can be told apart: no strengths make the same difference in every ordered pair."""
    rows = np.zeros((len(cells.a), k + 1))
    place = np.arange(len(cells.a))
    rows[place, cells.a], rows[place, cells.b], rows[:, k] = 1, -1, 1
    return bool(np.linalg.matrix_rank(rows) > np.linalg.matrix_rank(rows[:, :k]))


def _cycles(counts: np.ndarray, cells: _Cells, k: int) -> tuple[np.ndarray, int]:
    """Triples a > b > c > a by majority in each draw (D, 3, P), and how many triples met in all three pairs."""
    margin = np.zeros((len(counts), k, k))
    margin[:, cells.a, cells.b] = counts[:, 0] - counts[:, 1]  # each ordered pair stands once
    margin -= margin.transpose(0, 2, 1)
    beats = (margin > 0).astype(float)
    cycles = np.einsum("dij,djk,dki->d", beats, beats, beats, optimize=True) / 3
    met = np.zeros((k, k))
    met[cells.a, cells.b] = met[cells.b, cells.a] = 1
    return cycles, round(np.trace(met @ met @ met) / 6)
