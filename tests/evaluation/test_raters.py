from __future__ import annotations

import multiprocessing
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from qamro.evaluation.rater_bootstrap import rating_matrix
from qamro.evaluation.raters import MODELS, RanAway, RatersUnknown, leave_out, left_out_note, panel, rater_model
from qamro.evaluation.raters.model import _Stats, scatter_about
from qamro.studies import Study
from tests.studies.extracts import write_codec, write_survey


def made_up(seed, n=128, k=19, missing=0.4):
    rng = np.random.default_rng(seed)
    quality, bias, spread = rng.normal(3, 1, n), rng.normal(0, 0.5, k), rng.uniform(0.3, 1.2, k)
    bias -= bias.mean()
    scores = quality[:, None] + bias + spread * rng.normal(size=(n, k))
    scores[rng.random((n, k)) < missing] = np.nan
    return study_of(scores), quality, bias, spread


def study_of(scores):
    rows = [(f"c{i:03d}", f"r{j:03d}", "MI", scores[i, j]) for i, j in np.argwhere(np.isfinite(scores))]
    clips = pd.DataFrame({"clip": [f"c{i:03d}" for i in range(len(scores))], "system": "s"})
    return Study(clips, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]), name="made up")


@pytest.mark.parametrize("seed", range(6))
def test_maximum_likelihood_recovers_what_was_put_in(seed):
    study, quality, bias, spread = made_up(seed)
    found = rater_model(study, "MI", "P.910")
    assert found.raters["rater"].tolist() == [f"r{j:03d}" for j in range(19)]
    assert np.corrcoef(found.clips["quality"], quality)[0, 1] > 0.96
    assert np.corrcoef(found.raters["bias"], bias)[0, 1] > 0.93
    assert np.corrcoef(found.raters["inconsistency"], spread)[0, 1] > 0.94
    # Weighing raters by their consistency beats the plain mean.
    plain = np.corrcoef(found.clips["mos"], quality)[0, 1]
    assert np.corrcoef(found.clips["quality"], quality)[0, 1] > plain


def test_intervals_cover_the_truth():
    inside = {"bias": [], "inconsistency": [], "quality": []}
    for seed in range(8):
        study, quality, bias, spread = made_up(seed, missing=0.1)
        found = rater_model(study, "MI", "P.910")
        for name, truth, table in (
            ("bias", bias, found.raters),
            ("inconsistency", spread, found.raters),
            ("quality", quality, found.clips),
        ):
            inside[name] += ((table[f"{name}_low"] <= truth) & (truth <= table[f"{name}_high"])).tolist()
    for name, hits in inside.items():
        assert np.mean(hits) > 0.85, name


def test_a_runaway_likelihood_is_caught():
    """With few raters a clip the likelihood can take one rater for the truth; some seed does so."""
    caught = 0
    for seed in range(12):
        study, quality, _, spread = made_up(seed, missing=0.5)
        found = rater_model(study, "MI", "P.910")
        caught += len(found.runaway)
        # Nobody is left with an inconsistency of nothing, and nobody's is lost.
        assert (found.raters["inconsistency"] > 0.1).all()
        assert len(found.raters) == 19
        plain = np.corrcoef(found.clips["mos"], quality)[0, 1]
        assert np.corrcoef(found.clips["quality"], quality)[0, 1] > plain - 0.01
        for name in found.runaway:
            rater = found.raters.set_index("rater").loc[name]
            assert rater["inconsistency_low"] * 0.6 < spread[int(name[1:])] < rater["inconsistency_high"] * 1.2
    assert caught > 0


@pytest.mark.parametrize("model", MODELS)
def test_tables_of_every_model(model):
    study, *_ = made_up(0)
    found = rater_model(study, "MI", model)
    means = study.ratings.groupby("clip")["score"].mean()
    np.testing.assert_allclose(found.clips["mos"], means.loc[found.clips["clip"]])
    by_rater = study.ratings.groupby("rater")["score"].agg(["size", "mean", "std"])
    np.testing.assert_allclose(found.raters[["count", "mean", "sd"]], by_rater.loc[found.raters["rater"]])
    assert found.raters["bias"].isna().all() == (model == "BT.500")
    assert found.raters["inconsistency"].notna().all() == (model == "P.910")
    assert ((found.clips["quality_low"] < found.clips["quality"]) | found.clips["quality_low"].isna()).all()


def test_bias_removal_is_the_mean_distance_to_the_panel():
    scores = np.random.default_rng(3).normal([0, 0, 0, 0, 2], size=(30, 5))
    found = rater_model(study_of(scores), "MI", "P.913").raters
    distance = scores - scores.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found["bias"], distance.mean(axis=0))
    half = 1.959964 * distance.std(axis=0, ddof=1) / np.sqrt(30)
    np.testing.assert_allclose(found["bias_high"] - found["bias"], half)


def test_a_rater_who_answers_at_random_is_rejected():
    rng = np.random.default_rng(0)
    quality = rng.uniform(1, 5, 200)
    scores = np.round(quality[:, None] + 0.3 * rng.normal(size=(200, 14)))
    scores[:, 6] = rng.integers(1, 6, size=200)
    for model in ("P.913", "BT.500"):
        found = rater_model(study_of(scores), "MI", model).raters.set_index("rater")
        assert found.index[found["rejected"]].tolist() == ["r006"]
    found = rater_model(study_of(scores), "MI", "P.910").raters
    assert found["inconsistency"].idxmax() == 6


