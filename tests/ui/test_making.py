"""Heads that a server makes by itself: begun once, told, broken off and gone on with, and made only once."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from qamro.predictors.saved_card import saved_folder
from qamro.ui import making, monitoring

WORK = """
import json, os, pathlib, sys, time
own = pathlib.Path(os.environ["QAMRO_PROGRESS"])
print("priority", os.getpriority(os.PRIO_PROCESS, 0), flush=True)
began = own.with_name("begun")
begun = int(began.read_text()) + 1 if began.exists() else 1
began.write_text(str(begun))
own.write_text(json.dumps({"text": "Embedding", "done": begun, "of": 2}))
while begun == 1:
    time.sleep(0.01)
if len(sys.argv) > 1:
    sys.exit("Error: " + sys.argv[1])
(pathlib.Path(os.environ["QAMRO_HEADS"]) / "musiceval-clap").mkdir(parents=True)
"""
"""Stands for ``heads make``: the first time it works until it is killed."""


@pytest.fixture
def work(monkeypatch, tmp_path):
    """A server's surroundings, and what it runs."""
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("QAMRO_HEADS", str(tmp_path / "heads"))
    monkeypatch.setenv(making.VARIABLE, "musiceval-clap")
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setattr(making, "_problems", {})
    monkeypatch.setattr(making, "command", lambda _: [sys.executable, "-c", WORK])
    return tmp_path / "cache" / "making" / "musiceval-clap"


def until(seen, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_goes_on_after_a_break_and_is_made_once(work, monkeypatch):
    processes = []
    popen = making.subprocess.Popen

    def kept(*given, **more):
        processes.append(popen(*given, **more))
        return processes[-1]

    monkeypatch.setattr(making.subprocess, "Popen", kept)
    first = making.start()
    until(lambda: making.state().get("done") == 1)
    assert making.state() == {"recipe": "musiceval-clap", "state": "making", "text": "Embedding", "done": 1, "of": 2}
    assert monitoring.health()["making"]["text"] == "Embedding"
    assert "Embedding (1 / 2)" in making.told()
    assert making.start() is None, "somebody is at it"
    processes[0].kill()
    first.join(20)
    making._problems.clear()  # a new server
    making.start().join(20)
    assert making.state()["state"] == "made"
    assert (saved_folder() / "musiceval-clap").is_dir()
    assert making.told() == ""
    assert making.start() is None
    assert len(processes) == 2
    assert (work / "output.txt").read_text().split() == ["priority", "19"] * 2


def test_why_it_failed_is_told(work, monkeypatch):
    work.mkdir(parents=True)
    (work / "begun").write_text("1")
    monkeypatch.setattr(making, "command", lambda _: [sys.executable, "-c", WORK, "no <connection>"])
    making.start().join(20)
    assert making.state()["state"] == "failed"
    assert making.state()["text"] == "Error: no <connection>"
    assert "no &lt;connection&gt;" in making.told()


@pytest.mark.parametrize(
    ("recipe", "space", "says"),
    [("nobody", "", "there is no recipe 'nobody'"), ("musiceval-clap", "me/space", "persistent storage")],
)
def test_what_cannot_be_is_said_and_harms_nobody(work, monkeypatch, recipe, space, says):
    monkeypatch.setenv(making.VARIABLE, recipe)
    monkeypatch.setenv("SPACE_ID", space)
    assert making.start() is None
    assert making.state()["state"] == "failed"
    assert says in making.state()["text"]


def test_nothing_is_made_unasked(work, monkeypatch):
    monkeypatch.delenv(making.VARIABLE)
    assert making.start() is None
    assert making.state() == {"recipe": "", "state": "none", "text": ""}
    assert making.told() == ""


def test_it_runs_what_a_person_would_type():
    assert making.command("r")[1:] == ["-m", "qamro", "heads", "make", "r", "--save", "r"]


def test_a_verb_tells_how_far_it_is(monkeypatch, tmp_path):
    from qamro.cli.console import progress

    file = tmp_path / "progress.json"
    monkeypatch.setenv("QAMRO_PROGRESS", str(file))
    with progress() as bar:
        task = bar.add_task("Embedding", total=7)
        bar.update(task, completed=3)
    assert json.loads(file.read_text()) == {"text": "Embedding", "done": 3, "of": 7}
    assert os.listdir(tmp_path) == ["progress.json"]


def test_a_space_keeps_things_on_its_storage(monkeypatch, tmp_path):
    from qamro.ui import space

    monkeypatch.setattr(space, "STORAGE", tmp_path)
    for identity, before, after in (("", None, None), ("me/x", None, tmp_path / "qamro"), ("me/x", "/other", "/other")):
        monkeypatch.setenv("SPACE_ID", identity)
        monkeypatch.setenv("QAMRO_CACHE", before) if before else monkeypatch.delenv("QAMRO_CACHE", raising=False)
        space.keep_on_storage()
        assert os.environ.get("QAMRO_CACHE") == (str(after) if after else None)
    assert Path("/data") == making.STORAGE
