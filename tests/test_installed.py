"""The wheel, installed: from another folder it scores a clip, evaluates, trains and serves the app."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("assets", "weights")
pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy of what git keeps: nothing is left in the checkout."""
    source, goal = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("qamro", *SHIPPED):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q", "-w", str(goal)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(goal.glob("qamro-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The command ``qamro`` of a fresh environment, which finds other libraries in the one that runs the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=os.name != "nt")
    paths = {"base": str(folder), "platbase": str(folder)}
    place = Path(sysconfig.get_path("purelib", "venv", paths))
    scripts = Path(sysconfig.get_path("scripts", "venv", paths))
    (place / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(scripts / "python"),
        "install",
        "--no-deps",
        "-q",
        str(wheel),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return scripts / "qamro"


@pytest.fixture
def run(installed, tmp_path):
    """Runs the command in a folder that is not the checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [str(installed), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


def test_the_wheel_carries_every_file_that_ships(wheel):
    tracked = subprocess.run(
        ["git", "ls-files", "qamro", *SHIPPED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("this is no git checkout")
    carried = set(zipfile.ZipFile(wheel).namelist())
    there = [name for name in tracked.stdout.splitlines() if (ROOT / name).is_file()]
    assert {f"qamro/{name}" if name.startswith(SHIPPED) else name for name in there} - carried == set()
    assert "qamro/py.typed" in carried


def test_it_runs_from_the_wheel_and_not_from_the_checkout(installed, tmp_path):
    code = "import qamro, qamro.paths as p; print(qamro.__file__, p.assets(), p.bundled_weights(), sep='\\n')"
    found = subprocess.check_output([installed.with_name("python"), "-c", code], cwd=tmp_path, text=True).split()
    assert all(Path(path).is_relative_to(installed.parent.parent) for path in found)
    assert all(Path(path).exists() for path in found)


def test_it_scores_evaluates_and_trains(run, tmp_path):
    names = [f"c{k}" for k in range(8)]
    times = np.arange(16000) / 16000
    for k, name in enumerate(names):
        soundfile.write(tmp_path / f"{name}.wav", 0.3 * np.sin(2 * np.pi * 110 * (k + 1) * times), 16000)
    run("predict", *[f"{name}.wav" for name in names], "--out", "scores.csv")
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert scores["MI"].between(1, 5).all()
    (tmp_path / "clips.csv").write_text(
        "clip,path,system,prompt\n" + "".join(f"{name},{name}.wav,s{k % 4},\n" for k, name in enumerate(names))
    )
    (tmp_path / "ratings.csv").write_text(
        "clip,rater,axis,score\n" + "".join(f"{name},r,MI,{1 + k / 2}\n" for k, name in enumerate(names))
    )
    assert "SRCC" in run("evaluate", "--predictions", "scores.csv", "--ratings", "ratings.csv")
    run("train", "--study", str(tmp_path), "--out", "heads", "--epochs", "2")
    assert (tmp_path / "heads" / "heads.safetensors").is_file()


def test_it_serves_the_app(installed, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "output.txt").open("w") as output:
        process = subprocess.Popen(
            [installed, "serve", "--port", str(port)], cwd=tmp_path, stdout=output, stderr=output
        )
    try:
        assert "QAMRO" in _page(f"http://127.0.0.1:{port}/", process, tmp_path / "output.txt")
    finally:
        process.terminate()
        process.wait(30)


def _page(url: str, process: subprocess.Popen, log: Path) -> str:
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the app did not come up:\n{log.read_text()}")
