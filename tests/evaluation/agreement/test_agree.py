from __future__ import annotations

import krippendorff
import numpy as np
import pandas as pd
import pytest

from qamro.evaluation.agreement import ANONYMOUS, MEANING, agreement, rating_matrix
from qamro.studies import Study
from tests.studies.extracts import write_codec

from .panels import panel


def frame(scores, raters=True):
    rows = [(f"c{i}", f"r{j}" if raters else "", "MI", scores[i, j]) for i, j in np.argwhere(np.isfinite(scores))]
    clips = pd.DataFrame({"clip": [f"c{i}" for i in range(len(scores))]})
    clips["system"] = [f"s{i % 5}" for i in range(len(scores))]
    return Study(clips, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]))


def test_matrix_of_a_study():
    scores = panel(2, n=8, k=3, missing=0.3)
    scores[:, 0] = 1.0
    matrix = rating_matrix(frame(scores), "MI")
    order = [int(clip[1:]) for clip in matrix.clips]
    np.testing.assert_array_equal(matrix.scores, scores[order])
    assert matrix.raters == ["r0", "r1", "r2"]
    anonymous = rating_matrix(frame(scores, raters=False), "MI")
    assert anonymous.anonymous
    np.testing.assert_array_equal(anonymous.counts, matrix.counts)
    np.testing.assert_allclose(np.nanmean(anonymous.scores, axis=1), np.nanmean(matrix.scores, axis=1))
    with pytest.raises(KeyError, match="nobody rated 'PQ'"):
        rating_matrix(frame(scores), "PQ")


def test_a_rater_who_rated_a_clip_twice_counts_once():
    study = frame(panel(2, n=4, k=3))
    again = pd.concat([study.ratings, study.ratings.iloc[:2].assign(score=9.0)])
    matrix = rating_matrix(Study(study.clips, again), "MI")
    assert matrix.repeated == 2
    assert matrix.scores[0, 0] == pytest.approx((study.ratings["score"].iloc[0] + 9) / 2)
    table = agreement(Study(study.clips, again), draws=10)
    assert table["note"].str.contains("2 repeated ratings averaged").any()


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_table_of_named_raters(missing):
    table = agreement(frame(panel(0, n=60, k=8, missing=missing)), draws=200).set_index("statistic")
    assert set(table.index) <= set(MEANING)
    assert "ICC(1,1)" not in table.index
    for name in ("alpha", "ICC(2,1)", "ICC(2,k)", "clip error", "system error"):
        assert table.loc[name, "low"] < table.loc[name, "value"] < table.loc[name, "high"], name
    assert (table["raters"] == 8).all()


def test_table_of_anonymous_ratings_says_what_cannot_be_known():
    table = agreement(frame(panel(0, n=60, k=8), raters=False), draws=100).set_index("statistic")
    assert table.loc["ICC(2,1)", "note"] == ANONYMOUS
    assert np.isnan(table.loc["ICC(2,1)", "value"])
    assert np.isfinite(table.loc["ICC(1,1)", "value"])
    assert (table["raters"] == 0).all()


def test_single_ratings_tell_nothing_about_agreement():
    table = agreement(frame(panel(0, n=9, k=1)), draws=10)
    assert table["note"].tolist() == ["no clip has two ratings"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_equal_ratings_are_said_to_be_equal():
    table = agreement(frame(np.full((6, 3), 2.1)), draws=20).set_index("statistic")
    assert table.loc["alpha", "note"] == "all ratings of clips with two or more are equal"
    assert table.loc[["ICC(2,1)", "ICC(2,k)"], "note"].tolist() == ["all ratings are equal"] * 2
    ceilings = [name for name in table.index if "ceiling" in name]
    assert len(ceilings) == 4
    assert (table.loc[ceilings, "note"] == "constant means of halves: no order to compare").all()
    assert table.loc[["alpha", "ICC(2,1)", "ICC(2,k)", *ceilings], ["value", "low", "high"]].isna().all(axis=None)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("raters", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_tiny_studies_have_a_value_or_a_reason(seed, raters):
    n, k = 1 + seed % 4, 2 + seed % 2
    scores = panel(seed, n=n, k=k, missing=0.3, whole=True)
    scores[:, 0] = np.where(np.isfinite(scores).any(axis=1), scores[:, 0], 5.0)
    table = agreement(frame(scores, raters), draws=40)
    unknown = table[table["value"].isna()]
    assert (unknown["note"] != "").all()
    assert not np.isinf(table.loc[~table["statistic"].isin(["system raters"]), ["value", "low", "high"]]).any(axis=None)


def test_raters_of_a_listening_test(tmp_path):
    study = Study.load(write_codec(tmp_path))
    table = agreement(study, draws=200).set_index("statistic")
    matrix = rating_matrix(study, "quality")
    expected = krippendorff.alpha(reliability_data=matrix.scores.T, level_of_measurement="interval")
    assert table.loc["alpha", "value"] == pytest.approx(expected, abs=1e-12)
    assert 0.4 < table.loc["ICC(2,1)", "value"] < table.loc["ICC(2,k)", "value"] < 1
