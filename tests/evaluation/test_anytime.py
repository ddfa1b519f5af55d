"""Confidence sequences: they hold at every look, in races with and without ties, steps and rater biases."""

from __future__ import annotations

import numpy as np
import pytest

from qamro.evaluation.anytime import Means, difference


def scores(kind, rng, shape):
    if kind == "normal":
        return np.clip(rng.normal(3, 0.8, shape), 1, 5)
    if kind == "steps":
        return np.clip(np.round(rng.normal(3, 0.8, shape)), 1, 5)
    if kind == "ceiling":
        return np.clip(np.round(rng.normal(5.2, 0.9, shape)), 1, 5)
    return np.clip(np.round(rng.normal(0.8, 0.9, shape)), 1, 5)  # floor


def running(x):
    """Means of the first n of the last axis's values, for every n."""
    n = np.arange(1, x.shape[-1] + 1)
    mean = np.cumsum(x, -1) / n
    return Means.of(mean, np.maximum(np.cumsum(x**2, -1) - n * mean**2, 0), np.broadcast_to(n, x.shape), (1, 5))


KINDS = ["normal", "steps", "ceiling", "floor"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_mean_stays_inside_at_all_looks(kind):
    x = scores(kind, np.random.default_rng(1), (1500, 300))
    truth = scores(kind, np.random.default_rng(2), 2_000_000).mean()
    low, high = running(x).interval(0.05)
    missed = ((truth < low) | (truth > high))[:, 9:].any(axis=1).mean()
    assert missed <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 1500)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("every", [1, 3])
def test_equal_systems_are_seldom_set_apart_however_often_one_looks(kind, every):
    """Four equal systems; the even ones get ratings `every` times as slowly as the odd ones."""
    means = running(scores(kind, np.random.default_rng(3), (300, 4, 200)))
    looks = np.arange(30, 200)
    wrong = np.zeros(300, dtype=bool)
    for i in range(4):
        for j in range(i + 1, 4):
            a, b = (means.take(np.s_[:, k, looks // (every if k % 2 else 1)]) for k in (i, j))
            low, high = difference(a, b, 0.05 / 6)
            wrong |= ((low > 0) | (high < 0)).any(axis=1)
    assert wrong.mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_it_narrows_with_clips_and_is_infinite_without():
    n = np.array([0, 1, 2, 10, 100, 1000])
    means = Means.of(np.full(6, 3.0), n * 1.0, n, (1, 5))
    low, high = means.interval(0.05)
    assert np.isinf(high[:2] - low[:2]).all()
    assert (np.diff((high - low)[2:]) < 0).all()
    assert np.isinf(difference(means.take([0]), means.take([5]), 0.05)).all()


def test_clips_that_agree_by_chance_do_not_claim_certainty():
    """Ten clips at the top of the scale: the truth may lie well below, and cannot lie above."""
    low, high = Means.of(np.array([5.0]), np.zeros(1), np.array([10]), (1, 5)).interval(0.05)
    assert low[0] < 4.0
    assert high[0] == pytest.approx(5.0, abs=0.01)
