from __future__ import annotations

import itertools

import krippendorff
import numpy as np
import pandas as pd
import pingouin
import pytest

from qamro.evaluation.agreement import components, icc_mean, icc_single, krippendorff_alpha, more_raters
from qamro.evaluation.agreement.reliability import why_no_icc
from qamro.evaluation.bootstrap import clips_within_systems

from .panels import drawn_ratings, matrix_of, panel


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("seed", range(3))
def test_alpha_equals_the_krippendorff_package(missing, seed):
    scores = panel(seed, missing=missing, whole=True)
    expected = krippendorff.alpha(reliability_data=scores.T, level_of_measurement="interval")
    assert float(krippendorff_alpha(scores)) == pytest.approx(expected, abs=1e-12)


def test_alpha_of_krippendorff_s_own_example():
    """Example E of Krippendorff 2011: 4 observers, 12 units, missing values; interval alpha .849."""
    unknown = np.nan
    rows = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, unknown, unknown, unknown],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, unknown, 3],
        [unknown, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, unknown],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, unknown],
    ]
    assert float(krippendorff_alpha(np.array(rows, dtype=float).T)) == pytest.approx(0.849, abs=5e-4)


def _alpha_by_pairs(scores, clip_weights, rater_weights):
    """Every drawn pair of ratings, one by one; copies of one rating of one clip are not compared."""
    ratings = drawn_ratings(scores, clip_weights, rater_weights)
    units = {}
    for c, copy, r, score in ratings:
        units.setdefault((c, copy), []).append((r, score))
    units = {key: unit for key, unit in units.items() if len({r for r, _ in unit}) > 1}
    kept = [(c, r, score) for (c, _), unit in units.items() for r, score in unit]
    observed = 0.0
    for unit in units.values():
        pairs = [(a - b) ** 2 for (r, a), (q, b) in itertools.permutations(unit, 2) if r != q]
        observed += len(unit) * np.mean(pairs)
    observed /= len(kept)
    across = [(a - b) ** 2 for (c, r, a), (d, q, b) in itertools.permutations(kept, 2) if (c, r) != (d, q)]
    return 1 - observed / np.mean(across)


def test_alpha_of_draws_equals_the_loop_over_drawn_pairs():
    rng = np.random.default_rng(4)
    scores = panel(4, n=7, k=4, missing=0.25, whole=True)
    clip_weights = rng.multinomial(7, np.full(7, 1 / 7), size=6).astype(float)
    rater_weights = rng.multinomial(4, np.full(4, 1 / 4), size=6).astype(float)
    found = krippendorff_alpha(scores, clip_weights=clip_weights, rater_weights=rater_weights)
    expected = [_alpha_by_pairs(scores, c, r) for c, r in zip(clip_weights, rater_weights, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_alpha_is_undefined_without_variation_or_pairs():
    assert np.isnan(krippendorff_alpha(np.full((4, 3), 2.0)))
    assert np.isnan(krippendorff_alpha(np.array([[1.0, np.nan], [np.nan, 2.0]])))


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


def test_more_raters_in_numbers():
    """Four systems, noise of variance 4 on ten ratings, clips of variance 1: known errors and needs."""
    rng = np.random.default_rng(0)
    true = np.repeat(rng.normal(size=4), 400) + rng.normal(size=1600)
    scores = true[:, None] + 2 * rng.normal(size=(1600, 10))
    found = more_raters(matrix_of(scores, np.repeat(list("abcd"), 400)))
    assert float(found.now) == pytest.approx(10)
    assert float(found.clip_needed) == pytest.approx(40)
    assert float(found.clip_error) == pytest.approx(np.sqrt(4 / 10), rel=0.03)
    assert float(found.system_error) == pytest.approx(np.sqrt((1 + 0.4) / 400), rel=0.05)
    assert float(found.system_limit) == pytest.approx(np.sqrt(1 / 400), rel=0.05)
    assert np.isinf(found.system_needed)  # clips alone are more than a quarter of the variance
    assert float(found.clips_needed) == 1600


def test_more_raters_halve_the_error_when_noise_is_most_of_it():
    rng = np.random.default_rng(1)
    true = np.repeat(rng.normal(size=4), 500) + 0.3 * rng.normal(size=2000)
    scores = true[:, None] + 3 * rng.normal(size=(2000, 4))
    found = more_raters(matrix_of(scores, np.repeat(list("abcd"), 500)))
    # v = .09 + 9 / 4; a quarter of it is .585 = .09 + 9 / m
    assert float(found.system_needed) == pytest.approx(9 / (0.25 * (0.09 + 9 / 4) - 0.09), rel=0.15)


def test_draws_of_the_errors_are_centred_on_them():
    scores = panel(8, n=60, k=5)
    matrix = matrix_of(scores)
    drawn = more_raters(matrix, clips_within_systems(matrix.systems, draws=2000, seed=0))
    whole = more_raters(matrix)
    assert np.mean(drawn.system_error**2) == pytest.approx(float(whole.system_error) ** 2, rel=0.03)
    assert np.mean(drawn.clip_error**2) == pytest.approx(float(whole.clip_error) ** 2, rel=0.03)
