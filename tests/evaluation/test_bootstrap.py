from __future__ import annotations

import numpy as np
import pytest

from qamro.evaluation import bootstrap, levels
from qamro.evaluation.bootstrap import Bootstrap, interval
from qamro.evaluation.evaluate import mean_draws
from qamro.evaluation.levels import Sample, resample
from qamro.evaluation.metrics import METRICS

from . import oracles

SYSTEMS = np.array(["b", "a", "b", "c", "a", "b", "c", "c", "c"])


def test_draws_are_systems_and_then_clips_within():
    (drawn,) = Bootstrap(SYSTEMS, draws=200, seed=1)
    names, codes, counts = np.unique(SYSTEMS, return_inverse=True, return_counts=True)
    assert Bootstrap(SYSTEMS).names == names.tolist()
    for d in range(200):
        copies = np.bincount(drawn.drawn[d], minlength=3)
        assert copies.sum() == 3
        # Every copy of a system brings as many clips as the system has, and only its own.
        assert np.bincount(codes, weights=drawn.weights[d], minlength=3).tolist() == (copies * counts).tolist()
        rows = drawn.members.toarray().reshape(200, 3, -1)[d]
        multiplicities = rows * counts[drawn.drawn[d]][:, None]
        np.testing.assert_allclose(multiplicities.sum(axis=0), drawn.weights[d])
        assert all(set(codes[row > 0]) == {system} for row, system in zip(rows, drawn.drawn[d], strict=True))


def test_clips_are_drawn_uniformly():
    draws = 4000
    (drawn,) = Bootstrap(SYSTEMS, draws=draws, seed=2)
    # Each clip is expected once a draw, whatever the size of its system.
    error = drawn.weights.std(axis=0) / np.sqrt(draws)
    assert (np.abs(drawn.weights.mean(axis=0) - 1) < 5 * error).all()


def test_the_same_seed_gives_the_same_draws_and_batches_do_not_matter_to_their_law(monkeypatch):
    once, again = (next(iter(Bootstrap(SYSTEMS, draws=50, seed=3))).weights for _ in range(2))
    assert (once == again).all()
    assert (next(iter(Bootstrap(SYSTEMS, draws=50, seed=4))).weights != once).any()
    monkeypatch.setattr(bootstrap, "_BATCH", 9 * 7)
    batches = list(Bootstrap(SYSTEMS, draws=50, seed=3))
    assert [len(batch.weights) for batch in batches] == [7] * 7 + [1]
    assert (batches[0].weights.sum(axis=1) > 0).all()


def test_without_systems_it_is_the_plain_bootstrap_over_clips():
    (drawn,) = Bootstrap([""] * 20, draws=30, seed=0)
    assert (drawn.weights.sum(axis=1) == 20).all()
    assert drawn.drawn.shape == (30, 20)


@pytest.mark.parametrize("level", ["utterance", "system"])
@pytest.mark.parametrize("seed", range(4))
def test_every_draw_equals_the_loop_over_its_clips(level, seed):
    """The matrix products against a list of the drawn clips, metric by metric, draw by draw."""
    rng = np.random.default_rng(seed)
    n = 24
    sample = Sample(
        np.round(rng.normal(5, 2, n) * 2) / 2, np.round(rng.normal(5, 2, n) * 5) / 5, rng.choice(["", *"abcde"], n)
    )
    found = resample([sample], draws=40, seed=seed)[0][level]
    used = sample.at(level)
    (drawn,) = Bootstrap(used.systems, draws=40, seed=seed)
    for d in range(40):
        if level == "utterance":
            items = np.repeat(np.arange(used.targets.size), drawn.weights[d].astype(int))
            x, y, labels = used.predictions[items].tolist(), used.targets[items].tolist(), items.tolist()
        else:
            rows = drawn.members.toarray().reshape(*drawn.drawn.shape, -1)[d]
            x, y = ([float(row @ scores) for row in rows] for scores in (used.predictions, used.targets))
            # The same sums in another order: equal means must stay equal for the ties to be the same.
            x, y = np.round(x, 12).tolist(), np.round(y, 12).tolist()
            labels = drawn.drawn[d].tolist()
        for key in METRICS:
            if key == "ACC_EQ":
                own = items if level == "utterance" else np.arange(len(x))
                expected = tie_accuracy_between(x, y, sample.epsilon(level), own)
            else:
                expected = oracles.top1(x, y, labels) if key == "TOP1" else oracles.ALL[key](x, y)
            np.testing.assert_allclose(found[key][d], expected, rtol=0, atol=1e-9, err_msg=f"{key}, draw {d}")


