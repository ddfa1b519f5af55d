"""Ctrl-C in real processes: a word on what is kept, exit code 130, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from qamro.cli.console import INTERRUPTED
from tests.cli.rated_tones import save_noisy_tones

pytestmark = [pytest.mark.server, pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C")]


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "tones"
    folder.mkdir()
    return save_noisy_tones(folder)


def start(tmp_path, *arguments):
    command = [sys.executable, "-m", "qamro", *map(str, arguments)]
    env = os.environ | {"PYTHONPATH": os.getcwd(), "QAMRO_CACHE": str(tmp_path / "cache")}
    return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def interrupt_once(work, there):
    deadline = time.monotonic() + 60
    while not there():
        assert work.poll() is None, work.communicate()
        assert time.monotonic() < deadline, "nothing to interrupt in a minute"
        time.sleep(0.02)
    work.send_signal(signal.SIGINT)
    _, errors = work.communicate(timeout=60)
    assert work.returncode == INTERRUPTED, errors
    assert "Traceback" not in errors
    return errors


def test_training_says_what_it_keeps(tmp_path, study):
    command = ["train", "--study", study, "--out", "heads", "--lr", "1e-9", "--patience", "100000"]
    unfinished = tmp_path / "heads" / "unfinished" / "MI.pt"
    errors = interrupt_once(start(tmp_path, *command, "--epochs", "100000"), unfinished.exists)
    assert "interrupted; embeddings and whole epochs are kept, and the same command goes on from there" in errors
    assert unfinished.exists()
    assert not (tmp_path / "heads" / "card.json").exists()


def test_a_sweep_says_that_nothing_was_written(tmp_path, study):
    command = ["sweep", "--study", study, "--out", "swept", "--lr", "1e-9", "--patience", "100000", "--folds", "3"]
    embedded = (tmp_path / "cache").rglob
    work = start(tmp_path, *command, "--epochs", "100000")
    errors = interrupt_once(work, lambda: any(file.stat().st_size for file in embedded("embeddings.sqlite")))
    assert "interrupted; no table was written" in errors
    assert not (tmp_path / "swept").exists()


def test_verbs_without_words_of_their_own_are_not_silent(tmp_path):
    ready = tmp_path / "ready"
    code = f"""
import pathlib, time, qamro.cli
@qamro.cli.app.command("wait")
def wait(): pathlib.Path({str(ready)!r}).touch(); time.sleep(60)
import sys; sys.argv = ["qamro", "wait"]; qamro.cli.main()
"""
    work = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert interrupt_once(work, ready.exists) == "interrupted\n"
