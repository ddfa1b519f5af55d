"""compare: a page, a zip and sentences; wrong use says what to do."""

from __future__ import annotations

import json
import zipfile

import pandas as pd
import pytest

from qamro.evaluation.prediction_powered import prediction_powered, worth
from qamro.studies import Study
from tests.report.data import predictor, small_study


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    study = small_study()
    study.save(folder / "study")
    predictor(study, 0.2).to_csv(folder / "good.csv", index=False)
    predictor(study, 2.0).to_csv(folder / "bad.csv", index=False)
    return folder


def test_page_zip_and_claims(files, tmp_path, run):
    result = run(
        "compare", "--ratings", files / "study", "--predictions", files / "good.csv",
        "--predictions", f"worse={files / 'bad.csv'}", "--html", tmp_path / "r.html", "--zip", tmp_path / "t.zip",
        "--leave-out", "r1", "--leave-out", "r2", "--draws", 50, "--seed", 3,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "good agrees better with people than worse over 30 clips" in result.stdout
    assert f"written to {tmp_path / 'r.html'}" in result.stdout
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "without raters r1, r2" in page
    assert 'id="versus-MI-differences"' in page
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        facts = json.loads(archive.read("provenance.json"))
    assert facts["options"] | {"draws": 50, "seed": 3, "left_out": ["r1", "r2"]} == facts["options"]
    assert set(facts["predictors"]) == {"good", "worse"}


def test_one_that_fails_is_named_and_the_rest_goes_on(files, tmp_path, run):
    (tmp_path / "stranger.csv").write_text("clip,MI\nx,1\ny,2\n")
    both = ["--predictions", files / "good.csv", "--predictions", tmp_path / "stranger.csv"]
    result = run("compare", "--ratings", files / "study", *both, "--draws", 20)
    assert result.exit_code == 0, result.output
    assert "Warning: stranger left out: no prediction belongs to a rated clip" in result.stderr
    assert "Add --html report.html" in result.stdout
    alone = run("compare", "--ratings", files / "study", "--predictions", tmp_path / "stranger.csv")
    assert alone.exit_code == 1
    assert "0 clips matched" in alone.stderr


def test_predictions_help_the_ratings_when_asked(files, tmp_path, run):
    study = small_study(sources=12)
    scores = predictor(study, 0.1)
    scores.to_csv(tmp_path / "ours.csv", index=False)
    rated = study.ratings["clip"].isin(study.clips["clip"][::2])
    study = Study(study.clips, study.ratings[rated].reset_index(drop=True), name="small")
    study.save(tmp_path / "half")
    given = ["compare", "--ratings", tmp_path / "half", "--predictions", tmp_path / "ours.csv", "--draws", 20]
    result = run(*given, "--prediction-powered", "--html", tmp_path / "r.html")
    assert result.exit_code == 0, result.output
    table = prediction_powered(study, scores, "MI")
    assert f"MI: ours: {worth(table)}" in result.stdout
    for row in table.itertuples():
        (line,) = [line for line in result.stdout.splitlines() if line.startswith(f"{row.system} ")]
        for value in (row.mean, row.low, row.high, row.classical_low, row.classical_high):
            assert f"{value:.2f}" in line
        assert line.split()[-2:] == ["6", "12"]
    assert 'id="powered-MI-means"' in (tmp_path / "r.html").read_text("utf-8")
    assert "worth" not in run(*given).stdout
    listed = run(*given, "--prediction-powered", "--next-to-rate", tmp_path / "next.csv", "--next", 6)
    assert listed.exit_code == 0, listed.output
    rows = pd.read_csv(tmp_path / "next.csv")
    assert len(rows) == 6
    assert not set(rows["clip"]) & set(study.ratings["clip"])
    assert {"clip", "path", "system", "prompt", "axis", "predictor"} <= set(rows.columns)
    assert "ratings of these 6 clips should shrink the mean half-width of the intervals from" in listed.stdout
    assert run(*given, "--next-to-rate", tmp_path / "next.csv").exit_code == 2
    Study(study.clips, study.ratings.assign(score=3.0), name="level").save(tmp_path / "level")
    level = [tmp_path / "level" if part == tmp_path / "half" else part for part in given]
    told = run(*level, "--prediction-powered", "--next-to-rate", tmp_path / "next.csv").stdout
    assert "rated alike, so no interval says" in told
    assert "0.00 to 0.00" not in told
    scores.rename(columns={"MI": "beauty"}).to_csv(tmp_path / "ours.csv", index=False)
    paired = run(*given, "--axis-map", "beauty=MI", "--prediction-powered")
    assert paired.stdout.count("stands for") == 1, "who stands for whom is said once"
    alone = run("compare", "--ratings", tmp_path / "half", "--draws", 20, "--prediction-powered")
    assert "--prediction-powered needs --predictions" in alone.stderr


def test_ratings_alone(files, run):
    result = run("compare", "--ratings", files / "study", "--draws", 20, "--fixed-raters")
    assert result.exit_code == 0, result.output
    assert "30 clips of 5 systems, 240 ratings by people (by 8 raters)" in result.stdout


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--axis", "PQ"], "the rated axes are MI. Choose one of them with --axis"),
        (["--axis-map", "MI"], "--axis-map 'MI' is not a pair"),
        (["--leave-out", "nobody"], "no rater 'nobody'"),
        (["--predictions", "none.csv"], "there is no file none.csv"),
        (["--predictions", "GOOD"], "two predictors are called 'good'"),
        (["--draws", "-1"], "--draws"),
    ],
)
def test_wrong_use_is_exit_code_2_with_a_remedy(files, run, more, message):
    good = str(files / "good.csv")
    more = [f"good={good}" if part == "GOOD" else part for part in more]
    result = run("compare", "--ratings", files / "study", "--predictions", good, *more)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
