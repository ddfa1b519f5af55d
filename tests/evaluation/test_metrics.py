from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from qamro.evaluation.metrics import (
    METRICS,
    Pairs,
    UndefinedMetricWarning,
    drop_missing,
    ktau,
    lcc,
    mse,
    pairwise_accuracy,
    srcc,
    tie_accuracy,
    top1,
)
from qamro.evaluation.metrics import (
    pairs as concordance,
)

from . import oracles
from .data import sample

FUNCTIONS = {"MSE": mse, "LCC": lcc, "SRCC": srcc, "KTAU": ktau, "ACC": pairwise_accuracy}
FUNCTIONS |= {"ACC_EQ": tie_accuracy, "TOP1": top1}
ORDERED = ["LCC", "SRCC", "KTAU", "ACC", "ACC_EQ", "TOP1"]
REPEATED = [key for key in FUNCTIONS if key != "ACC_EQ"]  # which does not compare copies of an item


def test_every_metric_of_the_registry_is_tested():
    assert list(METRICS) == list(FUNCTIONS) == list(oracles.ALL)


@pytest.mark.parametrize("key", FUNCTIONS)
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", [2, 3, 5, 40])
def test_equals_the_double_loop(key, tied, n):
    rng = np.random.default_rng(n)
    for _ in range(10 if n < 40 else 1):
        x, y = sample(rng, n, tied)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            value = FUNCTIONS[key](x, y)
        np.testing.assert_allclose(value, oracles.ALL[key](x, y), rtol=0, atol=1e-12)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", [3, 50, 700])
def test_equals_scipy(tied, n):
    x, y = sample(np.random.default_rng(7), n, tied)
    assert float(lcc(x, y)) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert float(srcc(x, y)) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert float(ktau(x, y)) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    if n > 50:
        return  # scipy's Somers' D takes minutes
    # Somers' D of the predictions given the human scores is scipy's with the two exchanged.
    assert 2 * float(pairwise_accuracy(x, y)) - 1 == pytest.approx(stats.somersd(y, x).statistic, abs=1e-12)