def tie_accuracy_between(x, y, epsilon, items):
    """Over the pairs of different items only."""
    if len(set(x)) < 2 or len(set(y)) < 2:
        return np.nan
    pairs = [(i, j) for i in range(len(x)) for j in range(i) if items[i] != items[j]]
    return np.mean([oracles.tie_accuracy([x[i], x[j]], [y[i], y[j]], epsilon) for i, j in pairs])


def test_interval_is_the_percentile_of_the_defined_draws():
    values = np.arange(101.0)
    found = interval(values, 0.9)
    assert (found.low, found.high) == pytest.approx((5.0, 95.0))
    assert found.undefined == 0
    values[::4] = np.nan
    defined = values[~np.isnan(values)]
    found = interval(values, 0.9)
    assert (found.low, found.high) == pytest.approx(np.quantile(defined, [0.05, 0.95]))
    assert found.undefined == pytest.approx(26 / 101)


def test_no_interval_from_too_few_draws():
    assert np.isnan(interval(np.array([1.0, np.nan, np.nan])).low)
    assert np.isnan(interval(np.empty(0)).high)
    with pytest.raises(ValueError, match="between 0 and 1"):
        interval(np.arange(9.0), 95)


def test_system_bootstrap_is_wider_than_clips_alone_when_systems_differ():
    """The reason for the two stages: clips of one system share what the system does well and badly."""
    rng = np.random.default_rng(5)
    systems = np.repeat([f"s{k}" for k in range(12)], 40)
    shared_x, shared_y = (np.repeat(rng.normal(size=12), 40) for _ in range(2))
    x, y = shared_x + 0.3 * rng.normal(size=480), shared_y + 0.3 * rng.normal(size=480)
    samples = [Sample(x, y, systems), Sample(x, y, np.full(480, ""))]
    drawn = resample(samples, ["LCC"], levels=["utterance"], draws=400)
    grouped, alone = (interval(values["utterance"]["LCC"]) for values in drawn)
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    """Correlation .6 between independent clips: the 90 % interval holds it in 90 % of studies, give or take."""
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(200):
        x = rng.normal(size=60)
        y = 0.6 * x + 0.8 * rng.normal(size=60)
        (drawn,) = resample([Sample(x, y, np.full(60, ""))], ["LCC"], levels=["utterance"], draws=200)
        found = interval(drawn["utterance"]["LCC"], 0.9)
        hits += found.low <= 0.6 <= found.high
    assert 0.82 < hits / 200 < 0.96


def test_samples_of_the_same_clips_share_their_draws():
    rng = np.random.default_rng(6)
    y, systems = rng.normal(size=30), rng.choice(list("abcde"), 30)
    samples = [Sample(rng.normal(size=30), y, systems) for _ in range(2)]
    together = resample(samples, draws=25, seed=3)
    for sample, values in zip(samples, together, strict=True):
        alone = resample([sample], draws=25, seed=3)[0]
        for level in ("utterance", "system"):
            for key in METRICS:
                np.testing.assert_array_equal(values[level][key], alone[level][key])


def test_draws_do_not_depend_on_the_number_of_threads(monkeypatch):
    rng = np.random.default_rng(8)
    samples = [Sample(rng.normal(size=60), rng.normal(size=60), rng.choice(list("abcde"), 60)) for _ in range(3)]
    two = resample(samples, draws=200, seed=1)
    monkeypatch.setattr(levels, "THREADS", 1)
    for once, again in zip(two, resample(samples, draws=200, seed=1), strict=True):
        for level in ("utterance", "system"):
            for key in METRICS:
                np.testing.assert_array_equal(once[level][key], again[level][key])


def test_means_of_systems_draw_clips_within_them():
    systems = np.array(list("abbbac"))
    scores = np.array([0.0, 1.0, 2.0, 3.0, 10.0, 7.0])
    predictions, targets = mean_draws(Sample(scores, 2 * scores, systems), draws=3000, seed=0)
    np.testing.assert_allclose(targets, 2 * predictions)
    assert (predictions[:, 2] == 7).all()
    assert set(predictions[:, 0]) == {0.0, 5.0, 10.0}
    # The spread of a mean of three out of three, with repeats: the standard deviation over sqrt(3).
    assert predictions[:, 1].std() == pytest.approx(np.std([1, 2, 3]) / np.sqrt(3), rel=0.05)
