"""Preferences: strengths by independent maximisation, coverage, false differences, ties, side, cycles, next pair."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

from qamro.cli.inputs import reading_of
from qamro.evaluation.preferences import next_pair, rank, votes_of
from qamro.evaluation.votes_and_scores import vote_agreement
from qamro.report.votes import sentences
from qamro.studies import Study


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
    ranking = rank(votes, reference="y")  # one order alone: no side can be told from strengths
    assert ranking.side == ranking.side_low == ranking.side_high == 0
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


@pytest.mark.parametrize("n", [1, 3, 10, 200])
def test_unanimous_votes_tell_two_apart_only_where_they_are_many(n):
    """Draws of unanimous votes do not vary, which is no knowledge."""
    votes = pd.DataFrame({"system_a": ["x", "y"] * n, "system_b": ["y", "x"] * n, "winner": ["a", "b"] * n})
    ranking = rank(votes, draws=100)
    assert ranking.separated
    assert (ranking.table["low"] < ranking.table["score"]).all()
    assert bool(ranking.pairs["differ"].iloc[0]) == (n == 200)
    assert ranking.table["rank_high"].tolist() == ([1, 2] if n == 200 else [2, 2])
    assert ranking.groups == ([] if n == 200 else [["x", "y"]])


def test_any_few_votes_make_a_ranking_that_claims_nothing():
    """Every way of three votes on three systems, and larger ones that all say the same."""
    pairs = [("x", "y"), ("y", "z"), ("z", "x")]
    for said in product(("a", "b", "tie"), repeat=3):
        votes = pd.DataFrame(pairs, columns=["system_a", "system_b"]).assign(winner=said)
        for side in (True, False):
            ranking = rank(votes, side=side, draws=20)
            assert np.isfinite(ranking.table[["score", "low", "high"]]).all(axis=None), said
            assert not ranking.pairs["differ"].any(), said
            assert not ranking.fit_p < 0.05, said
    both = pd.concat([pd.DataFrame(pairs), pd.DataFrame(pairs)[[1, 0]].set_axis([0, 1], axis=1)] * 20)
    both.columns = ["system_a", "system_b"]
    for winner in ("a", "b", "tie", "both_bad"):
        ranking = rank(both.assign(winner=winner), draws=20)
        assert ranking.separated
        assert np.abs(ranking.table["score"]).max() < 1e-6
        assert np.isfinite([ranking.side, ranking.side_low, ranking.side_high]).all()


@pytest.mark.parametrize("ties", [False, True])
def test_strengths_are_those_of_choix(ties):
    """choix knows neither ties nor sides: half a win for each of a tie, and without a side effect."""
    choix = pytest.importorskip("choix")
    rng = np.random.default_rng(5)
    votes = arena(rng, rng.normal(0, 0.8, 8), 900)
    names = sorted(set(votes["system_a"]))
    won = [(a, b) if w == "a" else (b, a) for a, b, w in votes[["system_a", "system_b", "winner"]].to_numpy()]
    index = [(names.index(first), names.index(second)) for first, second in won]
    theirs = choix.opt_pairwise(len(names), index, alpha=0, method="Newton-CG", tol=1e-12)
    own = scores_of(rank(votes, side=False, draws=10))
    assert own - own.mean() == pytest.approx(theirs - theirs.mean(), abs=1e-6)
    if ties:  # as many ties in every pair change nothing in who is better
        both = votes.assign(winner="tie")
        assert np.corrcoef(scores_of(rank(pd.concat([votes, both]), side=False, draws=10)), theirs)[0, 1] > 0.999


def study_of_votes(votes, **clips):
    names = sorted(set(votes["clip_a"]) | set(votes["clip_b"]))
    table = pd.DataFrame({"clip": names, "system": [name[0] for name in names], "prompt": [name[1:] for name in names]})
    ratings = pd.DataFrame({"clip": [], "axis": [], "score": []})
    return Study(table, ratings, votes=votes, **clips)


def test_votes_of_a_study_are_ready_to_rank():
    votes = pd.DataFrame({"clip_a": ["x1", "x2", "y1"], "clip_b": ["y1", "x1", "z1"], "winner": ["a", "b", "tie"]})
    named = votes.assign(**{f"system_{s}": votes[f"clip_{s}"].str[0] for s in "ab"})
    table, notes = votes_of(study_of_votes(named))
    assert table["prompt"].tolist() == ["1", "1"]
    assert notes == ["1 vote between two clips of one system left out."]
    table, notes = votes_of(study_of_votes(votes))
    assert table["system_a"].tolist() == ["x1", "x2", "y1"]
    assert "ranked by themselves" in notes[0]
    table, notes = votes_of(study_of_votes(named.assign(system_b=["y", "x", ""])))
    assert len(table) == 1
    assert notes[0] == "1 vote on a clip whose system is not named left out."
    with pytest.raises(ValueError, match="name one"):
        votes_of(study_of_votes(named.assign(axis=["one", "two", "two"])))
    with pytest.raises(ValueError, match="not on 'three'"):
        votes_of(study_of_votes(named), "three")


def test_agreement_of_scores_with_votes_is_a_plain_count():
    rng = np.random.default_rng(6)
    votes = arena(rng, np.array([0.0, 1.0, 2.0]), 200, tie=-0.5, raters=20)
    for side in "ab":
        votes[f"clip_{side}"] = votes[f"system_{side}"] + rng.integers(4, size=200).astype(str)
    clips = sorted({*votes["clip_a"], *votes["clip_b"]})
    scores = pd.Series(np.round(rng.normal(size=len(clips)), 0), index=clips)
    scores.iloc[0] = np.nan
    strengths = rank(votes, draws=10).table.set_index("system")["score"]
    found = vote_agreement(votes, scores, strengths, draws=300)
    right, decided, equal, tied = 0.0, 0, 0, 0
    for row in votes.itertuples():
        a, b = scores[row.clip_a], scores[row.clip_b]
        if a != a or b != b:
            continue
        if row.winner == "tie":
            tied += 1
            continue
        decided += 1
        equal += a == b
        right += 0.5 if a == b else float((a > b) == (row.winner == "a"))
    assert (found.decided, found.equal, found.tied) == (decided, equal, tied)
    assert found.accuracy == pytest.approx(right / decided)
    assert found.low < found.accuracy < found.high
    assert vote_agreement(votes, strengths.loc[votes["system_a"]].groupby(level=0).first(), strengths).votes == 0
    true = pd.Series({clip: float(clip[1:3]) for clip in clips})
    best = vote_agreement(votes, true, strengths, draws=300)
    assert best.low > 0.5
    assert best.tau == pytest.approx(1)
    swapped = votes.assign(winner=votes["winner"].map({"a": "b", "b": "a", "tie": "both_bad"}))
    assert vote_agreement(swapped, true, strengths, draws=300).accuracy == pytest.approx(1 - best.accuracy)


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


# Votes that say little


def little(rows):
    return pd.DataFrame(rows, columns=["system_a", "system_b", "rater", "winner"])


@pytest.mark.parametrize("raters", [2, 3, 5])
def test_raters_who_agree_in_their_shares_by_chance_decide_nothing(raters):
    votes = little([("x", "y", f"r{r}", won) for r in range(raters) for won in ("aab" if raters > 3 else "aaab")])
    found = rank(votes, draws=200)
    assert not found.pairs["differ"].any()
    assert (found.table["high"] - found.table["low"] > 0.5).all()


@pytest.mark.parametrize("winner", ["tie", "both_bad"])
def test_votes_for_no_side_put_nobody_first(winner):
    votes = little([(a, b, f"r{n}", winner) for n in range(6) for a, b in (("x", "y"), ("y", "z"))])
    found = rank(votes, draws=100)
    assert found.table["score"].tolist() == [0, 0, 0]
    assert found.table["rank_high"].tolist() == [3, 3, 3]
    rows = votes.assign(clip_a="", clip_b="", axis="preference")
    clips = pd.DataFrame({"clip": ["x", "y", "z"], "system": ["x", "y", "z"]})
    rows = rows.assign(clip_a=rows["system_a"], clip_b=rows["system_b"])
    study = Study(clips, pd.DataFrame({"clip": [], "axis": [], "score": []}), votes=rows, name="s")
    told = " ".join(sentences(found, rows, study, "preference"))
    assert "x, y, z share the highest score" in told
    assert "won or lost" not in told
    assert "6 raters" in " ".join(reading_of(study))
