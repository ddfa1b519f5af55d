"""A disk that is full: verbs name the place, exit with a code, and what was there before stays."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pandas as pd
import pytest

from qamro.studies import Study
from qamro.training import checkpoint
from tests.cli.rated_tones import save_noisy_tones

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits the size of files as POSIX does")

QUICK = ("--epochs", 1, "--seeds", 1)


def qamro(tmp_path, limit, *arguments):
    """Runs a verb in a process whose files cannot grow beyond ``limit`` bytes; reading past it is no problem."""

    def small():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write fails as on a full disk, with an error
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = os.environ | {"PYTHONPATH": os.getcwd(), "QAMRO_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "qamro", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=environment, preexec_fn=small, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tones").mkdir()
    return save_noisy_tones(tmp_path / "tones")


def test_training_names_what_could_not_be_written(tmp_path, folder):
    done = qamro(tmp_path, 100_000, "train", "--study", folder, "--out", "heads", *QUICK)
    assert done.returncode == 2, done.stderr
    assert "MI.pt could not be written whole; make space on its disk" in done.stderr
    assert not list((tmp_path / "heads").rglob("*.p*t*"))


def test_a_sweep_names_its_folder(tmp_path, folder):
    done = qamro(tmp_path, 2_000, "sweep", "--study", folder, "--betas", "1,7", "--folds", 3, "--out", "swept", *QUICK)
    assert done.returncode == 2, done.stderr
    assert "swept cannot be written (File too large); make space there" in done.stderr


def test_predict_says_how_far_it_came(tmp_path, folder, heads):
    done = qamro(tmp_path, 300, "predict", folder / "clips.csv", "--heads", heads, "--out", "scores.csv")
    assert done.returncode == 1, done.stderr
    assert "--out scores.csv cannot be written (File too large)" in done.stderr
    assert "of 12 clips done" in done.stderr


def test_a_fetched_study_is_whole_or_stays_as_it_was(tmp_path, folder):
    cache = tmp_path / "cache" / "studies" / "lstm_music"
    done = qamro(tmp_path, 200, "studies", "fetch", "lstm_music", "--from", folder)
    assert done.returncode == 1, done.stderr
    assert f"{cache} cannot be written (File too large); make space there, or set QAMRO_CACHE" in done.stderr
    assert "--from" not in done.stderr
    assert list(cache.iterdir()) == []
    done = qamro(tmp_path, 10_000_000, "studies", "fetch", "lstm_music", "--from", folder)
    assert done.returncode == 0, done.stderr
    before = {file.name: file.read_bytes() for file in cache.iterdir()}
    assert len(Study.load(cache).ratings) == len(pd.read_csv(folder / "ratings.csv"))
    assert qamro(tmp_path, 200, "studies", "fetch", "lstm_music", "--from", folder).returncode == 1
    assert {file.name: file.read_bytes() for file in cache.iterdir()} == before


@pytest.mark.parametrize("verb", [("train", "--study"), ("sweep", "--study"), ("reproduce", "table1", "--study")])
def test_a_folder_below_a_file_is_refused_before_anything_is_read(run, tmp_path, verb):
    (tmp_path / "file").write_text("x")
    result = run(*verb, "no such study", "--out", tmp_path / "file" / "below")
    assert result.exit_code == 2
    assert f"--out {tmp_path / 'file' / 'below'} cannot be written" in result.stderr


def test_an_earlier_state_of_a_run_outlives_a_failed_write(tmp_path):
    file = tmp_path / "last.pt"
    checkpoint.write(file, {"run": "a", "epoch": 1})
    file.with_suffix(".pt.part").mkdir()
    with pytest.raises(OSError, match="last.pt"):
        checkpoint.write(file, {"run": "a", "epoch": 2})
    assert checkpoint.read(file, "a")["epoch"] == 1
