from __future__ import annotations

import itertools
import warnings

import krippendorff
import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats

from qamro.evaluation.agreement import (
    ANONYMOUS,
    MEANING,
    RatingMatrix,
    agreement,
    ceiling,
    components,
    half_means,
    icc_mean,
    icc_single,
    krippendorff_alpha,
    more_raters,
    rating_matrix,
)
from qamro.evaluation.agreement.ceiling import spearman_brown
from qamro.evaluation.bootstrap import clips_within_systems
from qamro.studies import Study

from . import oracles
from .data import study_of, track2


def panel(seed, n=30, k=7, missing=0.0, clip=1.0, rater=0.6, rest=0.8, whole=False):
    rng = np.random.default_rng(seed)
    scores = 5 + clip * rng.normal(size=(n, 1)) + rater * rng.normal(size=(1, k)) + rest * rng.normal(size=(n, k))
    scores = np.round(scores) if whole else scores
    scores[rng.random((n, k)) < missing] = np.nan
    return scores


def matrix_of(scores, systems=None, anonymous=False):
    n, k = scores.shape
    systems = np.array([f"s{i % 5}" for i in range(n)]) if systems is None else np.asarray(systems)
    return RatingMatrix(
        "MI", [f"c{i}" for i in range(n)], systems, [] if anonymous else [f"r{j}" for j in range(k)], scores
    )


# Krippendorff's alpha


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
    ratings = [
        (c, copy, r, scores[c, r])
        for c in range(scores.shape[0])
        for copy in range(int(clip_weights[c]))
        for r in range(scores.shape[1])
        for _ in range(int(rater_weights[r]))
        if np.isfinite(scores[c, r])
    ]
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


# Variance components and intraclass correlations


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
    ratings = [
        (c, copy, r, scores[c, r])
        for c in range(scores.shape[0])
        for copy in range(int(clip_weights[c]))
        for r in range(scores.shape[1])
        for _ in range(int(rater_weights[r]))
        if np.isfinite(scores[c, r])
    ]
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


# Split halves


