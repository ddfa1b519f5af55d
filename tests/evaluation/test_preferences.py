"""Preferences: strengths by independent maximisation, coverage, false differences, ties, side, cycles, next pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

from qamro.evaluation.preferences import next_pair, rank


def arena(rng, theta, votes, *, side=0.0, tie=None, raters=0, noise=0.0):
    """Votes by Davidson's model on random pairs; a share of the raters may answer at random."""
    k = len(theta)
    a = rng.integers(k, size=votes)
    b = (a + rng.integers(1, k, size=votes)) % k
    utility = np.stack([theta[a] + side, theta[b]] + ([(theta[a] + theta[b]) / 2 + tie] if tie is not None else []), 1)
    who = rng.integers(max(raters, 1), size=votes)
    utility[who < noise * raters] = 0
    winner = np.array(["a", "b", "tie"])[(utility + rng.gumbel(size=utility.shape)).argmax(1)]
    table = pd.DataFrame({"system_a": [f"s{i:02}" for i in a], "system_b": [f"s{i:02}" for i in b], "winner": winner})
    return table.assign(rater=[f"r{i}" for i in who]) if raters else table


def scores_of(ranking):
    return ranking.table.set_index("system")["score"].sort_index().to_numpy()


def minimised(votes, side, tie):
    """Strengths by a general minimiser over single votes, mean 0."""
    names = sorted(set(votes["system_a"]) | set(votes["system_b"]))
    a = votes["system_a"].map(names.index).to_numpy()
    b = votes["system_b"].map(names.index).to_numpy()
    won = votes["winner"].map({"a": 0, "b": 1, "tie": 2, "both_bad": 2}).to_numpy()

    def loss(params):
        theta, shift, both = params[:-2], params[-2] * side, params[-1]
        options = [theta[a] + shift, theta[b], (theta[a] + theta[b]) / 2 + (both if tie else -1e9)]
        utility = np.stack(options)
        return -(utility[won, np.arange(len(won))] - special.logsumexp(utility, axis=0)).sum() + theta.sum() ** 2

    start = np.zeros(len(names) + 2)
    found = optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
    return found.x[:-2] - found.x[:-2].mean(), found.x[-2] * side, found.x[-1]


@pytest.mark.parametrize("side", [False, True])
@pytest.mark.parametrize("tie", [None, -0.3])
def test_strengths_are_those_of_a_general_minimiser(side, tie):
    votes = arena(np.random.default_rng(1), np.array([0.0, 0.5, 1.0, -0.7]), 400, side=0.3, tie=tie)
    ranking = rank(votes, side=side, draws=20)
    theta, shift, both = minimised(votes, side, tie is not None)
    own = scores_of(ranking)
    assert own - own.mean() == pytest.approx(theta, abs=2e-5)
    assert ranking.side == pytest.approx(shift, abs=2e-5)
    if tie is not None:
        assert ranking.tie == pytest.approx(both, abs=2e-5)


def test_two_systems_have_the_log_odds_of_their_votes():
    votes = pd.DataFrame({"system_a": ["x"] * 10, "system_b": ["y"] * 10, "winner": ["a"] * 7 + ["b"] * 3})
    ranking = rank(votes, side=False, reference="y")
    assert ranking.table["score"].tolist() == pytest.approx([np.log(7 / 3), 0])
    assert ranking.chance("x", "y") == pytest.approx(0.7)
    assert ranking.table.set_index("system").loc["x", ["votes", "wins", "losses"]].tolist() == [10, 7, 3]


@pytest.mark.parametrize(("k", "votes", "tie", "raters"), [(5, 300, None, 0), (5, 300, -0.5, 30), (8, 500, 0.0, 0)])
def test_intervals_cover_and_groups_are_seldom_wrong(k, votes, tie, raters):
    inside, wrong, runs = [], [], 40
    for seed in range(runs):
        rng = np.random.default_rng([seed, k])
        theta = np.round(rng.normal(0, 0.6, k), 1)
        theta[: k // 2] = theta[0]  # some are truly equal
        ranking = rank(arena(rng, theta, votes, side=0.2, tie=tie, raters=raters), draws=200, reference="s00")
        table = ranking.table.set_index("system").sort_index()
        truth = theta - theta[0]
        inside.append(((table["low"] <= truth) & (truth <= table["high"]))[1:])
        pairs = ranking.pairs
        gap = truth[pairs["first"].str[1:].astype(int)] - truth[pairs["second"].str[1:].astype(int)]
        wrong.append(bool((pairs["differ"] & (pairs["difference"] * gap <= 0)).any()))
    assert 0.90 <= np.mean(inside) <= 0.99
    assert np.mean(wrong) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / runs)


