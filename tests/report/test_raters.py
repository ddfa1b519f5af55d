from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qamro.evaluation.rater_bootstrap import rating_matrix
from qamro.evaluation.raters import panel
from qamro.evaluation.raters.outlying import with_the_others
from qamro.report import Options, compare
from qamro.studies import Study

from .data import RATERS, small_study

QUICK = Options(draws=60)


def test_a_rater_who_answers_at_random_is_named_with_the_reason_and_still_counts():
    study = small_study(odd="r5")
    found = panel(study, "MI")
    assert list(found.straying) == ["r5"]
    assert "hardly ranks clips as the others do" in found.straying["r5"]
    section = compare(study, {}, QUICK).raters()
    told = next(line for line in section.sentences if "stray" in line)
    assert "1 of 8 raters stray: r5 (" in told
    assert "They count unless you leave them out" in told
    table = next(table for table in section.tables if table.id == "raters-MI-table").frame
    assert table["rater"].iloc[0] == "r5"
    assert set(table["rater"]) == set(RATERS)
    assert (
        "r5" not in compare(study, {}, Options(draws=60, left_out=("r5",))).raters().tables[1].frame["rater"].tolist()
    )


def test_reasons_of_bias_and_of_a_constant_rater():
    study = small_study()
    ratings = study.ratings.copy()
    ratings.loc[ratings["rater"] == "r1", "score"] += 3
    ratings.loc[ratings["rater"] == "r2", "score"] = 3.0
    straying = panel(Study(study.clips, ratings), "MI").straying
    assert "points above the other raters" in straying["r1"]
    assert "gave every clip the same score" in straying["r2"]


def test_agreement_with_the_others_against_a_loop_over_clips():
    study = small_study(seed=3)
    given = rating_matrix(study, "MI")
    gone = np.random.default_rng(0).random(given.scores.shape) < 0.4
    matrix = replace(given, scores=np.where(gone, np.nan, given.scores))
    low, value, high = with_the_others(matrix, RATERS)
    for i in range(len(RATERS)):
        own, others = [], []
        for row in matrix.scores:
            rest = [score for j, score in enumerate(row) if j != i and np.isfinite(score)]
            if np.isfinite(row[i]) and rest:
                own.append(row[i])
                others.append(np.mean(rest))
        assert value[i] == pytest.approx(stats.spearmanr(own, np.round(others, 9)).statistic, abs=0.02)
        assert low[i] < value[i] < high[i]


def test_every_statistic_is_explained_and_has_its_interval():
    section = compare(small_study(), {}, QUICK).raters()
    table = section.tables[0].frame
    assert table["meaning"].str.len().min() > 20
    shown = table[~table["statistic"].isin(["clip raters", "system clips"])]
    assert shown[["low", "high"]].notna().all(axis=None)
    text = " ".join(section.sentences)
    for name in (
        "alpha = ",
        "ICC(2,1) = ",
        "ICC(2,k) = ",
        "over 5 systems",
        "over 30 clips",
        "more ratings of each clip",
    ):
        assert name in text
    ids = {figure.id for figure in section.figures}
    assert {"raters-MI-scores", "raters-MI-individuals", "raters-MI-quality", "raters-MI-more"} <= ids


def test_the_rows_of_the_distribution_are_shares():
    figure = next(f for f in compare(small_study(), {}, QUICK).raters().figures if f.id == "raters-MI-scores").figure
    np.testing.assert_allclose(np.asarray(figure.data[0].z).sum(axis=1), 1)


def test_anonymous_ratings_get_what_can_be_known():
    study = small_study()
    section = compare(Study(study.clips, study.ratings.assign(rater="")), {}, QUICK).raters()
    text = " ".join(section.sentences)
    assert "the ratings are anonymous" in text
    assert "ICC(1,1)" in text
    assert "ICC(2,1) =" not in text
    assert [table.id for table in section.tables] == ["raters-agreement"]
    assert "raters-MI-ratings" in {figure.id for figure in section.figures}
    values = section.tables[0].frame.set_index("statistic")["value"]
    assert np.isnan(values["ICC(2,1)"])


def test_the_recovered_quality_table_has_one_row_a_clip():
    study = small_study()
    table = next(t for t in compare(study, {}, QUICK).raters().tables if t.id == "raters-MI-clips").frame
    assert len(table) == len(study.clips)
    means = study.ratings.groupby("clip")["score"].mean()
    np.testing.assert_allclose(table["mos"], means[table["clip"]])
    for key in ("P.910", "P.913", "BT.500"):
        assert np.corrcoef(table[key], table["mos"])[0, 1] > 0.97
        assert (table[f"{key}_low"] <= table[f"{key}_high"]).all()


def test_one_axis_is_a_part_of_all():
    made = small_study()
    axis = made.axes[0]
    both = made.ratings.assign(axis=lambda table: table["axis"].replace(axis, "other"))
    study = Study(made.clips, pd.concat([made.ratings, both], ignore_index=True))
    comparison = compare(study, {}, QUICK)
    whole, part = comparison.raters().tables[0].frame, comparison.raters(axis).tables[0].frame
    assert set(whole["axis"]) == set(study.axes)
    pd.testing.assert_frame_equal(part, whole[whole["axis"] == axis].reset_index(drop=True))
    with pytest.raises(KeyError, match="'loudness' is not compared"):
        comparison.raters("loudness")
