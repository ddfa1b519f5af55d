import math
from fractions import Fraction

import numpy as np
import pytest

from qamro.training.cards import groups_needed, half_width


def by_hand(residuals, groups, level):
    """The weighted quantile of Lee, Barber and Willett with a loop and exact fractions."""
    names = sorted(set(groups))
    level, total = Fraction(str(level)), Fraction(0)
    for residual, group in sorted(zip(residuals, groups, strict=True)):
        total += Fraction(1, (len(names) + 1) * groups.count(group))
        if total >= level:
            return residual
    return math.inf


def test_groups_of_one_clip_give_the_split_conformal_quantile():
    residuals = np.arange(1.0, 20.0)  # n = 19: ceil(20 * .9) = the 18th smallest
    assert half_width(residuals, np.zeros(19), [str(i) for i in range(19)], 0.9) == 18


@pytest.mark.parametrize("seed", range(30))
def test_is_the_weighted_quantile(seed):
    rng = np.random.default_rng(seed)
    groups = [f"g{k}" for k in rng.integers(0, rng.integers(1, 25), rng.integers(1, 80))]
    residuals = rng.integers(0, 9, len(groups)).astype(float)  # ties
    level = float(rng.choice([0.5, 0.8, 0.9, 0.95]))
    signs = rng.choice([-1, 1], len(groups))
    assert half_width(residuals * signs, np.zeros(len(groups)), groups, level) == by_hand(residuals, groups, level)


@pytest.mark.parametrize(("level", "groups"), [(0.9, 9), (0.8, 4), (0.95, 19), (0.5, 1)])
def test_fewer_groups_than_the_level_needs_promise_nothing_however_many_clips(level, groups):
    assert groups_needed(level) == groups
    for count in (groups - 1, groups):
        names = [f"g{i % count}" for i in range(40 * count)]
        width = half_width(np.ones(len(names)), np.zeros(len(names)), names, level) if count else math.inf
        assert width == (1 if count == groups else math.inf)


@pytest.mark.parametrize(("count", "spread"), [(9, 2.0), (12, 2.0), (30, 0.5), (60, 0.0)])
def test_holds_its_level_for_a_clip_of_a_new_group(count, spread):
    """Groups err alike and differ in size; pooling clips, as if they were exchangeable, falls short."""
    rng = np.random.default_rng(count)
    covered, pooled = [], []
    for _ in range(1500):
        sizes = rng.integers(1, 30, count + 1)
        bias = spread * rng.normal(size=count + 1)
        groups = np.repeat(np.arange(count + 1), sizes)
        residuals = np.abs(bias[groups] + rng.normal(size=len(groups)))
        seen = groups < count
        new = residuals[~seen]
        width = half_width(residuals[seen], np.zeros(seen.sum()), groups[seen].astype(str).tolist(), 0.9)
        covered.append(np.mean(new <= width))
        pooled.append(np.mean(new <= np.quantile(residuals[seen], 0.9)))
    assert np.mean(covered) > 0.9 - 3 * np.std(covered) / np.sqrt(len(covered))
    if spread == 2.0:
        assert np.mean(pooled) < np.mean(covered) - 0.02


@pytest.mark.parametrize(
    ("y", "p", "groups", "level"),
    [((), (), (), 0.9), ((1, 2), (1,), "ab", 0.9), ((1,), (1,), "a", 1.0), ((1, 2), (1, 2), "a", 0.9)],
)
def test_wrong_input(y, p, groups, level):
    with pytest.raises(ValueError):
        half_width(np.array(y, float), np.array(p, float), list(groups), level)
