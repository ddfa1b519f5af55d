"""Planning: predictions against replays of rated studies, made-up studies and formulas; the cheapest design."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qamro.evaluation.planning import Design, Goal, Plan, apart_range, shrunk
from qamro.evaluation.significance import compare_systems
from qamro.evaluation.variances import Estimated, Variances, estimate
from tests.evaluation.data import TRACK2, study_of, track2
from tests.evaluation.test_variances import made
from tests.studies.extracts import track2_clips, write_aesthetics


@pytest.fixture(scope="module", params=["made up", "published"])
def rated(request, tmp_path_factory):
    """36 systems of 85 clips with ten ratings on four axes."""
    if request.param == "published":
        path = request.getfixturevalue("shared") / TRACK2
    else:
        path = write_aesthetics(tmp_path_factory.mktemp("track2") / "r.jsonl", track2_clips())
    clips, scores = track2(path)
    return clips["system"].to_numpy(str), scores, study_of(clips, scores)


@pytest.mark.parametrize("axis", ["PQ", "PC", "CE", "CU"])
def test_predicted_pairs_lie_within_seven_points_of_replays(rated, axis):
    systems, scores, study = rated
    plan = Plan.of(estimate(study, axis))
    for text, runs in (("20x5", 6), ("40x2", 6), ("85x1", 6), ("85x10", 1)):
        design = Design.parse(text)
        shares = []
        for seed in range(runs):
            rng = np.random.default_rng(seed)
            means = rng.permuted(scores[axis], axis=1)[:, : design.ratings].mean(axis=1)
            keep = [rng.permutation(np.flatnonzero(systems == k))[: design.clips] for k in np.unique(systems)]
            keep = np.concatenate(keep)
            shares.append(compare_systems(means[keep], systems[keep], draws=200, seed=seed).differ.sum() / 36 / 35)
        assert plan.outlook(design).apart == pytest.approx(np.mean(shares), abs=0.07), text


def test_more_clips_beat_more_raters(rated):
    plan = Plan.of(estimate(rated[2], "PQ"))
    few, many = plan.outlook(Design(20, 5)), plan.outlook(Design(85, 1))
    assert many.total < few.total
    assert many.apart > few.apart
    assert many.mean < few.mean


@pytest.mark.parametrize(("clips", "ratings", "raters"), [(8, 3, 0), (20, 1, 0), (10, 4, 4), (10, 3, 6)])
def test_half_widths_share_and_power_are_those_of_made_up_studies(clips, ratings, raters):
    """400 studies: half-widths from their clips' own means, pairs by the rule, power by t tests."""
    v = Variances(0.0, 0.4, 0.3, 0.9)
    levels = np.array([0.0, 0.6, 1.2])
    outlook = Plan(v, 3, levels=levels, delta=0.6).outlook(Design(clips, ratings, raters))
    rng = np.random.default_rng(clips)
    alone, apart, found = [], [], []
    for seed in range(400):
        scores = levels[:, None] + np.sqrt(v.clips) * rng.normal(size=(3, clips))
        bias = np.sqrt(v.raters) * rng.normal(size=raters or 3 * clips * ratings)
        who = np.argsort(rng.random((3, clips, len(bias))), axis=2)[..., :ratings] if raters else None
        heard = bias[who] if who is not None else bias.reshape(3, clips, ratings)
        scores += (heard + np.sqrt(v.rest) * rng.normal(size=(3, clips, ratings))).mean(axis=2)
        alone.append(scores.var(axis=1, ddof=1).mean() / clips)
        if seed < 120:
            names = np.repeat(["a", "b", "c"], clips)
            apart.append(compare_systems(scores.ravel(), names, draws=200, seed=seed).differ.sum() / 6)
        found.append(stats.ttest_ind(scores[1], scores[0]).pvalue < 0.05)
    error = np.mean(alone)
    shared = v.raters / raters if raters else 0.0
    assert outlook.mean == pytest.approx(stats.t.ppf(0.975, clips - 1) * np.sqrt(error + shared), rel=0.05)
    assert outlook.difference == pytest.approx(stats.t.ppf(0.975, 2 * clips - 2) * np.sqrt(2 * error), rel=0.05)
    assert outlook.apart == pytest.approx(np.mean(apart), abs=0.07)
    assert outlook.power == pytest.approx(np.mean(found), abs=3.5 * np.sqrt(0.25 / 400))


