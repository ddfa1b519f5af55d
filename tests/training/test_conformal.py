import math

import numpy as np
import pytest

from qamro.training.conformal import half_width


def test_is_the_finite_sample_quantile():
    residuals = np.arange(1.0, 20.0)  # n = 19: ceil(20 * .9) = the 18th smallest
    assert half_width(residuals, np.zeros(19), 0.9) == 18


def test_holds_its_level_on_new_clips():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        y, p = rng.normal(size=(2, 130))
        width = half_width(y[:100], p[:100], 0.9)
        covered.append(np.mean(np.abs(y[100:] - p[100:]) <= width))
    assert 0.89 < np.mean(covered) < 0.93


def test_too_few_clips_promise_nothing():
    assert half_width(np.ones(5), np.zeros(5), 0.9) == math.inf


@pytest.mark.parametrize(("y", "p", "level"), [((), (), 0.9), ((1, 2), (1,), 0.9), ((1,), (1,), 1.0)])
def test_wrong_input(y, p, level):
    with pytest.raises(ValueError):
        half_width(np.array(y, float), np.array(p, float), level)
