"""The section of prediction-powered means: both intervals, what is left out and why, and where it stands."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from qamro.evaluation.prediction_powered import prediction_powered
from qamro.report import Options, compare, write_html, write_zip
from qamro.studies import Study
from tests.report.data import predictor, small_study


def half_rated(every=2):
    """The small study with the ratings of some clips only, and a predictor of all of them."""
    whole = small_study(sources=12)
    rated = whole.clips["clip"][::every]
    ratings = whole.ratings[whole.ratings["clip"].isin(rated)].reset_index(drop=True)
    return Study(whole.clips, ratings, name="small"), whole


def made(options, noise=0.1, trained_on=None, more=None):
    study, whole = half_rated()
    scores = predictor(whole, noise)
    if trained_on:
        scores["study_MI"] = trained_on
    return compare(study, {"ours": scores} | (more or {}), options)


def test_both_intervals_stand_in_table_figure_page_and_zip(tmp_path):
    comparison = made(Options(draws=20, prediction_powered=True))
    section = comparison.powered("MI")
    assert "ours: The predictor makes each rating worth" in " ".join(section.sentences)
    frame = section.tables[0].frame
    expected = prediction_powered(comparison.study, comparison.predictions["ours"], "MI")
    assert frame["low"].tolist() == expected["low"].tolist()
    assert frame["classical_high"].tolist() == expected["classical_high"].tolist()
    alone = comparison.study.system_means()
    assert frame["classical_mean"].to_numpy() == pytest.approx(alone["mean"].to_numpy())
    assert [trace.name for trace in section.figures[0].figure.data] == ["ratings alone", "with ours"]
    widths = (frame["high"] - frame["low"]) / (frame["classical_high"] - frame["classical_low"])
    assert widths.max() <= 1.02 + 1e-9
    assert widths.mean() < 0.9
    page = write_html(comparison, tmp_path / "r.html").read_text("utf-8")
    assert 'id="powered-MI-means"' in page
    with zipfile.ZipFile(write_zip(comparison, tmp_path / "t.zip")) as archive:
        assert "powered-MI-table.csv" in archive.namelist()


def test_nothing_of_it_without_the_option():
    assert not [each for each in made(Options(draws=20)).sections() if each.id.startswith("powered")]
    alone = compare(small_study(), {}, Options(draws=20, prediction_powered=True))
    assert not [each for each in alone.sections() if each.id.startswith("powered")]


def test_heads_trained_on_these_ratings_are_left_out_with_the_reason():
    section = made(Options(draws=20, prediction_powered=True), trained_on="small").powered("MI")
    assert "ours is left out here: it was trained or calibrated on small." in section.sentences[0]
    assert not section.tables
    assert not section.figures
    other = made(Options(draws=20, prediction_powered=True), trained_on="smaller").powered("MI")
    assert other.tables


def test_two_predictors_share_one_figure_and_all_rated_clips_leave_nothing_to_add():
    study, whole = half_rated()
    part = predictor(study, 0.1, seed=3)  # scores the rated clips only
    useless = predictor(whole, 0.1).assign(MI=np.random.default_rng(0).normal(size=60))
    tables = {"all": predictor(whole, 0.1), "rated": part, "noise": useless}
    section = compare(study, tables, Options(draws=20, prediction_powered=True)).powered("MI")
    told = " ".join(section.sentences)
    assert "rated: Every clip that was predicted is rated, so predictions have nothing to add." in told
    assert "noise: The predictor is worth nothing here" in told
    names = [trace.name for trace in section.figures[0].figure.data]
    assert names == ["ratings alone", "with all", "with rated", "with noise"]
    assert list(section.tables[0].frame["predictor"].unique()) == ["all", "rated", "noise"]


def test_predictors_of_other_rated_clips_have_their_own_ratings_alone():
    study, whole = half_rated()
    few = predictor(whole, 0.1).iloc[4:]
    section = compare(
        study, {"all": predictor(whole, 0.1), "few": few}, Options(draws=20, prediction_powered=True)
    ).powered("MI")
    names = [trace.name for trace in section.figures[0].figure.data]
    assert names == ["ratings alone", "with all", "ratings alone, of clips that few scored", "with few"]


def test_systems_without_names_are_said():
    study, whole = half_rated()
    nameless = Study(study.clips.assign(system=""), study.ratings, name="small")
    section = compare(nameless, {"ours": predictor(whole, 0.1)}, Options(draws=20, prediction_powered=True)).powered(
        "MI"
    )
    assert section.sentences == ["ours is left out here: no rated clip that it scored names a system."]
