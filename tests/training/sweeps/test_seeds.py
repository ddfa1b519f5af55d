import numpy as np
import pandas as pd
import pytest
from scipy.stats import t, ttest_rel

from qamro.training.sweeps.seeds import best_in_words, paired, ridge_in_words, summarise


def runs(values: dict[float, list[float]], metric="SRCC") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "axis": "MI",
            "variant": f"alpha 0.2, beta {beta:g}",
            "baseline": False,
            "ranking": "qamro",
            "alpha": 0.2,
            "beta": beta,
            "at": beta,
            "curve": 0.2,
            "seed": seed,
            "clips": 20,
            "systems": 4,
            "level": "utterance",
            "metric": metric,
            "value": value,
        }
        for beta, found in values.items()
        for seed, value in enumerate(found)
    )


def test_paired_is_scipys_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=8), rng.normal(0.5, 1, size=8)
    expected = ttest_rel(a, b)
    found = paired(a, b, 0.9)
    assert found.p == pytest.approx(expected.pvalue)
    ends = expected.confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    a[2] = np.nan
    assert paired(a, b).seeds == 7
    assert paired(a, b).p == pytest.approx(ttest_rel(a, b, nan_policy="omit").pvalue)


def test_paired_without_spread_or_with_one_seed():
    same = np.array([0.5, 0.6])
    assert paired(same, same).p == 1
    assert np.isnan(paired(same[:1], same[1:]).p)
    assert paired(np.array([]), np.array([])).seeds == 0


def test_summary_is_mean_and_t_interval():
    values = [0.5, 0.55, 0.6]
    row = summarise(runs({7: values})).iloc[0]
    half = t.ppf(0.975, 2) * np.std(values, ddof=1) / np.sqrt(3)
    assert (row["mean"], row["low"], row["high"]) == pytest.approx(
        (np.mean(values), np.mean(values) - half, np.mean(values) + half)
    )
    assert row["seeds"] == 3
    alone = summarise(runs({7: [0.5]})).iloc[0]
    assert alone["mean"] == 0.5
    assert np.isnan(alone["low"])


def test_words_say_what_is_more_than_noise():
    table = runs({1: [0.50, 0.60, 0.70], 5: [0.5, 0.61, 0.69], 7: [0.60, 0.70, 0.81]})
    words = best_in_words(table, "MI", "utterance", "SRCC")
    differences = np.array([0.1, 0.1, 0.11])
    low = differences.mean() - t.ppf(1 - 0.025 / 2, 2) * differences.std(ddof=1) / np.sqrt(3)
    assert "beta = 7" in words
    assert f"Of the difference, {low:.3f} is more than noise" in words
    assert "choice among 2 betas" in words


def test_words_admit_noise_and_defeat():
    noise = runs({1: [0.50, 0.60, 0.70], 7: [0.70, 0.50, 0.71]})
    assert "None of the difference is more than noise" in best_in_words(noise, "MI", "utterance", "SRCC")
    worse = runs({1: [0.50, 0.60, 0.70], 7: [0.4, 0.5, 0.6]})
    assert "No beta does better than beta = 1" in best_in_words(worse, "MI", "utterance", "SRCC")


def test_words_know_that_a_small_error_is_good():
    table = runs({1: [1.0, 1.1, 1.2], 7: [0.5, 0.6, 0.71]}, "MSE")
    words = best_in_words(table, "MI", "utterance", "MSE")
    assert "is more than noise" in words
    assert "None" not in words
    assert "No beta" not in words


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({7: [0.5, 0.6]}, "nothing to compare"),
        ({1: [0.5, 0.6]}, "nothing to compare"),
        ({1: [0.5], 7: [0.6]}, "One seed cannot tell"),
        ({1: [np.nan] * 2, 7: [np.nan] * 2}, "not defined"),
    ],
)
def test_words_where_nothing_can_be_said(values, expected):
    assert expected in best_in_words(runs(values), "MI", "utterance", "SRCC")


@pytest.mark.parametrize(
    ("metric", "values", "low", "high"),
    [
        ("SRCC", [0.8, 0.98, 1.0], None, 1.0),
        ("KTAU", [-0.9, -1.0, -0.6], -1.0, None),
        ("ACC", [0.05, 0.0, 0.2], 0.0, None),
        ("MSE", [0.1, 0.9, 0.2], 0.0, None),
        ("MSE", [7.0, 7.1, 7.2], None, None),
    ],
)
def test_intervals_stay_among_the_values_that_a_metric_can_have(metric, values, low, high):
    row = summarise(runs({7: values}, metric)).iloc[0]
    half = t.ppf(0.975, 2) * np.std(values, ddof=1) / np.sqrt(3)
    free = (np.mean(values) - half, np.mean(values) + half)
    expected = (free[0] if low is None else low, free[1] if high is None else high)
    assert (row["low"], row["high"]) == pytest.approx(expected)
    assert low is None or free[0] < low
    assert high is None or free[1] > high


@pytest.mark.parametrize(("metric", "ridge", "wins"), [("SRCC", 0.7, True), ("SRCC", 0.5, False), ("MSE", 0.1, True)])
@pytest.mark.parametrize("turned", [False, True])
def test_ridge_is_said_to_win_where_it_does(metric, ridge, wins, turned):
    values = {"ridge regression": ridge, "one": 0.6, "two": 0.4}
    order = list(values.items())[:: -1 if turned else 1]
    about = {"axis": "MI", "level": "system", "metric": metric, "clips": 90, "systems": 9}
    rows = [about | {"variant": name, "seed": seed, "value": value} for name, value in order for seed in (0, 1)]
    said = ridge_in_words(pd.DataFrame(rows), "MI", "system", metric)
    assert f"has {ridge:.3f}" in said
    assert ("better than every head that was trained" in said) == wins
    assert ("1 of 2 trained objectives do better, the best, one, with 0.600" in said) == (not wins)
    without = pd.DataFrame([row for row in rows if row["variant"] != "ridge regression"])
    assert ridge_in_words(without, "MI", "system", metric) == ""
