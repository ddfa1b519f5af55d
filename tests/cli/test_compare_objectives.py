"""compare-objectives, on a folder of clips that are really read and embedded."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from .rated_tones import save_noisy_tones

FEW = ("--seeds", 2, "--epochs", 2, "--folds", 3, "--rates", "1e-3,1e-2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_noisy_tones(tmp_path_factory.mktemp("rated"), axes=("MI", "TA"), prompt="a tone number {}")


def test_tables_record_and_page(run, folder, tmp_path):
    out = tmp_path / "out"
    result = run("compare-objectives", "--study", folder, "--axis", "TA", "--sensitivity", *FEW, "--out", out)
    assert result.exit_code == 0, result.output
    standings = pd.read_csv(out / "standings.csv")
    assert list(standings["variant"].unique()) == [
        "Huber",
        "QAMRO",
        "BALR",
        "soft Spearman",
        "CE-Gauss",
        "CE-Gauss + BALR + SAMA",
        "QAMRO + SAMA",
        "ridge regression",
    ]
    assert set(standings["metric"]) == {"SRCC", "LCC", "KTAU", "MSE"}
    tests = pd.read_csv(out / "tests.csv", keep_default_na=False)
    assert len(tests) == 7 * 2 * 4
    assert set(tests["survives"]) <= {"both", "seeds only", "clips only", "neither"}
    assert len(pd.read_csv(out / "predictions.csv")) == 12 * 8 * 2
    assert pd.read_csv(out / "rates.csv").groupby(["fold", "variant"])["chosen"].sum().eq(1).all()
    assert set(pd.read_csv(out / "sensitivity.csv")["parameter"]) == {
        "ranking_weight",
        "alignment_weight",
        "temperature",
    }
    record = json.loads((out / "record.json").read_text("utf-8"))
    assert record["budget"]["rates"] == [1e-3, 1e-2]
    assert record["objectives"]["TA"]["QAMRO + SAMA"] == "Huber + QAMRO (alpha 0.2, beta 7) + 0.3 x SAMA"
    page = (out / "compare.html").read_text("utf-8")
    assert "no evidence about people" in page
    assert page.count('class="plot plotly-graph-div"') == 2 + 3
    assert 'src="http' not in page
    assert not (out / ".pieces").exists()
    assert "TA, utterance SRCC:" in result.stdout
    assert "ridge regression on the same features has" in " ".join(result.stdout.split())
    assert "3 folds that hold out content" in result.stdout


def test_objectives_and_reference_are_the_users(run, folder, tmp_path):
    options = ("--axis", "MI", "--objectives", "qamro, listmle", *FEW, "--out", tmp_path)
    result = run("compare-objectives", "--study", folder, *options)
    assert result.exit_code == 0, result.output
    tests = pd.read_csv(tmp_path / "tests.csv", keep_default_na=False)
    assert set(zip(tests["variant"], tests["reference"], strict=True)) == {
        ("ListMLE", "QAMRO"),
        ("ridge regression", "QAMRO"),
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--objectives", "huber,best"), "no objective 'best'"),
        (("--objectives", "huber"), "two different objectives"),
        (("--rates", "fast"), "numbers with commas"),
        (("--axis", "PQ"), "no axis 'PQ'"),
    ],
)
def test_wrong_use_is_named(run, folder, tmp_path, options, message):
    result = run("compare-objectives", "--study", folder, *FEW, *options, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.stderr.replace("\n", " ")
    assert not (tmp_path / "out").exists()