@pytest.mark.parametrize("key", REPEATED)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_weights_are_repeats(key, data):
    """A weight of k answers what k copies of the item answer: one set of scores, several rows of weights."""
    n = data.draw(st.integers(1, 12))
    numbers = st.sampled_from([-1.0, 0.0, 0.2, 0.4, 0.6000000000000001, 3.0, 1e6])
    x = np.array(data.draw(st.lists(numbers, min_size=n, max_size=n)))
    y = np.array(data.draw(st.lists(numbers, min_size=n, max_size=n)))
    rows = data.draw(st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(any), min_size=1, max_size=4))
    weights = np.array(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        at_once = FUNCTIONS[key](x, y, weights=weights)
        batched = FUNCTIONS[key](np.tile(x, (len(rows), 1)), np.tile(y, (len(rows), 1)), weights=weights)
    expected = [oracles.ALL[key](np.repeat(x, w).tolist(), np.repeat(y, w).tolist()) for w in rows]
    np.testing.assert_allclose(at_once, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(batched, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("key", REPEATED)
def test_leading_dimensions_are_many_sets(key):
    rng = np.random.default_rng(3)
    x, y = np.round(rng.normal(size=(4, 3, 9)), 1), np.round(rng.normal(size=(4, 3, 9)), 1)
    value = FUNCTIONS[key](x, y)
    assert value.shape == (4, 3)
    for i, j in np.ndindex(4, 3):
        assert float(value[i, j]) == pytest.approx(oracles.ALL[key](x[i, j], y[i, j]), abs=1e-12)
    one_side = FUNCTIONS[key](x, y[0, 0])
    assert float(one_side[2, 1]) == pytest.approx(oracles.ALL[key](x[2, 1], y[0, 0]), abs=1e-12)


def test_tau_in_blocks_is_exact(monkeypatch):
    """More items than a block of the sign matrix holds rows, with weights that repeat and leave out."""
    monkeypatch.setattr(concordance, "_BLOCK", 2000)
    rng = np.random.default_rng(0)
    x, y = np.round(rng.normal(size=250), 1), np.round(rng.normal(size=250), 1)
    weights = rng.multinomial(250, np.full(250, 1 / 250), size=3)
    expected = [stats.kendalltau(np.repeat(x, w), np.repeat(y, w)).statistic for w in weights]
    np.testing.assert_allclose(ktau(x, y, weights=weights), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("key", ORDERED)
@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([2.0, 2.0, 2.0], [1.0, 2.0, 3.0], "constant predictions"),
        ([1.0, 2.0, 3.0], [0.1, 0.1, 0.1], "constant rated scores"),
        ([0.3, 0.3], [0.1, 0.1], "constant predictions and rated scores"),
        ([1.0], [2.0], "fewer than two items"),
        ([], [], "no items"),
    ],
)
def test_constant_input_is_nan_and_says_why(key, x, y, reason):
    with pytest.warns(UndefinedMetricWarning, match=reason):
        value = FUNCTIONS[key](x, y)
    assert np.isnan(value)


@pytest.mark.parametrize("key", ORDERED)
def test_only_the_constant_draws_are_nan(key):
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    with pytest.warns(UndefinedMetricWarning, match=r"1 of 2"):
        value = FUNCTIONS[key](x, y, weights=[[0, 3, 0], [1, 1, 1]])
    assert np.isnan(value).tolist() == [True, False]


def test_a_constant_that_floats_cannot_hold_is_still_constant():
    """0.1 + 0.2 summed in any order leaves residues that an epsilon would turn into a correlation."""
    x = np.full(7, 0.1 + 0.2)
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(lcc(x, np.arange(7.0)))


def test_scores_far_from_zero_keep_their_digits():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=50), rng.normal(size=50)
    assert float(lcc(x + 1e8, y - 1e8)) == pytest.approx(float(lcc(x, y)), abs=1e-7)


@pytest.mark.parametrize("key", FUNCTIONS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_what_is_not_finite(key, bad):
    with pytest.raises(ValueError, match="1 of 3 predictions"):
        FUNCTIONS[key]([1.0, bad, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="1 of 3 targets"):
        FUNCTIONS[key]([1.0, 3.0, 2.0], [1.0, 2.0, bad])


def test_refuses_shapes_and_weights_that_do_not_fit():
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        lcc([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"weights \(2,\)"):
        lcc([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], weights=[1, 1])
    with pytest.raises(ValueError, match="whole numbers"):
        lcc([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], weights=[1, 0.5, 1])


def test_top1_ties():
    assert float(top1([3.0, 3.0, 1.0], [5.0, 4.0, 1.0])) == 0.5  # one of the two chosen is the best
    assert float(top1([3.0, 2.0, 1.0], [5.0, 5.0, 1.0])) == 1.0  # either of the two best will do


def test_top1_takes_copies_of_a_system_for_one():
    x, y, labels = [[3.0, 2.0, 1.0]], [[2.0, 3.0, 1.0]], [[4, 4, 0]]
    assert float(top1(x, y, labels=labels)[0]) == 1.0
    assert float(top1(x, y)[0]) == 0.0
    rng = np.random.default_rng(2)
    x, y = np.round(rng.normal(size=(50, 6)), 1), np.round(rng.normal(size=(50, 6)), 1)
    labels = rng.integers(6, size=(50, 6))
    expected = [oracles.top1(*row) for row in zip(x, y, labels, strict=True)]
    np.testing.assert_allclose(top1(x, y, labels=labels), expected)


def test_a_predicted_tie_counts_half():
    assert float(pairwise_accuracy([1.0, 1.0, 2.0], [1.0, 2.0, 2.0])) == 0.75


def test_drop_missing_counts():
    (x, y), dropped = drop_missing([1.0, np.nan, 3.0, 4.0], [1.0, 2.0, np.inf, 4.0])
    assert (x.tolist(), y.tolist(), dropped) == ([1.0, 4.0], [1.0, 4.0], 2)


def test_constant_masks_and_totals_of_pairs():
    pairs = Pairs.of([1.0, 1.0, 2.0], [1.0, 2.0, 3.0], [[2, 1, 0], [1, 1, 1]])
    assert pairs.constant_predictions.tolist() == [True, False]
    assert pairs.total.tolist() == [3, 3]


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("rows", [3, 20])
def test_many_panels_under_weights(tied, rows):
    """One set of predictions, human scores and weights of their own in every row, against the loop."""
    rng = np.random.default_rng(rows)
    x = np.round(rng.normal(size=40), 1)
    y = rng.normal(size=(rows, 40))
    y = np.round(y) if tied else y
    weights = rng.multinomial(40, np.full(40, 1 / 40), size=rows)
    for key in REPEATED:
        expected = [
            oracles.ALL[key](np.repeat(x, w).tolist(), np.repeat(each, w).tolist())
            for each, w in zip(y, weights, strict=True)
        ]
        np.testing.assert_allclose(FUNCTIONS[key](x, y, weights=weights), expected, atol=1e-10, err_msg=key)
    found = tie_accuracy(x, y, epsilon=0.4, weights=weights)
    for value, each, w in zip(found, y, weights, strict=True):
        assert value == pytest.approx(float(tie_accuracy(x, each, epsilon=0.4, weights=w)))
