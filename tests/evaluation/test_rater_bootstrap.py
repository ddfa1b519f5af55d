from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation import evaluate
from qamro.evaluation.bootstrap import Bootstrap
from qamro.evaluation.levels import Sample, resample
from qamro.evaluation.metrics import METRICS
from qamro.evaluation.rater_bootstrap import RatingMatrix, mos_draws, recentre
from qamro.evaluation.significance import compare
from qamro.studies import Study

from . import oracles


def matrix_of(scores, anonymous=False, systems=None):
    n, k = scores.shape
    systems = np.array([f"s{i % 4}" for i in range(n)]) if systems is None else systems
    raters = [] if anonymous else [f"r{j}" for j in range(k)]
    return RatingMatrix("MI", [f"c{i}" for i in range(n)], systems, raters, scores)


def ratings(seed, n=20, k=5, missing=0.0):
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, 6, size=(n, k)).astype(float)
    scores[rng.random((n, k)) < missing] = np.nan
    return scores


def test_a_panel_is_one_for_all_clips():
    scores = ratings(0, missing=0.3)
    found = mos_draws(matrix_of(scores), 50, np.random.default_rng(7))
    panels = np.random.default_rng(7).multinomial(5, np.full(5, 0.2), size=50)
    for draw, panel in zip(found, panels, strict=True):
        for i in range(20):
            heard = [score for r in range(5) for score in [scores[i, r]] * panel[r] if np.isfinite(score)]
            assert np.isnan(draw[i]) if not heard else draw[i] == pytest.approx(np.mean(heard))


def test_anonymous_ratings_are_drawn_clip_by_clip():
    scores = ratings(1, n=6, k=4, missing=0.25)
    scores[0] = [2, 4, np.nan, np.nan]
    found = mos_draws(matrix_of(scores, anonymous=True), 4000, np.random.default_rng(0))
    assert set(found[:, 0]) == {2.0, 3.0, 4.0}
    for i in range(6):
        own = scores[i][np.isfinite(scores[i])]
        if own.size:
            assert found[:, i].mean() == pytest.approx(own.mean(), abs=0.1)
            assert found[:, i].std() == pytest.approx(own.std() / np.sqrt(own.size), abs=0.1)
    assert abs(np.corrcoef(found[:, 0], found[:, 1])[0, 1]) < 0.1


@pytest.mark.parametrize("anonymous", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_every_draw_equals_the_loop_over_clips_and_panel(anonymous, missing):
    scores = ratings(3, n=24, k=6, missing=missing)
    scores[np.isnan(scores).all(axis=1), 0] = 3.0
    matrix = matrix_of(scores, anonymous)
    rng = np.random.default_rng(5)
    sample = Sample(np.round(rng.normal(size=24), 1), np.nanmean(scores, axis=1), matrix.systems, matrix)
    (found,) = resample([sample], draws=25, seed=2, centred=False)
    means = mos_draws(matrix, 25, np.random.default_rng([2, 1]))
    (drawn,) = Bootstrap(matrix.systems, draws=25, seed=2)
    for d in range(25):
        heard = np.isfinite(means[d])
        items = np.repeat(np.arange(24), drawn.weights[d].astype(int) * heard)
        x, y = sample.predictions[items].tolist(), np.round(means[d][items], 9).tolist()
        rows = drawn.members.toarray()[4 * d : 4 * d + 4]
        rows = rows * heard
        xs, ys = (
            [round(float(row @ values / row.sum()), 9) if row.sum() else np.nan for row in rows]
            for values in (sample.predictions, np.nan_to_num(means[d]))
        )
        for key in set(METRICS) - {"ACC_EQ", "TOP1"}:
            np.testing.assert_allclose(found["utterance"][key][d], oracles.ALL[key](x, y), atol=1e-6, err_msg=key)
            expected = np.nan if np.isnan(xs).any() else oracles.ALL[key](xs, ys)
            np.testing.assert_allclose(found["system"][key][d], expected, atol=1e-6, err_msg=key)
        one = [oracles.tie_accuracy(*pair, sample.epsilon("utterance")) for pair in _different(items, x, y)]
        if len(set(x)) > 1 and len(set(y)) > 1:
            assert found["utterance"]["ACC_EQ"][d] == pytest.approx(np.mean(one))


def _different(items, x, y):
    return [([x[i], x[j]], [y[i], y[j]]) for i in range(len(x)) for j in range(i) if items[i] != items[j]]


def study_of(scores, names=True):
    rows = [(f"c{i}", f"r{j}" if names else "", "MI", scores[i, j]) for i, j in np.argwhere(np.isfinite(scores))]
    clips = pd.DataFrame(
        {"clip": [f"c{i}" for i in range(len(scores))], "system": [f"s{i % 8}" for i in range(len(scores))]}
    )
    return Study(clips, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]))


def test_intervals_with_raters_are_wider_where_the_panel_matters():
    """Three raters with large biases of their own: the squared error depends on who was asked."""
    rng = np.random.default_rng(4)
    true = rng.normal(3, 1, 80)
    scores = true[:, None] + np.array([-2.0, 0.0, 2.0]) + 0.2 * rng.normal(size=(80, 3))
    study = study_of(scores)
    table = pd.DataFrame({"clip": [f"c{i}" for i in range(80)], "MI": true + 0.3 * rng.normal(size=80)})
    widths = {}
    for raters in (False, True):
        result = evaluate(study, table, draws=300, raters=raters)
        row = result.table.query("metric == 'MSE' and level == 'utterance'").iloc[0]
        widths[raters] = row["high"] - row["low"]
        assert result.as_dict()["interval"]["drawn"] == ["systems", "clips", "raters"][: 2 + raters]
        assert row["value"] == evaluate(study, table, draws=0).table["value"].iloc[0]
    assert widths[True] > 3 * widths[False]


def test_all_predictors_face_the_same_panel():
    rng = np.random.default_rng(6)
    scores = ratings(6, n=40, k=5)
    study = study_of(scores)
    table = pd.DataFrame({"clip": [f"c{i}" for i in range(40)], "MI": rng.normal(size=40)})
    found = compare(study, {"one": table, "same": table.assign(MI=2 * table["MI"])}, draws=30, raters=True).table
    ordered = found[found["metric"].isin(["LCC", "SRCC", "KTAU", "ACC"])]
    np.testing.assert_allclose(ordered[["low", "high", "difference"]], 0, atol=1e-9)
    other = compare(study, {"one": table, "other": table.assign(MI=rng.normal(size=40))}, draws=30, raters=True).table
    assert (other["high"] > other["low"])[other["metric"] == "SRCC"].all()


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
