from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from scipy import stats

from qamro.evaluation.agreement import ceiling, half_means, rating_matrix
from qamro.evaluation.agreement.ceiling import spearman_brown
from tests.evaluation import oracles
from tests.evaluation.data import TRACK2, study_of, track2

from .panels import matrix_of, panel


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
    assert np.isnan(spearman_brown(-0.5))
    assert spearman_brown(0.0) == 0


@pytest.mark.parametrize(("systems", "known"), [(1, False), (2, False), (3, True)])
def test_below_three_systems_there_is_no_ceiling_of_systems(systems, known):
    names = [f"s{i % systems}" for i in range(30)]
    found = ceiling(matrix_of(panel(1), names), splits=20, draws=20)
    assert np.isfinite(found["system"][0]) == known
    assert np.isfinite(found["system"][1]).any() == known
    assert np.isfinite(found["utterance"][0])
    two = ceiling(matrix_of(panel(1)[:2], names[:2]), splits=20, draws=20)
    assert np.isnan(two["utterance"][0])


def test_ceilings_of_a_published_study(shared):
    """Mean SRCC of two random halves of ten ratings, measured elsewhere by a plain loop over splits."""
    clips, scores = track2(shared / TRACK2)
    study = study_of(clips, scores)
    expected = {"PQ": (0.775, 0.987), "PC": (0.852, 0.974), "CE": (0.816, 0.989), "CU": (0.807, 0.993)}
    for axis, (utterance, system) in expected.items():
        found = ceiling(rating_matrix(study, axis), splits=40, draws=0)
        assert found["utterance"][0] == pytest.approx(utterance, abs=0.01)
        assert found["system"][0] == pytest.approx(system, abs=0.01)
