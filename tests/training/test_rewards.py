"""Heads on votes between two clips: losses by loops, a simulated arena, and what a perfect predictor could reach."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.stats import spearmanr

from qamro.evaluation.votes_and_scores import vote_ceiling
from qamro.predictors.head_predictor import HeadPredictor
from qamro.studies import Study
from qamro.training.embedded_study import EmbeddedStudy, Embeddings, whole
from qamro.training.objective import OBJECTIVES
from qamro.training.objective.objective import Objective
from qamro.training.recipe import Recipe, question_of, train_heads
from qamro.training.rewards import best_scale
from qamro.training.splits import PARTS, folds, split
from qamro.training.trainer import FitConfig, fit_many
from tests.training.eight import Eight

QUICK = FitConfig(optimizer="adamw", lr=3e-3, batch_size=64, max_epochs=20, patience=5, hidden=(16, 8))
PAIRS = ("pairs-logistic", "pairs-qamro")


def arena(prompts=60, systems=4, voters=2, strength=1.5, bad=0.02, ties=0.1, seed=0):
    """Clips of every prompt by every system; voters prefer by a logistic law of a reward that one feature carries."""
    rng = np.random.default_rng(seed)
    rows = [(f"{p}_{s}", f"sys{s}", f"prompt {p}") for p in range(prompts) for s in range(systems)]
    clips = pd.DataFrame(rows, columns=["clip", "system", "prompt"])
    audio = rng.normal(size=(len(rows), Eight().audio_dim)).astype("f4")
    reward = dict(zip(clips["clip"], strength * audio[:, 0], strict=True))
    votes = []
    for p in range(prompts):
        for _ in range(4):
            a, b = (f"{p}_{s}" for s in rng.choice(systems, 2, replace=False))
            for v in rng.choice(9, voters, replace=False):
                p_a = 1 / (1 + math.exp(reward[b] - reward[a]))
                winner = "a" if rng.random() < p_a else "b"
                chance = rng.random()
                winner = "both_bad" if chance < bad else "tie" if chance < bad + ties else winner
                first = (a, b, winner) if rng.random() < 0.5 else (b, a, {"a": "b", "b": "a"}.get(winner, winner))
                votes.append((*first, f"sys{first[0][-1]}", f"sys{first[1][-1]}", f"v{v}", winner_axis, first[2]))
    columns = ["clip_a", "clip_b", "w", "system_a", "system_b", "rater", "axis", "winner"]
    table = pd.DataFrame(votes, columns=columns).drop(columns="w")
    ratings = pd.DataFrame({"clip": [], "axis": [], "score": []})
    study = Study(clips, ratings, votes=table, name="arena")
    embeddings = Embeddings(
        clips["clip"].tolist(), torch.from_numpy(audio), None, torch.zeros(len(rows), dtype=torch.bool), {}
    )
    return study, embeddings, reward


winner_axis = "which is better?"


def prepared(hold_out="content", count=5, **sizes):
    study, embeddings, reward = arena(**sizes)
    parted = folds(study, count, hold_out=hold_out) if count else []
    parts = whole(study) if count else split(study, hold_out=hold_out)
    return EmbeddedStudy(study, embeddings, parts, hold_out, parted, winner_axis), reward


def test_losses_are_those_of_explicit_loops():
    rng = np.random.default_rng(0)
    d, p = rng.normal(size=(3, 40)), rng.choice([0, 0.25, 0.5, 1], 40)
    logistic, hinge = OBJECTIVES["pairs-logistic"]("preference"), OBJECTIVES["pairs-qamro"]("preference")
    for alpha in (0.2, 1.5):
        made = replace(hinge, alpha=alpha)
        for m in range(3):
            likelihood, hinges = [], []
            for gap, share in zip(d[m], p, strict=True):
                win = 1 / (1 + math.exp(-gap))
                likelihood.append(-share * math.log(win) - (1 - share) * math.log(1 - win))
                if share != 0.5:
                    sign = 1 if share > 0.5 else -1
                    hinges.append(max(0.0, -sign * gap + alpha * abs(2 * share - 1)))
            given = torch.tensor(d[m]), torch.tensor(p)
            assert float(logistic(*given)) == pytest.approx(np.mean(likelihood))
            assert float(made(*given)) == pytest.approx(np.mean(hinges))
            # Both ways round the same.
            assert float(logistic(-given[0], 1 - given[1])) == pytest.approx(np.mean(likelihood))
            assert float(made(-given[0], 1 - given[1])) == pytest.approx(np.mean(hinges))
    ties = torch.full((5,), 0.5)
    assert float(hinge(torch.randn(5), ties)) == 0


@pytest.mark.parametrize("hold_out", ["content", "system"])
@pytest.mark.parametrize("count", [0, 4])
def test_no_clip_stands_on_two_sides_and_shares_count_all_votes_of_a_pair(hold_out, count):
    ready, _ = prepared(hold_out, count, systems=16, prompts=100)
    data, votes = ready.data("preference"), ready.votes
    assert not (votes["winner"] == "both_bad").any()
    for fold, (fits, stops) in zip(ready.folds or [ready.parts], data.folds, strict=True):
        tested = ready.voted("test") if not ready.folds else votes[votes["clip_a"].isin(fold["test"])]
        tested = tested[tested["clip_b"].isin(fold["test"])]
        sides = [{*table["clip_a"], *table["clip_b"]} for table in (votes.iloc[fits], votes.iloc[stops], tested)]
        assert all(sides)
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
    won: dict[frozenset, list] = {}
    for row in votes.itertuples():
        value = {"a": row.clip_a, "b": row.clip_b}.get(row.winner)
        won.setdefault(frozenset((row.clip_a, row.clip_b)), []).append(value)
    for i, row in enumerate(votes.itertuples()):
        every = won[frozenset((row.clip_a, row.clip_b))]
        share = sum(1 if clip == row.clip_a else 0.5 if clip is None else 0 for clip in every) / len(every)
        assert float(data.targets[i]) == pytest.approx(share)
        names = [ready.embeddings.clips[k] for k in data.pairs[i].tolist()]
        assert names == [row.clip_a, row.clip_b]


@pytest.mark.parametrize("objective", PAIRS)
@pytest.mark.parametrize("count", [0, 5])
def test_an_arena_is_learnt_and_its_card_says_how_well(objective, count, tmp_path):
    ready, reward = prepared(count=count)
    recipe = Recipe("toy", objective=OBJECTIVES[objective], config=QUICK, seeds=(0, 1))
    bundle = train_heads(ready, Eight(), recipe)
    card, head = bundle.card, bundle.heads["preference"]
    row = card.metrics[0]
    assert (row["axis"], row["level"], row["metric"]) == ("preference", "vote", "ACC")
    tested = ready.voted("test")
    tested = tested[tested["winner"].isin(["a", "b"])]
    chances = ready.predict(ready.parts["test"], bundle.heads).set_index("clip")["preference"]
    right = [
        0.5
        if chances[v.clip_a] == chances[v.clip_b]
        else float((chances[v.clip_a] > chances[v.clip_b]) == (v.winner == "a"))
        for v in tested.itertuples()
    ]
    assert row["value"] == pytest.approx(np.mean(right), abs=1e-4)
    assert row["low"] < row["value"] < row["high"]
    assert f"{len(right)} decided votes; a perfect predictor could reach" in row["note"]
    truth = [(reward[v.clip_a] > reward[v.clip_b]) == (v.winner == "a") for v in tested.itertuples()]
    assert row["value"] > 0.5 + 0.6 * (np.mean(truth) - 0.5), "most of what can be known"
    clips = ready.parts["test"]
    assert spearmanr(chances[clips], [reward[clip] for clip in clips])[0] > 0.6
    assert card.objective == {"preference": str(OBJECTIVES[objective]("preference"))}
    told = card.training["votes"]
    every = (ready.study.votes["winner"] != "both_bad").sum()
    left = len(ready.votes) - sum(len(ready.voted(part)) for part in (PARTS if not count else ("test",)))
    assert told["used"] == every - (0 if count else left)
    assert told["between two folds, not tested" if count else "between two parts, left out"] == left
    assert told["both bad, left out"] == len(ready.study.votes) - every
    assert card.half_width == {"preference": math.inf}

    bundle.save(tmp_path)
    predictor = HeadPredictor("mine", Eight(), tmp_path)
    assert predictor.axes == ("preference",)
    scores = [found["preference"] for found in predictor._score(ready.embeddings.audio, [""] * len(reward))]
    assert all(0 <= score.value <= 1 and math.isnan(score.low) for score in scores)
    with torch.no_grad():
        raw = ready.answers(ready.embeddings.clips, "preference", head)
    assert [score.value for score in scores] == pytest.approx(raw.sigmoid().tolist(), abs=1e-5)
    voted = sorted({*ready.votes["clip_a"], *ready.votes["clip_b"]})
    assert float(ready.answers(voted, "preference", head).median()) == pytest.approx(0, abs=1e-5)
    assert "chance to be preferred to the median" in str(predictor.provenance["preference"])


def test_chances_fit_held_out_votes():
    ready, reward = prepared(prompts=100, ties=0.0, bad=0.0, strength=2.0)
    config = replace(QUICK, max_epochs=12)
    for objective in PAIRS:
        recipe = Recipe("toy", objective=OBJECTIVES[objective], config=config)
        bundle = train_heads(ready, Eight(), recipe)
        votes = ready.voted("test")
        first, second = (
            ready.answers(votes[f"clip_{side}"].tolist(), "preference", bundle.heads["preference"]) for side in "ab"
        )
        chance = (first - second).sigmoid().numpy()
        won = (votes["winner"] == "a").to_numpy(float)
        sure = np.maximum(chance, 1 - chance)
        right = np.where(chance > 0.5, won, 1 - won)
        assert right.mean() == pytest.approx(sure.mean(), abs=0.05)
        assert right[sure > np.median(sure)].mean() > right[sure <= np.median(sure)].mean() + 0.05


def test_the_scale_of_a_reward_is_that_of_logistic_regression():
    rng = np.random.default_rng(0)
    gap = rng.normal(size=4000) * 0.01
    shares = (rng.random(4000) < 1 / (1 + np.exp(-120 * gap))).astype(float)
    best = minimize_scalar(
        lambda t: float(np.mean(np.logaddexp(0, t * gap) - shares * t * gap)), bounds=(1, 1000), method="bounded"
    ).x
    assert best_scale(gap, shares) == pytest.approx(best, rel=0.08)
    assert best_scale(-gap, shares) * 0.01 < 0.02, "worse than chance: all are taken for equal"
    assert best_scale(np.zeros(3), np.ones(3)) == 1
    assert math.isfinite(best_scale(np.ones(3), np.ones(3)))


@pytest.mark.parametrize("law", ["sure", "even", "mixed", "one p"])
def test_the_ceiling_bounds_what_knowing_every_share_gives(law):
    rng = np.random.default_rng(1)
    p = {"sure": np.ones(4000), "even": np.full(4000, 0.5), "mixed": rng.random(4000), "one p": np.full(4000, 0.8)}[law]
    rows = []
    for i, share in enumerate(p):
        for _ in range(int(rng.integers(1, 5))):
            turned, first = rng.random() < 0.5, rng.random() < share
            rows.append(
                (f"b{i}", f"a{i}", "b" if first else "a") if turned else (f"a{i}", f"b{i}", "a" if first else "b")
            )
            if rng.random() < 0.1:
                rows.append((f"a{i}", f"b{i}", "tie"))
    found = vote_ceiling(pd.DataFrame(rows, columns=["clip_a", "clip_b", "winner"]))
    truth = np.maximum(p, 1 - p).mean()
    assert found.low - 0.01 <= truth <= found.high + 0.03
    if law != "mixed":
        assert found.high == pytest.approx(truth, abs=0.06)
    once = vote_ceiling(
        pd.DataFrame([("a", "b", "a"), ("a", "c", "b"), ("a", "b", "tie")], columns=["clip_a", "clip_b", "winner"])
    )
    assert once.pairs == 0
    assert math.isnan(once.high)


def test_votes_and_ratings_are_not_taken_for_each_other():
    ready, _ = prepared()
    wrong = Recipe("toy", objective=OBJECTIVES["huber"])
    right = Recipe("toy", objective=OBJECTIVES["pairs-logistic"])
    with pytest.raises(ValueError, match="choose an objective of pairs"):
        question_of(ready.study, wrong)
    assert question_of(ready.study, right) == winner_axis
    with pytest.raises(ValueError, match="has votes on which is better"):
        question_of(ready.study, replace(right, axes=("other",)))
    twice = ready.study.votes.assign(axis=["x", "y"] * (len(ready.study.votes) // 2))
    with pytest.raises(ValueError, match="x, y; name one"):
        question_of(ready.study.replace(votes=twice), right)
    rated = ready.study.replace(votes=None)
    with pytest.raises(ValueError, match="no votes between pairs"):
        question_of(rated, right)
    data = ready.data("preference")
    with pytest.raises(ValueError, match="Huber is trained on ratings, and these are votes"):
        fit_many(data, [OBJECTIVES["huber"]("preference")], [0], QUICK)
    plain = replace(data, pairs=None, features=data.features[: len(data.targets)])
    plain = replace(plain, features=torch.randn(len(data.targets), 5))
    with pytest.raises(ValueError, match="is trained on votes between two clips, and these are ratings"):
        fit_many(plain, [OBJECTIVES["pairs-logistic"]("MI")], [0], QUICK)
    with pytest.raises(ValueError, match="takes no other term beside it"):
        Objective(regression="huber", ranking="pairs-logistic")


def test_clips_that_were_voted_on_together_stay_together_where_they_may():
    rng = np.random.default_rng(0)
    clips = pd.DataFrame({"clip": [f"c{i}" for i in range(120)], "system": [f"s{i % 3}" for i in range(120)]})
    none = pd.DataFrame({"clip": [], "axis": [], "score": []})
    battles = pd.DataFrame(
        {"clip_a": [f"c{i}" for i in range(0, 120, 2)], "clip_b": [f"c{i}" for i in range(1, 120, 2)]}
    )
    study = Study(clips, none, votes=battles.assign(winner="a"))
    for parts in folds(study, 5):
        for part in parts.values():
            assert all((row.clip_a in part) == (row.clip_b in part) for row in battles.itertuples())
    chosen = [rng.choice(120, 2, replace=False) for _ in range(2000)]
    everyone = pd.DataFrame({f"clip_{s}": [f"c{pair[k]}" for pair in chosen] for k, s in enumerate("ab")})
    assert len(folds(Study(clips, none, votes=everyone.assign(winner="b")), 5)) == 5


@pytest.mark.parametrize("hold_out", ["content", "system"])
def test_votes_that_cross_all_parts_are_refused_with_what_helps(hold_out):
    study, embeddings, _ = arena(prompts=30)
    clips = study.clips["clip"].tolist()
    parts = {part: [] for part in PARTS} | {"train": clips[: len(clips) // 2], "validation": clips[len(clips) // 2 :]}
    of_train = study.votes["clip_a"].isin(parts["train"]) & study.votes["clip_b"].isin(parts["train"])
    study = study.replace(votes=study.votes[of_train].reset_index(drop=True))
    prepared = EmbeddedStudy(study, embeddings, parts, hold_out, [], winner_axis)
    with pytest.raises(ValueError, match="in the part that says when to stop; of .* Vote between clips of"):
        prepared.data("preference")
