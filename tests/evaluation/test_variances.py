"""Variance components: a dense likelihood, statsmodels, the analysis of variance, and coverage of the intervals."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation.variances import Model, Variances, estimate
from qamro.studies import Study


def made(rng, systems=4, clips=6, ratings=3, *, between=1.0, within=0.5, raters=0.0, rest=0.8, panel=0, lose=0.0):
    """A study with known variances; ``panel`` names that many raters, ``lose`` takes ratings away at random."""
    rows, table = [], []
    bias = np.sqrt(raters) * rng.normal(size=max(panel, 1))
    for k in range(systems):
        level = 3 + np.sqrt(between) * rng.normal()
        for i in range(clips):
            table.append({"clip": f"{k}-{i}", "system": f"s{k}"})
            quality = level + np.sqrt(within) * rng.normal()
            for j in rng.permutation(panel or ratings)[:ratings]:
                score = quality + (bias[j] if panel else 0) + np.sqrt(rest) * rng.normal()
                rows.append({"clip": f"{k}-{i}", "rater": f"r{j}" if panel else "", "axis": "MI", "score": score})
    ratings_table = pd.DataFrame(rows)
    keep = rng.random(len(rows)) >= lose
    return Study(pd.DataFrame(table), ratings_table[keep].reset_index(drop=True), name="made")


def coded(study):
    table = study.ratings.merge(study.clips, on="clip")
    codes = [np.unique(table[name], return_inverse=True)[1] for name in ("system", "clip", "rater")]
    return table["score"].to_numpy(), *codes


def dense(y, system, clip, rater, between, clips, raters, rest):
    """-2 restricted log-likelihood with the whole covariance matrix."""
    n, one = len(y), np.ones(len(y))
    covariance = rest * np.eye(n)
    for code, variance in ((system, between), (clip, clips), (rater, raters)):
        covariance += variance * (code[:, None] == code)
    inverse = np.linalg.inv(covariance)
    weight = one @ inverse @ one
    projection = inverse - np.outer(inverse @ one, one @ inverse) / weight
    return np.linalg.slogdet(covariance)[1] + np.log(weight) + y @ projection @ y


@pytest.mark.parametrize("seed", range(4))
def test_the_likelihood_is_the_dense_one_and_its_slopes_are_right(seed):
    rng = np.random.default_rng(seed)
    y, system, clip, rater = coded(made(rng, panel=5, raters=0.4, lose=0.3))
    y = (y - y.mean()) / y.std()
    model = Model(y, system, clip, rater)
    points = rng.uniform(0.05, 1.5, (3, 4))
    points[0, rng.integers(3)] = 0  # a component may be nothing
    differences = []
    for point in points:
        value, slopes = model.deviance(*point)
        differences.append(value - dense(y, system, clip, rater, *point))
        for k in range(4):
            step = 1e-5 * np.eye(4)[k]
            rise = (model.deviance(*(point + 2 * step))[0] - model.deviance(*point)[0]) / 2e-5
            near = model.deviance(*(point + step))[1][k]  # zero has no other side
            assert near == pytest.approx(rise, rel=1e-4, abs=1e-4), (point, k)
            assert slopes[k] == pytest.approx(near, rel=0.05, abs=0.05)
    assert np.ptp(differences) < 1e-8


@pytest.mark.parametrize("panel", [0, 6])
def test_estimates_are_those_of_statsmodels(panel):
    from statsmodels.regression.mixed_linear_model import MixedLM

    study = made(np.random.default_rng(5), panel=panel, raters=0.5, lose=0.2, ratings=4)
    found = estimate(study, "MI").variances
    table = study.ratings.merge(study.clips, on="clip").assign(whole=1)
    parts = {"between": "0 + C(system)", "clips": "0 + C(clip)"} | ({"raters": "0 + C(rater)"} if panel else {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = MixedLM.from_formula("score ~ 1", groups="whole", vc_formula=parts, re_formula="0", data=table).fit()
    theirs = dict(zip(sorted(parts), fit.vcomp, strict=True)) | {"rest": fit.scale}
    for name, value in theirs.items():
        assert getattr(found, name) == pytest.approx(value, rel=0.01, abs=1e-3), name


def test_balanced_estimates_are_those_of_the_analysis_of_variance():
    study = made(np.random.default_rng(6), systems=5, clips=8, ratings=4, between=2.0, within=1.0)
    y = study.ratings["score"].to_numpy().reshape(5, 8, 4)
    rest = y.var(axis=2, ddof=1).mean()
    clips = 4 * y.mean(axis=2).var(axis=1, ddof=1).mean()
    systems = 32 * y.mean(axis=(1, 2)).var(ddof=1)
    found = estimate(study, "MI")
    expected = ((systems - clips) / 32, (clips - rest) / 4, rest)
    assert (found.variances.between, found.variances.clips, found.variances.rest) == pytest.approx(expected, rel=1e-3)
    assert found.means == pytest.approx(y.mean(axis=(1, 2)))


def test_intervals_hold_the_truth_as_often_as_they_say():
    truth = {"between": 1.0, "clips": 0.5, "rest": 0.8}
    held = []
    for seed in range(30):
        found = estimate(made(np.random.default_rng([7, seed]), systems=8, clips=6), "MI")
        held.append([found.low[name] <= value <= found.high[name] for name, value in truth.items()])
    assert (np.mean(held, axis=0) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 30)).all()


def test_where_clips_do_not_differ_the_interval_begins_at_zero():
    for seed in range(3):
        found = estimate(made(np.random.default_rng([8, seed]), within=0.0), "MI")
        assert found.low["clips"] == 0 <= found.variances.clips < found.high["clips"] < 0.6


def test_a_scale_in_other_units_gives_the_same_components():
    study = made(np.random.default_rng(9), panel=5, raters=0.3)
    other = study.ratings.assign(score=50 + 20 * study.ratings["score"])
    one, two = estimate(study, "MI"), estimate(Study(study.clips, other), "MI")
    for name in ("between", "clips", "raters", "rest"):
        for each, wide in ((one.low, two.low), (one.high, two.high)):
            assert wide[name] == pytest.approx(400 * each[name], rel=0.01)
        assert getattr(two.variances, name) == pytest.approx(400 * getattr(one.variances, name), rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"systems": 1}, "1 named systems"),
        ({"clips": 1}, "two clips"),
        ({"ratings": 1}, "a clip with two ratings"),
        ({"within": 0.0, "rest": 0.0, "between": 0.0}, "all ratings on MI are equal"),
    ],
)
def test_studies_that_cannot_tell_say_why(change, message):
    with pytest.raises(ValueError, match=message):
        estimate(made(np.random.default_rng(1), **change), "MI")


def test_means_and_unknown_axes_say_why():
    study = made(np.random.default_rng(1))
    with pytest.raises(KeyError, match="nobody rated 'XX'"):
        estimate(study, "XX")
    with pytest.raises(ValueError, match="holds means"):
        estimate(Study(study.clips, study.ratings.assign(mean_of=5)), "MI")
    with pytest.raises(ValueError, match="'clips' is -1"):
        Variances(1.0, -1.0, 0.0, 1.0)


@pytest.mark.parametrize("change", [{"rest": 0.0}, {"between": 0.0}, {"systems": 2}, {"clips": 2, "ratings": 2}])
def test_components_at_the_edge_and_few_data_have_an_answer(change):
    found = estimate(made(np.random.default_rng(4), **change), "MI")
    for name, high in found.high.items():
        value = getattr(found.variances, name)
        assert 0 <= found.low[name] <= value * 1.001
        assert value <= high * 1.001
        if change.get(name) == 0:
            assert value < 0.2