def test_equal_systems_are_hardly_ever_told_apart():
    outlook = Plan(Variances(0.0, 0.5, 0.0, 1.0), 6).outlook(Design(20, 3))
    assert outlook.apart < 0.05


def test_levels_of_a_pilot_vary_as_its_systems_do():
    pilot = estimate(made(np.random.default_rng(3), systems=6, between=0.05, within=1.0), "MI")
    assert shrunk(pilot).var(ddof=1) == pytest.approx(pilot.variances.between)
    assert pilot.means.var(ddof=1) > pilot.variances.between
    low, high = apart_range(pilot, Plan.of(pilot), Design(50, 2))
    assert 0 <= low <= high <= 1
    equal = Estimated(Variances(0.0, 1.0, 0.0, 1.0), {}, {}, ["a", "b"], np.ones(2), np.ones(2), 2, False)
    assert (shrunk(equal) == 0).all()


@pytest.mark.parametrize(("clip_price", "rating_price"), [(0.0, 1.0), (5.0, 1.0), (1.0, 0.0)])
@pytest.mark.parametrize("goal", ["pairs:0.5", "mean:0.3", "difference:0.5", "power:0.8"])
def test_the_cheapest_design_is_that_of_trying_all(goal, clip_price, rating_price):
    plan = Plan(
        Variances(0.3, 0.4, 0.2, 0.9), 4, delta=0.5, clip_price=clip_price, rating_price=rating_price
    )  # fmt: skip
    aim = Goal.parse(goal)
    every = [plan.outlook(Design(n, m, 8)) for m in range(1, 5) for n in range(2, 90)]
    least = min((each.cost for each in every if aim.met(each)), default=None)
    found = plan.cheapest(aim, most_clips=89, most_ratings=4, raters=8)
    if least is None:
        assert found is None
    else:
        assert aim.met(found)
        # The share is met by a rule that was drawn for each number of clips, so one clip more or less may be missed.
        assert found.cost == pytest.approx(least, rel=0.03 if goal.startswith("pairs") else 1e-9)


def test_alternatives_never_cost_more():
    for clip_price in (0.0, 3.0):
        plan = Plan(Variances(0.3, 0.4, 0.2, 0.9), 4, clip_price=clip_price)
        for raters in (0, 4):
            others = plan.alternatives(Design(20, 4, raters), most_clips=60)
            assert others
            assert max(plan.cost(each) for each in others) <= plan.cost(Design(20, 4, raters))
            assert max(each.clips for each in others) <= 60
            assert all(each.ratings <= (raters or 10) for each in others)


def test_a_huge_difference_is_never_missed_and_one_clip_shows_nothing():
    plan = Plan(Variances(1.0, 0.1, 0.0, 0.1), 3, delta=50.0)
    assert plan.outlook(Design(30, 3)).power == 1
    alone = plan.outlook(Design(1, 3))
    assert np.isnan(alone.mean)
    assert alone.apart == 0
    assert plan.outlook(Design(2, 1)).apart < plan.outlook(Design(200, 1)).apart


def test_wrong_use_is_named():
    v = Variances(1.0, 1.0, 0.0, 1.0)
    for text in ("20", "20x", "x5", "20x5x3x2", "0x5", "5x0", "20x5x3"):
        with pytest.raises(ValueError, match="design|raters"):
            Design.parse(text)
    assert str(Design.parse("20 x 5")) == "20 x 5"
    assert Design.parse("20x5x12") == Design(20, 5, 12)
    for text in ("pairs", "pairs:1", "pairs:0", "power:70", "best", "mean:-1", "mean:x"):
        with pytest.raises(ValueError, match="a goal is"):
            Goal.parse(text)
    with pytest.raises(ValueError, match="two systems"):
        Plan(v, 1)
    with pytest.raises(ValueError, match="prices"):
        Plan(v, 2, rating_price=0.0)
    with pytest.raises(ValueError, match="delta"):
        Plan(v, 2, delta=0.0)
    with pytest.raises(ValueError, match="nothing to plan from"):
        Plan(Variances(1.0, 0.0, 0.0, 0.0), 2)
    with pytest.raises(ValueError, match="name it with delta"):
        Plan(v, 2).cheapest(Goal.parse("power:0.8"))
