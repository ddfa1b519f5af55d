"""What another package adds by entry points is known everywhere; what it gets wrong keeps nothing else from working."""

from __future__ import annotations

import importlib
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from qamro import plugins
from qamro.cli import app
from qamro.encoders.registry import ENCODERS, encoders
from qamro.predictors import catalogue, load
from qamro.predictors.loading import PREDICTORS, predictors
from qamro.studies.registry import get_dataset
from tests.cli.rated_tones import save_noisy_tones

PACKAGE = Path(__file__).parent / "plugin_package"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip installed the package."""
    source, target = tmp_path_factory.mktemp("source") / "package", tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))  # building leaves files behind
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-q")
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    plugins.forget()
    yield
    monkeypatch.undo()
    sys.modules.pop("qamro_toy", None)
    plugins.forget()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("QAMRO_HEADS", str(tmp_path / "saved"))
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    folder = tmp_path / "tones"
    folder.mkdir()
    return save_noisy_tones(folder)


def test_without_the_package_the_tables_are_our_own(run, tones):
    assert list(predictors()) == list(PREDICTORS)
    assert list(encoders()) == list(ENCODERS)
    refused = run("predict", tones, "--predictor", "loudness")
    assert refused.exit_code == 2
    assert "there is no predictor 'loudness'" in refused.stderr


def test_predict_and_the_apps_lists_know_its_predictor(installed, run, tones, tmp_path):
    from qamro.ui import choices

    done = run("predict", tones, "--predictor", "loudness", "--out", tmp_path / "scores.csv")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "scores.csv")
    assert table["MI"].between(1, 5).all()
    assert set(table["kind_MI"]) == {"zero-shot"}
    assert ("Loudness · ready", "loudness") in choices.predictor_options()
    assert choices.state("loudness").note == "The louder the better."
    assert choices.get("loudness").axes == ("MI",)
    assert [entry.name for entry in catalogue()][-1] == "loudness"


def test_train_with_its_encoder_gives_heads_that_score(installed, run, tones, tmp_path):
    from qamro.ui import choices

    trained = run("train", "--study", tones, "--encoder", "levels", "--epochs", 2, "--save", "mine")
    assert trained.exit_code == 0, trained.output
    done = run("predict", tones, "--predictor", "saved:mine", "--out", tmp_path / "scores.csv")
    assert done.exit_code == 0, done.output
    assert set(pd.read_csv(tmp_path / "scores.csv")["encoder_MI"]) == {"Levels r1"}
    assert ("Levels · ready", "levels") in choices.encoder_options()
    assert choices.encoder_state("levels").note == "Two numbers a clip. It reads no prompts."
    frames = run("train-deramos", "--study", tones, "--encoder", "levels", "--out", tmp_path / "frames")
    assert "there is no encoder of frames 'levels'; choose one of logmel, clap, wavlm, muq" in frames.stderr
    whole = run("train", "--study", tones, "--encoder", "levels", "--end-to-end", "--out", tmp_path / "whole")
    assert "'levels' cannot be trained end to end" in " ".join(whole.stderr.split())


def test_train_and_the_app_know_its_objective(installed, run, tones, tmp_path):
    trained = run("train", "--study", tones, "--objective", "toy-l1", "--epochs", 2, "--out", tmp_path / "heads")
    assert trained.exit_code == 0, trained.output
    assert "toy L1" in (tmp_path / "heads" / "card.json").read_text("utf-8")


def test_its_study_is_listed_and_says_how_it_is_had(installed, run):
    assert get_dataset("toy_study").title == "A toy"
    assert "toy_study" in run("studies", "list").stdout
    refused = run("compare", "--ratings", "toy_study")
    assert refused.exit_code == 2
    assert "studies fetch toy_study" in " ".join(refused.stderr.split())


def test_what_is_wrong_is_named_and_left_out(installed, run, tones, caplog):
    with caplog.at_level(logging.WARNING):
        assert list(predictors()) == [*PREDICTORS, "loudness"]
        assert list(predictors()) == [*PREDICTORS, "loudness"]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 3, "each is named once"
    assert any("'broken'" in text and "ModuleNotFoundError" in text for text in told)
    assert any("'wrong'" in text and "it gives EncoderEntry, not PredictorEntry" in text for text in told)
    assert any("'offline'" in text and "qamro has one of that name itself" in text for text in told)
    assert predictors()["offline"] is PREDICTORS["offline"]
    refused = run("predict", tones, "--predictor", "broken")
    assert refused.exit_code == 2
    assert "cannot be used: ModuleNotFoundError: No module named 'qamro_toy_that" in " ".join(refused.stderr.split())


def test_an_option_that_its_loader_does_not_take_is_named(installed, tmp_path):
    with pytest.raises(ValueError, match="'loudness' cannot be loaded so: got an unexpected keyword argument 'heads'"):
        load("loudness", heads=tmp_path)
    assert load("loudness", device="cpu", cache=False).axes == ("MI",)