def test_raters_with_too_few_ratings_are_named():
    scores = np.random.default_rng(1).normal(3, 1, size=(20, 4))
    scores[2:, 3] = np.nan
    found = rater_model(study_of(scores), "MI")
    assert found.left_out == ["r003"]
    assert len(found.raters) == 3


def test_a_single_rating_gives_no_certainty():
    scores = np.random.default_rng(1).normal(3, 1, size=(20, 4))
    scores[0, 1:] = np.nan
    clips = rater_model(study_of(scores), "MI").clips
    assert np.isnan(clips["quality_low"].iloc[0])
    assert clips["quality_low"].iloc[1:].notna().all()


def test_anonymous_ratings_are_refused_with_the_reason():
    study, *_ = made_up(0)
    anonymous = Study(study.clips, study.ratings.assign(rater=""), name="no names")
    with pytest.raises(RatersUnknown, match="'no names' are anonymous"):
        rater_model(anonymous, "MI")
    with pytest.raises(RatersUnknown, match="fewer than two raters"):
        rater_model(leave_out(study, [f"r{j:03d}" for j in range(18)]), "MI")
    with pytest.raises(ValueError, match="P.910, P.913, BT.500"):
        rater_model(study, "MI", "P.800")


def test_silent_and_without_side_effects(capfd):
    before = multiprocessing.get_start_method(allow_none=True)
    rater_model(made_up(0)[0], "MI")
    print("still heard")
    assert capfd.readouterr() == ("still heard\n", "")
    assert multiprocessing.get_start_method(allow_none=True) == before


def test_leaving_raters_out_says_so():
    study, *_ = made_up(0, n=10, k=4, missing=0)
    assert left_out_note(study) == ""
    fewer = leave_out(study, ["r001"])
    assert set(fewer.ratings["rater"]) == {"r000", "r002", "r003"}
    assert left_out_note(fewer) == "without rater r001"
    assert left_out_note(leave_out(fewer, ["r000"])) == "without raters r000, r001"
    assert len(study.ratings) == 40
    with pytest.raises(ValueError, match="no rater 'nobody'"):
        leave_out(study, ["nobody"])


@pytest.mark.parametrize(("clips", "raters", "missing"), [(30, 4, 0.4), (60, 6, 0.7)])
def test_where_p910_would_set_aside_all_raters_of_a_clip_it_has_no_answer(clips, raters, missing):
    """It used to go on until two raters were left, and showed what these had heard."""
    told = 0
    for seed in range(4):
        study, *_ = made_up(seed, clips, raters, missing)
        found = panel(study, "MI")
        if not found.problem:
            assert set(found.main.clips["clip"]) == set(study.clips["clip"])
            continue
        told += 1
        with pytest.raises(RanAway, match="P.913"):
            rater_model(study, "MI", "P.910")
        assert list(found.models) == ["P.913", "BT.500"]
        assert found.main.model == "P.913"
        assert found.raters[["bias", "inconsistency", "inconsistency_low"]].notna().all(axis=None)
    assert told > 0


def test_raters_of_a_survey_with_few_ratings_a_song(tmp_path):
    """Five ratings a song: P.910 sets rater after rater aside, P.913 does not."""
    study = Study.load(write_survey(tmp_path))
    with pytest.raises(RanAway):
        rater_model(study, "quality")
    found = rater_model(study, "quality", "P.913")
    assert len(found.clips) == 104
    assert found.clips["quality"].corr(found.clips["mos"]) > 0.9
    raters = panel(study, "quality").raters.set_index("rater")["inconsistency"]
    careless = [f"U{9000 + who}" for who in range(0, 65, 4)]
    assert raters[careless].median() > 1.3 * raters.drop(careless).median()


def test_scatter_about_another_models_quality_is_the_inconsistency_that_was_put_in():
    for missing in (0.0, 0.4, 0.8):
        study, _, _, spread = made_up(3, missing=missing)
        found = scatter_about(rating_matrix(study, "MI"), rater_model(study, "MI", "P.913"))
        assert np.corrcoef(found["inconsistency"], spread)[0, 1] > 0.9
        assert np.median(found["inconsistency"] / spread) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("write", [write_codec, partial(write_survey, each=52)])
def test_raters_of_a_listening_test_and_of_a_survey(tmp_path, write):
    study = Study.load(write(tmp_path))
    found = rater_model(study, "quality")
    assert found.clips["quality"].corr(found.clips["mos"]) > 0.9
    assert (found.raters["inconsistency"] > 0).all()
    assert set(found.raters["rater"]) == set(study.ratings["rater"])


def test_the_kurtosis_of_a_clip_is_scipy_s_to_the_last_bit():
    rng = np.random.default_rng(0)
    for i in range(500):
        size = rng.integers(1, 40)
        scores = rng.integers(1, 6, size).astype(float) if i % 2 else rng.normal(5, 2, size)
        if i % 7 == 0:
            scores = np.full(size, scores[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one score for all has none
            right = scipy.stats.kurtosis(scores, fisher=False)
        assert _Stats.kurtosis(scores, fisher=False) == pytest.approx(right, rel=0, abs=0, nan_ok=True)


def test_the_same_scores_are_answered_once_and_other_scores_anew(monkeypatch):
    study, *_ = made_up(1)
    first = rater_model(study, "MI", "P.913")
    monkeypatch.setattr("qamro.evaluation.raters.model._run", None)  # whoever computes again fails
    again = rater_model(study, "MI", "P.913")
    pd.testing.assert_frame_equal(again.raters, first.raters)
    pd.testing.assert_frame_equal(again.clips, first.clips)
    other, *_ = made_up(2)
    with pytest.raises(TypeError):
        rater_model(other, "MI", "P.913")
