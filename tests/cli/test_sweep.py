"""sweep and reproduce, on a folder of clips that are really read and embedded."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from qamro.predictors.saved import remembering_encoder
from qamro.studies import Study
from qamro.training.sweeps.reproduce import EXPERIMENTS
from qamro.training.sweeps.setup import Setup
from qamro.training.sweeps.store import sweep_study

from .rated_tones import save_noisy_tones

FEW = ("--seeds", 2, "--epochs", 2, "--folds", 3, "--optimizer", "adamw")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_noisy_tones(tmp_path_factory.mktemp("rated"))


def test_sweep_writes_table_summary_and_figure(run, folder, tmp_path):
    result = run("sweep", "--study", folder, "--betas", "1,7", *FEW, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    runs = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert set(runs["variant"]) >= {"alpha 0.2, beta 1", "alpha 0.2, beta 7", "without adaptive margin"}
    assert runs.groupby(["level", "metric"]).size().eq(14).all()
    assert len(pd.read_csv(tmp_path / "out" / "predictions.csv")) == 14 * 12
    assert set(pd.read_csv(tmp_path / "out" / "summary.csv")["seeds"]) <= {0, 1, 2}
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    assert record["plan"]["betas"] == [1, 7]
    assert record["study"]["kind"] == "simulated"
    assert "3 folds that hold out content" in record["split"]
    assert "ratings by simulated listeners" in (tmp_path / "out" / "sweep.html").read_text("utf-8")
    assert "MI, utterance SRCC: beta = 7" in result.stdout
    assert "14 runs" in result.stdout


def test_terminal_and_app_sweep_alike(run, folder, tmp_path):
    options = ("--objective", "balr", "--values", "0.5,2", "--seeds", 2, "--folds", 3, "--hold-out", "content")
    result = run("sweep", "--study", folder, *options, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    setup = Setup(axes=("MI",), family="balr", over="temperature", values=(0.5, 2), beside=(), seeds=2, folds=3,
                  hold_out="content")  # fmt: skip
    apps = sweep_study(Study.load(folder), setup, remembering_encoder("logmel")).sweep.runs
    ours = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert list(ours["variant"].unique()) == list(apps["variant"].unique())
    np.testing.assert_allclose(ours["value"], apps["value"], atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--betas", "1,x"), "numbers with commas"),
        (("--betas", ""), "--betas takes numbers"),
        (("--betas", "1,nan"), "--betas takes numbers"),
        (("--alphas", "inf"), "--alphas takes numbers"),
        (("--betas", "1,-2"), "beta is a number of 1 or more, not -2"),
        (("--alphas", "-0.2"), "alpha is a number of 0 or more, not -0.2"),
        (("--betas", "1,1"), "names a number twice"),
        (("--objective", "best"), "--objective is one of qamro, balr"),
        (("--over", "gamma"), "--over is one of ranking_weight"),
        (("--objective", "balr", "--over", "beta"), "does not depend on beta"),
        (("--objective", "balr", "--betas", "1,7"), "does not depend on beta"),
        (("--objective", "balr", "--values", "0"), "temperature is a number above zero"),
        (("--objective", "ce-gauss", "--beside", "1"), "nothing is varied beside sigma"),
        (("--values", "1,3", "--betas", "1,3"), "--betas is short for"),
        (("--axis", "PQ"), "no axis 'PQ'"),
        (("--folds", 50), "3 to 12 folds"),
    ],
)
def test_wrong_use_is_named(run, folder, tmp_path, options, message):
    result = run("sweep", "--study", folder, *options, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.stderr.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_other_data_are_titled_so_and_stand_beside_nothing_published(run, folder, tmp_path):
    result = run("reproduce", "table1", "--study", folder, *FEW, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "The experiment of the paper's table 1 on other data: noisy tones" in result.stdout
    published = [f"{value:.3f}" for row in EXPERIMENTS["table1"].published for value in row.values.values()]
    table = pd.read_csv(tmp_path / "out" / "table.csv")
    assert list(table["name"].unique()) == [
        "ridge regression on the same features",
        "baseline: regression alone",
        "w/o quality-aware weighting",
        "w/o adaptive margin: regression + L_MR",
        "QAMRO",
    ]
    ours = {f"{value:.3f}" for value in table[["SRCC", "seeds_low", "seeds_high", "clips_low", "clips_high"]].stack()}
    assert not [value for value in published if value in result.stdout and value not in ours]
    assert "MusicEval" not in result.stdout
    assert "Published" not in result.stdout
    assert "3 systems" in result.stdout


@pytest.mark.parametrize("what", list(EXPERIMENTS))
def test_without_the_papers_data_it_says_how_to_get_them(run, tmp_path, monkeypatch, what):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))
    result = run("reproduce", what)
    assert result.exit_code == 2
    said = result.stderr.replace("\n", " ")
    assert f"studies fetch {EXPERIMENTS[what].study}" in said
    assert "--study codec_mushra" in said


def test_on_the_papers_study_published_figures_stand_in_a_table_of_their_own(run, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))
    study = Study.load(folder)
    both = pd.concat([study.ratings, study.ratings.assign(axis="TA")])
    clips = study.clips.assign(prompt="a tone", split=["train", "dev", "test"] * 4)
    Study(clips, both, name="musiceval", root=folder).save(tmp_path / "studies" / "musiceval")
    result = run("reproduce", "table1", "--study", "musiceval", *FEW, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "on other data" not in result.stdout, "named or not, these are the paper's data"
    ours, published = result.stdout.split("Published on musiceval, not computed here")
    assert "the published split" in ours
    assert "0.972" in published
    assert "QAMRO, arXiv 2508.08957, Table I" in published
    assert not re.search(r"(?<![\d.])0\.972(?!\d)", (tmp_path / "out" / "table.csv").read_text())