def test_votes_of_one_rater_are_not_taken_for_many():
    votes = arena(np.random.default_rng(2), np.array([0.0, 0.4]), 60, raters=1)
    votes["rater"] = [f"r{i}" for i in range(60)]
    many = pd.concat([votes] * 9, ignore_index=True)
    alone, people = (rank(table, draws=200).table for table in (many.drop(columns="rater"), many))
    ratio = (people["high"] - people["low"]).mean() / (alone["high"] - alone["low"]).mean()
    assert ratio == pytest.approx(3, rel=0.2)


def test_both_bad_counts_as_a_tie_and_is_shown():
    votes = arena(np.random.default_rng(3), np.array([0.0, 0.8, 0.2]), 300, tie=0.0)
    bad = votes.assign(winner=votes["winner"].replace("tie", "both_bad"))
    assert scores_of(rank(bad, draws=20)) == pytest.approx(scores_of(rank(votes, draws=20)))
    table = rank(bad, draws=20).table
    assert table["both_bad"].sum() == 2 * (bad["winner"] == "both_bad").sum()
    assert table["ties"].sum() == 0


def test_a_system_that_never_lost_stays_finite_and_is_told():
    votes = pd.DataFrame({"system_a": ["x", "y", "z", "y"] * 5, "system_b": ["y", "x", "y", "z"] * 5})
    votes["winner"] = np.where(votes["system_a"] == "x", "a", np.where(votes["system_b"] == "x", "b", "a"))
    ranking = rank(votes, draws=50)
    assert ranking.separated
    assert np.isfinite(ranking.table[["score", "low", "high"]]).all(axis=None)
    assert ranking.table["system"].iloc[0] == "x"


def test_cycles_and_misfit_are_found():
    rng = np.random.default_rng(4)
    rows = [(a, b, "a" if rng.random() < 0.9 else "b") for a, b in ("xy", "yz", "zx") for _ in range(60)]
    ranking = rank(pd.DataFrame(rows, columns=["system_a", "system_b", "winner"]), side=False, draws=100)
    assert (ranking.cycles, ranking.triples) == (1, 1)
    assert ranking.fit_p < 0.02
    fitting = rank(arena(rng, np.array([0.0, 1.0, 2.0, 3.0]), 600), draws=100)
    assert (fitting.cycles, fitting.triples) == (0, 4)
    assert fitting.fit_p > 0.02


def test_the_next_pair_is_where_least_is_known():
    systems = ["a", "b", "c"]
    assert next_pair(pd.DataFrame(columns=["system_a", "system_b", "winner"]), systems) == ("a", "b")
    votes = pd.DataFrame({"system_a": ["a"] * 20, "system_b": ["b"] * 20, "winner": ["a", "b"] * 10})
    assert "c" in next_pair(votes, systems)
    assert next_pair(votes, systems, among=[("a", "b")]) == ("a", "b")


def test_wrong_use_is_named():
    votes = pd.DataFrame({"system_a": ["x", "x"], "system_b": ["y", "y"], "winner": ["a", "left"]})
    with pytest.raises(ValueError, match="row 2: the winner is 'left'"):
        rank(votes)
    with pytest.raises(ValueError, match="row 1: system 'x' meets itself"):
        rank(votes.assign(system_b="x", winner="a"))
    with pytest.raises(ValueError, match="column 'winner'"):
        rank(votes.drop(columns="winner"))
    with pytest.raises(ValueError, match="never met"):
        rank(pd.DataFrame({"system_a": ["x", "u"], "system_b": ["y", "v"], "winner": "a"}))
    with pytest.raises(ValueError, match="no votes"):
        rank(votes.iloc[:0])
    with pytest.raises(ValueError, match="reference 'z'"):
        rank(votes.assign(winner="a"), reference="z")