def test_halves_of_named_raters_are_two_panels():
    scores = panel(1, n=12, k=5, missing=0.2)
    one, other = half_means(matrix_of(scores), 30, np.random.default_rng(0))
    panels = [(list(first), [r for r in range(5) if r not in first]) for first in itertools.combinations(range(5), 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = [(np.nanmean(scores[:, a], axis=1), np.nanmean(scores[:, b], axis=1)) for a, b in panels]
    for split in range(30):
        both = np.isfinite(one[split])
        assert (both == np.isfinite(other[split])).all()
        assert any(
            np.allclose(one[split][both], a[both]) and np.allclose(other[split][both], b[both]) for a, b in expected
        )


def test_halves_of_anonymous_ratings_are_drawn_for_each_clip():
    rng = np.random.default_rng(2)
    scores = np.full((40, 5), np.nan)
    for i in range(40):
        scores[i, : 1 + i % 5] = rng.normal(size=1 + i % 5)
    one, other = half_means(matrix_of(scores, anonymous=True), 50, np.random.default_rng(0))
    for i in range(40):
        ratings = scores[i, : 1 + i % 5]
        if ratings.size == 1:
            assert np.isnan(one[:, i]).all()
            continue
        assert np.isnan(other[:, i]).sum() == 0
        halves = {
            (round(np.mean(half), 9), round((ratings.sum() - sum(half)) / (ratings.size - len(half)), 9))
            for half in itertools.combinations(ratings, ratings.size // 2)
        }
        seen = {(round(a, 9), round(b, 9)) for a, b in zip(one[:, i], other[:, i], strict=True)}
        assert seen <= halves
        assert len(seen) > 1


def test_ceiling_equals_a_loop_over_splits():
    scores = panel(5, n=30, k=6, whole=True)
    matrix = matrix_of(scores, anonymous=True)
    found = ceiling(matrix, splits=20, draws=0, seed=3)
    one, other = half_means(matrix, 20, np.random.default_rng(3))
    clips, systems = [], []
    for a, b in zip(one, other, strict=True):
        clips.append(oracles.srcc(a.tolist(), b.tolist()))
        means = [[half[matrix.systems == name].mean() for name in np.unique(matrix.systems)] for half in (a, b)]
        systems.append(stats.spearmanr(*np.round(means, 9)).statistic)
    assert found["utterance"][0] == pytest.approx(np.mean(clips), abs=1e-12)
    assert found["system"][0] == pytest.approx(np.mean(systems), abs=1e-12)


@pytest.mark.parametrize("anonymous", [False, True])
def test_ceiling_with_missing_ratings_and_systems(anonymous):
    scores = panel(6, n=30, k=6, missing=0.4)
    matrix = matrix_of(scores, ["", *(["a", "b", "c"] * 10)][:30], anonymous)
    found = ceiling(matrix, draws=60)
    assert 0 < found["utterance"][0] < 1
    assert found["utterance"][1].shape == found["system"][1].shape == (60,)
    none = ceiling(matrix_of(scores, [""] * 30, anonymous), draws=10)
    assert np.isnan(none["system"][0])
    assert none["utterance"][1].size == 10


def test_spearman_brown():
    assert spearman_brown(0.5) == pytest.approx(2 / 3)
    assert spearman_brown(-0.5) == pytest.approx(-2 / 3)


def test_ceilings_of_a_published_study(shared):
    """Mean SRCC of two random halves of ten ratings, measured elsewhere by a plain loop over splits."""
    clips, scores = track2(shared)
    study = study_of(clips, scores)
    expected = {"PQ": (0.775, 0.987), "PC": (0.852, 0.974), "CE": (0.816, 0.989), "CU": (0.807, 0.993)}
    for axis, (utterance, system) in expected.items():
        found = ceiling(rating_matrix(study, axis), splits=40, draws=0)
        assert found["utterance"][0] == pytest.approx(utterance, abs=0.01)
        assert found["system"][0] == pytest.approx(system, abs=0.01)


# More raters


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


# The table


def frame(scores, raters=True):
    rows = [(f"c{i}", f"r{j}" if raters else "", "MI", scores[i, j]) for i, j in np.argwhere(np.isfinite(scores))]
    clips = pd.DataFrame({"clip": [f"c{i}" for i in range(len(scores))]})
    clips["system"] = [f"s{i % 5}" for i in range(len(scores))]
    return Study(clips, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]))


def test_matrix_of_a_study():
    scores = panel(2, n=8, k=3, missing=0.3)
    scores[:, 0] = 1.0
    matrix = rating_matrix(frame(scores), "MI")
    order = [int(clip[1:]) for clip in matrix.clips]
    np.testing.assert_array_equal(matrix.scores, scores[order])
    assert matrix.raters == ["r0", "r1", "r2"]
    anonymous = rating_matrix(frame(scores, raters=False), "MI")
    assert anonymous.anonymous
    np.testing.assert_array_equal(anonymous.counts, matrix.counts)
    np.testing.assert_allclose(np.nanmean(anonymous.scores, axis=1), np.nanmean(matrix.scores, axis=1))
    with pytest.raises(KeyError, match="nobody rated 'PQ'"):
        rating_matrix(frame(scores), "PQ")


def test_a_rater_who_rated_a_clip_twice_counts_once():
    study = frame(panel(2, n=4, k=3))
    again = pd.concat([study.ratings, study.ratings.iloc[:2].assign(score=9.0)])
    matrix = rating_matrix(Study(study.clips, again), "MI")
    assert matrix.repeated == 2
    assert matrix.scores[0, 0] == pytest.approx((study.ratings["score"].iloc[0] + 9) / 2)
    table = agreement(Study(study.clips, again), draws=10)
    assert table["note"].str.contains("2 repeated ratings averaged").any()


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_table_of_named_raters(missing):
    table = agreement(frame(panel(0, n=60, k=8, missing=missing)), draws=200).set_index("statistic")
    assert set(table.index) <= set(MEANING)
    assert "ICC(1,1)" not in table.index
    for name in ("alpha", "ICC(2,1)", "ICC(2,k)", "clip error", "system error"):
        assert table.loc[name, "low"] < table.loc[name, "value"] < table.loc[name, "high"], name
    assert (table["raters"] == 8).all()


def test_table_of_anonymous_ratings_says_what_cannot_be_known():
    table = agreement(frame(panel(0, n=60, k=8), raters=False), draws=100).set_index("statistic")
    assert table.loc["ICC(2,1)", "note"] == ANONYMOUS
    assert np.isnan(table.loc["ICC(2,1)", "value"])
    assert np.isfinite(table.loc["ICC(1,1)", "value"])
    assert (table["raters"] == 0).all()


def test_single_ratings_tell_nothing_about_agreement():
    table = agreement(frame(panel(0, n=9, k=1)), draws=10)
    assert table["note"].tolist() == ["no clip has two ratings"]


def test_real_raters(shared):
    study = Study.load(shared / "data" / "studies" / "codec_mushra")
    table = agreement(study, draws=200).set_index("statistic")
    matrix = rating_matrix(study, "quality")
    expected = krippendorff.alpha(reliability_data=matrix.scores.T, level_of_measurement="interval")
    assert table.loc["alpha", "value"] == pytest.approx(expected, abs=1e-12)
    assert 0.4 < table.loc["ICC(2,1)", "value"] < table.loc["ICC(2,k)", "value"] < 1
