from __future__ import annotations

import itertools

import krippendorff
import numpy as np
import pytest

from qamro.evaluation.agreement import krippendorff_alpha

from .panels import drawn_ratings, panel


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
