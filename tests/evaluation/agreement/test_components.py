from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pingouin
import pytest

from qamro.evaluation.agreement import components, icc_mean, icc_single
from qamro.evaluation.agreement.icc import why_no_icc

from .panels import drawn_ratings, panel


@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("seed", range(4))
def test_icc_equals_pingouin_on_complete_ratings(seed):
    scores = panel(seed, n=25, k=6)
    long = pd.DataFrame([(c, r, scores[c, r]) for c in range(25) for r in range(6)], columns=["clip", "rater", "score"])
    table = pingouin.intraclass_corr(long, targets="clip", raters="rater", ratings="score")
    values = dict(zip(table["Type"], table["ICC"], strict=True))
    find = lambda *names: next(values[name] for name in names if name in values)  # noqa: E731 - names differ by version
    named, anonymous = components(scores, named=True), components(scores, named=False)
    assert float(icc_single(named)) == pytest.approx(find("ICC2", "ICC(A,1)"), abs=1e-10)
    assert float(icc_mean(named, 6)) == pytest.approx(find("ICC2k", "ICC(A,k)"), abs=1e-10)
    assert float(icc_single(anonymous)) == pytest.approx(find("ICC1", "ICC(1,1)"), abs=1e-10)
    assert float(icc_mean(anonymous, 6)) == pytest.approx(find("ICC1k", "ICC(1,k)"), abs=1e-10)


def test_icc_of_shrout_and_fleiss():
    """Table 2 of Shrout & Fleiss 1979: six targets, four judges; ICC(1,1) .17, ICC(2,1) .29, ICC(2,4) .62."""
    scores = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
    )
    assert float(icc_single(components(scores, named=True))) == pytest.approx(0.29, abs=5e-3)
    assert float(icc_mean(components(scores, named=True), 4)) == pytest.approx(0.62, abs=5e-3)
    assert float(icc_single(components(scores, named=False))) == pytest.approx(0.17, abs=5e-3)


def _components_by_pairs(scores, clip_weights, rater_weights):
    """The three mean squared differences by listing every drawn pair of ratings."""
    ratings = drawn_ratings(scores, clip_weights, rater_weights)
    kinds = {"clip": [], "rater": [], "apart": []}
    for (c, i, r, a), (d, j, q, b) in itertools.combinations(ratings, 2):
        if c == d and i == j and r != q:
            kinds["clip"].append((a - b) ** 2 / 2)
        elif r == q and c != d:
            kinds["rater"].append((a - b) ** 2 / 2)
        elif r != q and c != d:
            kinds["apart"].append((a - b) ** 2 / 2)
    return {kind: np.mean(values) if values else np.nan for kind, values in kinds.items()}


def test_components_of_draws_equal_the_loop_over_drawn_pairs():
    rng = np.random.default_rng(9)
    scores = panel(9, n=6, k=4, missing=0.2)
    clip_weights = rng.multinomial(6, np.full(6, 1 / 6), size=5).astype(float)
    rater_weights = rng.multinomial(4, np.full(4, 1 / 4), size=5).astype(float)
    found = components(scores, named=True, clip_weights=clip_weights, rater_weights=rater_weights)
    for d in range(5):
        pairs = _components_by_pairs(scores, clip_weights[d], rater_weights[d])
        # Two ratings of one rater come from two columns' worth of copies: pairs of copies of one rater are one rater.
        np.testing.assert_allclose(found.clip[d], pairs["apart"] - pairs["clip"], atol=1e-10)
    single = components(scores, named=True)
    pairs = _components_by_pairs(scores, np.ones(6), np.ones(4))
    assert single.rater == pytest.approx(pairs["apart"] - pairs["rater"], abs=1e-10)
    assert single.rest == pytest.approx(pairs["clip"] + pairs["rater"] - pairs["apart"], abs=1e-10)


def test_components_are_unbiased_with_missing_ratings():
    found = [components(panel(seed, n=40, k=12, missing=0.5), named=True) for seed in range(150)]
    for name, expected in (("clip", 1.0), ("rater", 0.36), ("rest", 0.64)):
        values = np.array([getattr(each, name) for each in found])
        assert abs(values.mean() - expected) < 4 * values.std() / np.sqrt(len(values))


def test_draws_of_the_components_are_centred_on_the_estimate():
    """Copies of a rater that agreed with themselves would push the draws' reliability up; they do not."""
    scores = panel(3, n=200, k=8)
    rng = np.random.default_rng(0)
    raters = rng.multinomial(8, np.full(8, 1 / 8), size=2000).astype(float)
    drawn = components(scores, named=True, rater_weights=raters)
    whole = components(scores, named=True)
    assert np.nanmean(drawn.rest) == pytest.approx(float(whole.rest), rel=0.03)


# What is not defined


LONE_RATER = [[1.0, np.nan, np.nan], [np.nan, 2.0, 4.0]]


@pytest.mark.parametrize("seed", range(3))
def test_draws_without_pairs_of_a_kind_are_nan_as_in_the_loop(seed):
    """Draws of a tiny panel often hold one clip or one rater alone, several times."""
    rng = np.random.default_rng(seed)
    scores = panel(seed, n=3, k=3, missing=0.2)
    clip_weights = rng.multinomial(3, np.full(3, 1 / 3), size=60).astype(float)
    rater_weights = rng.multinomial(3, np.full(3, 1 / 3), size=60).astype(float)
    found = components(scores, named=True, clip_weights=clip_weights, rater_weights=rater_weights)
    pairs = [_components_by_pairs(scores, *drawn) for drawn in zip(clip_weights, rater_weights, strict=True)]
    np.testing.assert_allclose(found.clip, [each["apart"] - each["clip"] for each in pairs], atol=1e-10)
    unknown = [np.isnan(each["apart"] - each["rater"]) for each in pairs]
    assert np.isnan(found.rater).tolist() == unknown
    assert any(unknown)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("value", [2.0, 2.1, 1 / 3])
def test_equal_ratings_have_no_variance_at_all(value, named):
    """2.1 is no binary fraction: what rounding leaves must not pass for variance."""
    scores = np.full((5, 3), value)
    draws = np.random.default_rng(0).multinomial(5, np.full(5, 0.2), size=50).astype(float)
    for found in (components(scores, named=named), components(scores, named=named, clip_weights=draws)):
        assert np.isnan(icc_single(found)).all()
        assert np.isnan(icc_mean(found, 3)).all()
    assert why_no_icc(scores, named=named) == "all ratings are equal"


def test_draws_that_hold_equal_ratings_only_have_no_variance():
    scores = np.array([[2.1, 2.1, 2.1]] * 3 + [[3.7, 4.9, 1.3]])
    drawn = components(scores, named=True, clip_weights=np.array([[2.0, 1, 1, 0], [1, 1, 1, 1]]))
    assert np.isnan(icc_single(drawn)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("scores", "named", "why"),
    [
        ([[1.0, 2.0], [np.nan, np.nan]], True, "fewer than two clips"),
        (LONE_RATER, True, "no rater rated two clips"),
        ([[1.0, 2.0], [2.0, np.nan]], True, "the variance of the ratings is estimated at zero or below"),
    ],
)
def test_why_there_is_no_icc(scores, named, why):
    scores = np.array(scores)
    assert np.isnan(icc_single(components(scores, named=named)))
    assert why_no_icc(scores, named=named) == why


def test_anonymous_ratings_need_no_rater_of_two_clips():
    assert np.isfinite(icc_single(components(np.array(LONE_RATER), named=False)))
