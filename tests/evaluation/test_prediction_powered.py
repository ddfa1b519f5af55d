"""Prediction-powered means: coverage, gain, never wider than ratings alone, and the formula by an explicit loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qamro.evaluation.align import NothingMatched, PredictionsError
from qamro.evaluation.prediction_powered import prediction_powered, worth
from qamro.studies import Study


def made(rng, r, rated, clips, systems=5, truths=None):
    """A study of which some clips are rated, predictions for all, and the systems' true means."""
    truths = rng.normal(3, 0.5, systems) if truths is None else truths
    names = [f"s{k}" for k in range(systems) for _ in range(clips)]
    table = pd.DataFrame({"clip": [f"c{i}.wav" for i in range(len(names))], "system": names})
    z = rng.normal(size=len(table))
    y = np.repeat(truths, clips) + z
    scores = 0.3 * np.repeat(truths, clips) + r * z + np.sqrt(1 - r**2) * rng.normal(size=len(table))
    first = np.tile(np.arange(clips) < rated, systems)
    ratings = pd.DataFrame({"clip": table["clip"], "rater": "", "axis": "MI", "score": y})[first]
    return Study(table, ratings, name="made"), table[["clip"]].assign(MI=scores), truths


@pytest.mark.parametrize(("rated", "clips"), [(5, 50), (20, 200), (50, 50)])
@pytest.mark.parametrize("r", [0.0, 0.6, 0.9])
def test_intervals_cover_and_are_never_wider_than_those_of_the_ratings(r, rated, clips):
    rng = np.random.default_rng([int(10 * r), rated])
    inside, widths, gains = [], [], []
    for _ in range(60):
        study, scores, truths = made(rng, r, rated, clips)
        table = prediction_powered(study, scores, "MI")
        inside.append((table["low"] <= truths) & (truths <= table["high"]))
        widths.append((table["high"] - table["low"]) / (table["classical_high"] - table["classical_low"]))
        gains.append(table.attrs["gain"])
    assert np.mean(inside) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300)
    assert np.max(widths) <= 1.02 + 1e-9
    true_gain = 1 / (1 - r**2 * (1 - rated / clips))
    assert np.mean(gains) == pytest.approx(true_gain, rel=0.15)
    assert np.mean(widths) == pytest.approx(true_gain**-0.5, rel=0.1)


def test_the_ratings_alone_are_students_interval():
    study, scores, _ = made(np.random.default_rng(1), 0.5, 8, 30)
    table = prediction_powered(study, scores, "MI", level=0.9).set_index("system")
    for system in study.systems:
        own = study.ratings[study.ratings["clip"].isin(study.clips.loc[study.clips["system"] == system, "clip"])]
        low, high = stats.t.interval(0.9, len(own) - 1, own["score"].mean(), stats.sem(own["score"]))
        assert table.loc[system, ["classical_low", "classical_high"]].tolist() == pytest.approx([low, high])
        assert table.loc[system, ["n_rated", "n_predicted"]].tolist() == [8, 30]


def test_means_are_moved_by_the_pooled_slope():
    study, scores, _ = made(np.random.default_rng(2), 0.8, 10, 40)
    table = prediction_powered(study, scores, "MI").set_index("system")
    score = dict(zip(scores["clip"], scores["MI"], strict=True))
    rating = dict(zip(study.ratings["clip"], study.ratings["score"], strict=True))
    joint = squares = 0.0
    for system in study.systems:
        own = [c for c in study.clips.loc[study.clips["system"] == system, "clip"] if c in rating]
        y, f = np.array([rating[c] for c in own]), np.array([score[c] for c in own])
        joint += ((y - y.mean()) * (f - f.mean())).sum()
        squares += ((f - f.mean()) ** 2).sum()
    assert 0.9 * joint / squares < table.attrs["lambda"] <= joint / squares
    for system in study.systems:
        own = study.clips.loc[study.clips["system"] == system, "clip"]
        rated = [c for c in own if c in rating]
        other = [c for c in own if c not in rating]
        moved = np.mean([score[c] for c in other]) - np.mean([score[c] for c in rated])
        expected = np.mean([rating[c] for c in rated]) + table.attrs["lambda"] * len(other) / len(own) * moved
        assert table.loc[system, "mean"] == pytest.approx(expected)


@pytest.mark.parametrize("scores", ["constant", "opposite"])
def test_a_useless_predictor_changes_nothing(scores):
    study, table, _ = made(np.random.default_rng(3), 0.9, 10, 40)
    table["MI"] = 2.0 if scores == "constant" else -table["MI"]
    result = prediction_powered(study, table, "MI")
    assert result["low"].tolist() == pytest.approx(result["classical_low"].tolist())
    assert result.attrs["gain"] == 1
    assert "worth nothing" in worth(result)


def test_a_good_predictor_says_what_it_is_worth_in_any_unit():
    study, table, _ = made(np.random.default_rng(4), 0.9, 20, 100)
    result = prediction_powered(study, table, "MI")
    other = prediction_powered(study, table.assign(MI=100 - 30 * -table["MI"]), "MI")
    assert other["mean"].tolist() == pytest.approx(result["mean"].tolist())
    assert worth(result).startswith(f"The predictor makes each rating worth {result.attrs['gain']:.1f} ratings")


def test_clips_that_the_study_does_not_know_bring_their_system():
    study, table, _ = made(np.random.default_rng(5), 0.9, 10, 40)
    rated = study.clips[study.clips["clip"].isin(study.ratings["clip"])]
    small = Study(rated, study.ratings, name="made")
    with_system = table.merge(study.clips[["clip", "system"]], on="clip")
    assert prediction_powered(small, with_system, "MI").equals(prediction_powered(study, table, "MI"))
    assert (prediction_powered(small, table, "MI")["n_predicted"] == 10).all()


def test_one_rated_clip_has_a_mean_and_no_interval():
    study, table, _ = made(np.random.default_rng(6), 0.9, 1, 10)
    result = prediction_powered(study, table, "MI")
    assert result["mean"].notna().all()
    assert result[["low", "high", "classical_low", "classical_high"]].isna().all(axis=None)


def test_wrong_use_is_named():
    study, table, _ = made(np.random.default_rng(7), 0.9, 5, 10)
    with pytest.raises(PredictionsError, match="no column 'CE'"):
        prediction_powered(study, table, "MI", predicted="CE")
    with pytest.raises(KeyError, match="nobody rated 'TA'"):
        prediction_powered(study, table, "TA")
    with pytest.raises(NothingMatched):
        prediction_powered(study, table.assign(clip="x" + table["clip"]), "MI")
    with pytest.raises(ValueError, match="level"):
        prediction_powered(study, table, "MI", level=95)


def test_what_cannot_help_is_said_as_it_is():
    """No clip is left to predict, or none names its system: neither is the predictor's fault."""
    study, scores, _ = made(np.random.default_rng(3), 0.9, 10, 10)
    table = prediction_powered(study, scores, "MI")
    assert "Every clip that was predicted is rated" in worth(table)
    assert table["low"].tolist() == pytest.approx(table["classical_low"].tolist())
    nameless = Study(study.clips.assign(system=""), study.ratings)
    empty = prediction_powered(nameless, scores, "MI")
    assert empty.empty
    assert empty.attrs["gain"] == 1
    for r, told in ((-0.001, "0.00"), (0.001, "0.00"), (-0.126, "−0.13")):
        table = prediction_powered(*made(np.random.default_rng(3), 0.0, 10, 20)[:2], "MI")
        table.attrs |= {"r": r, "gain": 1.0}
        assert f"(r within systems {told})" in worth(table)
