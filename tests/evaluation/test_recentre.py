import numpy as np
import pandas as pd
import pytest

from qamro.evaluation import evaluate
from qamro.evaluation.recentre import recentre
from qamro.studies import Study


def test_a_correlation_moves_by_the_median_distance_on_fishers_scale():
    rng = np.random.default_rng(0)
    with_raters, without = rng.uniform(0.2, 0.9, 50), rng.uniform(0.4, 0.95, 30)
    distance = np.median([np.arctanh(b) - np.arctanh(a) for a, b in zip(with_raters, without, strict=False)])
    expected = [np.tanh(np.arctanh(value) + distance) for value in with_raters]
    np.testing.assert_allclose(recentre("SRCC", with_raters, without), expected)


@pytest.mark.parametrize("metric", ["LCC", "SRCC", "KTAU", "ACC", "ACC_EQ", "MSE"])
def test_draws_stay_in_range_and_perfect_or_missing_ones_stay(metric):
    rng = np.random.default_rng(1)
    drawn = np.append(rng.uniform(0.5, 0.999, 40), [1.0, np.nan])
    moved = recentre(metric, drawn, np.minimum(drawn[:30] + 0.2, 0.9999))
    assert np.isnan(moved[-1])
    if metric != "MSE":
        assert moved[-2] == 1.0
        assert (moved[:-1] <= 1).all()
    assert (np.argsort(moved[:-2]) == np.argsort(drawn[:-2])).all()
    np.testing.assert_allclose(recentre(metric, drawn, drawn[:30]), drawn)


def test_what_cannot_be_moved_is_left_alone():
    drawn = np.array([0.0, 1.0, 1.0])
    assert recentre("TOP1", drawn, 1 - drawn) is drawn
    assert recentre("SRCC", drawn, np.empty(0)) is drawn
    np.testing.assert_array_equal(recentre("SRCC", np.full(5, 0.5), np.ones(5)), np.full(5, 0.5))


def test_few_noisy_raters_do_not_push_the_interval_off_the_value():
    """Three anonymous ratings a clip: drawn panels are far noisier than the one that was asked."""
    rng = np.random.default_rng(2)
    n = 400
    true = rng.normal(size=n)
    clips = pd.DataFrame({"clip": [f"c{i}" for i in range(n)], "system": [f"s{i % 20}" for i in range(n)]})
    scores = true[:, None] + rng.normal(0, 1.5, (n, 3))
    ratings = pd.DataFrame({"clip": np.repeat(clips["clip"], 3), "axis": "MI", "score": scores.ravel()})
    table = clips.assign(MI=true + rng.normal(0, 0.3, n))
    rows = evaluate(Study(clips, ratings), table, draws=300, raters=True).table
    rows = rows[rows["metric"].isin(["MSE", "LCC", "SRCC", "KTAU", "ACC"]) & (rows["level"] == "utterance")]
    assert ((rows["low"] < rows["value"]) & (rows["value"] < rows["high"])).all()
