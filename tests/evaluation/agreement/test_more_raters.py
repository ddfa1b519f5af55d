from __future__ import annotations

import numpy as np
import pytest

from qamro.evaluation.agreement import more_raters
from qamro.evaluation.bootstrap import clips_within_systems

from .panels import matrix_of, panel


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
