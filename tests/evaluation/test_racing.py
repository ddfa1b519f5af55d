"""Racing: wrong verdicts are rare over whole races, ratings go where the goal needs them, replays tell the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation.race_replay import replay
from qamro.evaluation.racing import Goal, Race
from qamro.studies import Study


def run(truths, goal, seed, *, clips=40, raters=12, noise=0.8, clip_spread=0.5, rater_spread=0.6, limit=3000, **more):
    """A live race: raters come in turns, ask for a clip, and answer in whole numbers of 1 to 7."""
    rng = np.random.default_rng(seed)
    own = {f"s{k}": [f"s{k}-{i}" for i in range(clips)] for k in range(len(truths))}
    quality = {c: truths[k] + rng.normal(0, clip_spread) for k, s in enumerate(own) for c in own[s]}
    bias = rng.normal(0, rater_spread, raters)
    race = Race(own, Goal.parse(goal), (1, 7), **more)
    standing = race.look()
    for _ in range(limit):
        rater = int(rng.integers(raters))
        clip = race.next_clip(f"r{rater}", rng)
        if clip is None:
            break
        race.add(clip, f"r{rater}", float(np.clip(np.round(quality[clip] + bias[rater] + rng.normal(0, noise)), 1, 7)))
        standing = race.look()
        if standing.decided:
            break
    return race, standing


def test_equal_systems_are_seldom_told_apart():
    wrong = [run([4.0] * 3, "order", seed, clips=15, limit=150)[1].verdicts for seed in range(24)]
    assert np.mean([np.nansum(np.abs(v)) > 0 for v in wrong]) <= 0.1


def test_the_best_is_found_and_the_last_gets_few_ratings():
    for seed in range(5):
        race, standing = run([3.0, 4.0, 5.2], "best", seed)
        assert standing.decided
        assert standing.leader == "s2"
        table = standing.table().set_index("system")
        assert table.loc["s0", "ratings"] < table.loc["s1", "ratings"] + 5
        assert race.next_clip("late", np.random.default_rng(0)) is None  # nothing is worth a rating any more


def test_order_top_and_width_end_when_they_are_met():
    _, order = run([2.5, 4.0, 5.5], "order", 1)
    assert order.decided
    assert [int(v) for v in order.verdicts[0]] == [0, -1, -1]
    _, top = run([2.5, 2.6, 5.0, 5.1], "top:2", 2)
    assert top.decided
    assert set(top.table()["system"][:2]) == {"s2", "s3"}
    _, width = run([3.0, 4.0], "width:0.6", 3, rater_spread=0.0)
    assert width.decided
    assert (width.high - width.low <= 1.2 + 1e-9).all()


def test_two_equal_systems_are_called_equal_within_a_margin():
    _, standing = run([4.0, 4.0], "best", 4, clips=200, limit=4000, clip_spread=0.2, rater_spread=0.0, equal_within=0.6)
    assert standing.verdicts[0, 1] == 0
    assert standing.decided


def test_systems_further_apart_than_the_margin_are_not_called_equal():
    more = {"clips": 80, "limit": 320, "clip_spread": 0.2, "rater_spread": 0.0, "noise": 0.4}
    for seed in range(8):
        _, standing = run([3.5, 4.6, 5.0], "order", seed, equal_within=0.8, **more)
        assert standing.verdicts[0, 1] == -1 or np.isnan(standing.verdicts[0, 1])
        assert standing.verdicts[1, 2] != 1
        assert (standing.verdicts == -standing.verdicts.T)[~np.isnan(standing.verdicts)].all()


def test_what_is_taken_back_leaves_no_trace():
    race, _ = run([3.0, 3.5], "order", 3, limit=16)
    rows = list(zip(race._system, race._clip, race._score, strict=True))
    before = race.look().table()
    heard = {rater: set(clips) for rater, clips in race._heard.items()}
    clip = race.next_clip("r1", np.random.default_rng(0))
    race.add(clip, "r1", 7)
    race.take_back(clip, "r1")
    assert list(zip(race._system, race._clip, race._score, strict=True)) == rows
    assert {rater: clips for rater, clips in race._heard.items() if clips} == heard
    pd.testing.assert_frame_equal(race.look().table(), before)
    with pytest.raises(KeyError, match="to take back"):
        race.take_back(clip, "r1")


def test_who_waits_is_not_sent_after_the_same_clip():
    own = {f"s{k}": [f"s{k}-{i}" for i in range(3)] for k in range(2)}
    race, rng, given = Race(own, Goal("best"), (1, 7)), np.random.default_rng(0), []
    for rater in range(6):
        given.append((f"r{rater}", race.next_clip(f"r{rater}", rng, given)))
    assert len({clip for _, clip in given}) == 6
    assert race.next_clip("r0", rng, [("r0", clip) for clips in own.values() for clip in clips]) is None


def test_ratings_to_go_end_at_nothing():
    race, standing = run([3.0, 5.5], "best", 0)
    assert standing.decided
    assert race.to_go() == 0
    early, _ = run([3.0, 5.5], "best", 0, limit=12)
    assert early.to_go() >= 8, "at least the minimum of every system"
    wide, _ = run([3.0, 4.0], "width:0.01", 0, clips=12, limit=60)
    assert wide.to_go() is None, "these clips are not enough"


def test_nobody_hears_a_clip_twice_and_raters_spread_over_systems():
    race, _ = run([4.0] * 4, "order", 5, clips=12, raters=3, limit=100)
    pairs = [(c, r, s) for c, r, s in zip(race._clip, race._rater, race._system, strict=True)]
    assert len(pairs) == len(set(pairs))
    for rater in range(3):
        heard = np.bincount([s for _, r, s in pairs if r == rater], minlength=4)
        assert np.ptp(heard) <= 1


def test_a_strict_rater_of_one_system_does_not_decide():
    """Only the mild rater hears s0, only the strict one s1, both hear s2: the raters differ, the systems do not."""
    rng = np.random.default_rng(6)
    own = {f"s{k}": [f"{k}-{i}" for i in range(60)] for k in range(3)}
    race = Race(own, Goal("order"), (1, 7))
    for i in range(60):
        for system, rater, shift in (("s0", "mild", 1), ("s2", "mild", 1), ("s1", "strict", -1), ("s2", "strict", -1)):
            race.add(own[system][i], rater, float(np.clip(4 + shift + rng.normal(0, 0.5), 1, 7)))
    assert np.isnan(race.look().verdicts[0, 1])


def test_ratings_to_go_shrink_as_ratings_come():
    race, _ = run([4.0, 4.9], "best", 7, clips=400, limit=40)
    first = race.ratings_to_go()["s0", "s1"]
    assert first is not None
    assert first > 0


def test_wrong_use_is_named():
    clips = {"a": ["a1"], "b": ["b1"]}
    for text in ("worst", "top:0", "top:x", "width:", "best:2"):
        with pytest.raises(ValueError, match="a goal is"):
            Goal.parse(text)
    assert [str(Goal.parse(text)) for text in ("best", "order", "top:3", "width:0.2")] == [
        "best", "order", "top:3", "width:0.2",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="two systems"):
        Race({"a": ["x"]}, Goal("best"), (1, 5))
    race = Race(clips, Goal("best"), (1, 5))
    with pytest.raises(KeyError, match="no clip 'c'"):
        race.add("c", "r", 3)
    with pytest.raises(ValueError, match="off the scale"):
        race.add("a1", "r", 6)


def made(truths, rng, *, clips=30, ratings=6, named=False):
    rows, table = [], []
    for k, truth in enumerate(truths):
        for i in range(clips):
            clip = f"s{k}-{i}"
            table.append({"clip": clip, "system": f"s{k}"})
            quality = truth + rng.normal(0, 0.4)
            for j in range(ratings):
                score = float(np.clip(np.round(quality + rng.normal(0, 0.9)), 1, 5))
                rows.append({"clip": clip, "rater": f"r{j}" if named else "", "axis": "MI", "score": score})
    return Study(pd.DataFrame(table), pd.DataFrame(rows), name="made")


@pytest.mark.parametrize("named", [False, True])
def test_a_replay_saves_ratings_and_keeps_the_truth(named):
    study = made([2.0, 2.5, 3.0, 4.2], np.random.default_rng(8), named=named)
    told = replay(study, "MI", Goal("best"), runs=20).summary()
    assert told["best"] == "s3"
    assert told["share_used"] < 0.6
    assert told["picked_best"] == told["truth_kept"] == told["decided"] == 1
    assert told == replay(study, "MI", Goal("best"), runs=20).summary()


def test_a_replay_of_equal_systems_decides_nothing():
    study = made([3.0, 3.0, 3.0], np.random.default_rng(9), clips=12)
    told = replay(study, "MI", Goal("order"), runs=10)
    assert told.summary()["decided"] == 0
    assert told.runs["kept"].mean() >= 0.9


def test_studies_that_cannot_be_raced_say_why():
    study = made([2.0], np.random.default_rng(0))
    with pytest.raises(ValueError, match="two systems or more"):
        replay(study, "MI", Goal("best"))
    with pytest.raises(ValueError, match="no axis 'TA'"):
        replay(study, "TA", Goal("best"))
    means = made([2.0, 3.0], np.random.default_rng(0))
    means = Study(means.clips, means.ratings.drop_duplicates("clip").assign(mean_of=5), name="means")
    with pytest.raises(ValueError, match="single ratings"):
        replay(means, "MI", Goal("best"))
