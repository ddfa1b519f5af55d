"""Trackers: trackio for real and local, wandb and tensorboard by their interface; a failing one ends only itself."""

from __future__ import annotations

import inspect
import json
import os
import re
import sqlite3
import sys
import warnings
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import soundfile
from typer.testing import CliRunner

from qamro.cli import app
from qamro.studies import Study
from qamro.training.trackers import TRACKERS, Tracker, open_tracker, track_clips
from tests.cli.rated_tones import save_noisy_tones


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Where trackio keeps its runs; it looks once, when it is imported."""
    folder = tmp_path_factory.mktemp("trackio")
    before = os.environ.get("TRACKIO_DIR")
    os.environ["TRACKIO_DIR"] = str(folder)
    trackio = pytest.importorskip("trackio")
    yield Path(trackio.TRACKIO_DIR)
    os.environ.pop("TRACKIO_DIR") if before is None else os.environ.update(TRACKIO_DIR=before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_noisy_tones(tmp_path_factory.mktemp("rated"), clips=24)


def logged(home: Path, run: str) -> list[dict[str, object]]:
    """Every row that trackio keeps of a run, as it lies in its database."""
    with sqlite3.connect(home / "qamro.db") as database:
        rows = database.execute("select step, metrics from metrics where run_name = ? order by id", [run]).fetchall()
    return [json.loads(metrics) | {"step": step} for step, metrics in rows]


def tracked(folder: Path, *arguments: object) -> None:
    command = [*map(str, arguments), "--study", str(folder), "--track", "trackio"]
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="--track")
        warnings.filterwarnings("error", message="Converting float32")
        result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output


def test_train_logs_curves_card_figures_and_the_worst_clips_to_trackio(folder, home, tmp_path):
    out = tmp_path / f"heads-{os.getpid()}"
    tracked(folder, "train", "--epochs", 2, "--optimizer", "adamw", "--objective", "huber", "--folds", 0, "--out", out)
    rows = logged(home, out.name)
    curve = [(row["step"], row["MI/val_loss"]) for row in rows if "MI/val_loss" in row]
    seed, *_ = json.loads((out / "run.json").read_text())["axes"]["MI"]["seeds"]
    assert curve == [(row["epoch"], pytest.approx(row["val_loss"], rel=1e-4)) for row in seed["history"]]
    assert [step for step, _ in curve] == [1, 2]
    named = {key: value for row in rows for key, value in row.items()}
    assert "noisy tones" in named["card"]["_value"]
    assert named["MI/predicted against rated"]["_type"] == "trackio.html"
    assert "\n|" not in named["card"]["_value"], "its page draws no tables"
    assert re.search(r"^- axis: MI, level: utterance, metric: SRCC, value: ", named["card"]["_value"], re.MULTILINE)
    sounds = {key: value for key, value in named.items() if key.startswith("MI/worst")}
    assert [sound["_type"] for sound in sounds.values()] == ["trackio.audio"] * 3
    assert all(re.fullmatch(r"MI/worst \d: .+: rated [\d.]+, predicted [\d.-]+", key) for key in sounds)
    assert len(list(home.rglob("*.wav"))) >= 3
    with sqlite3.connect(home / "qamro.db") as database:
        query = "select config from configs where run_name = ?"
        config = json.loads(database.execute(query, [out.name]).fetchone()[0])
    assert (config["objective"], config["encoder"], config["epochs"]) == ("huber", "logmel", 2)


@pytest.mark.parametrize("verb", ["sweep", "compare-objectives"])
def test_experiments_log_every_fit_figures_and_the_worst_clips(folder, home, tmp_path, verb):
    own = {
        "sweep": ("--betas", "1", "--optimizer", "adamw"),
        "compare-objectives": ("--objectives", "huber,qamro", "--rates", "1e-3"),
    }[verb]
    out = tmp_path / f"{verb}-{os.getpid()}"
    tracked(folder, verb, *own, "--seeds", 2, "--epochs", 2, "--folds", 3, "--out", out)
    rows = logged(home, out.name)
    runs = pd.read_csv(out / "runs.csv")
    runs = runs[(runs["metric"] == "SRCC") & runs["value"].notna()]
    assert len(runs)
    for row in runs.to_dict("records"):
        name = f"MI/{row['level']} SRCC, {row['variant']}"
        found = [each[name] for each in rows if name in each and each["step"] == row["seed"]]
        assert found == [pytest.approx(row["value"], abs=1e-4)], name
    named = {key: value for row in rows for key, value in row.items()}
    figure = {"sweep": "MI/over beta", "compare-objectives": "MI/standings"}[verb]
    assert named[figure]["_type"] == "trackio.html"
    assert next(v for key, v in named.items() if key.startswith("MI/worst 1: "))["_type"] == "trackio.audio"


def test_pages_of_figures_fetch_nothing(folder, home, tmp_path):
    """trackio's own page of a plotly figure loads plotly from elsewhere: white where there is no network."""
    tracker = open_tracker("trackio", "a figure", {})
    tracker.figure("MI/some figure", go.Figure(go.Scatter(y=[1, 2])))
    tracker.finish()
    assert tracker.name
    (row,) = logged(home, "a figure")
    page = (home / "media" / row["MI/some figure"]["file_path"]).read_text("utf-8")
    assert 'data-figure="MI-some-figure-data"' in page
    assert not re.search(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?(?:https?:)?//""", page)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    rng = np.random.default_rng(0)
    for k in range(5):
        soundfile.write(tmp_path / f"c{k}.wav", 0.1 * rng.standard_normal(8000), 16_000)
    clips = pd.DataFrame({"clip": [f"c{k}" for k in range(6)], "path": [f"c{k}.wav" for k in range(6)], "system": "s"})
    ratings = pd.DataFrame({"clip": clips["clip"], "axis": "MI", "score": [1.0, 2, 3, 4, 5, 1]})
    return Study(clips.assign(prompt=""), ratings, name="small", kind="human", root=tmp_path)


class Calls(list):
    """Writes down what an interface was asked, and refuses what the real one would."""

    def note(self, name, parameters, answer=None):
        signature = inspect.signature(eval(f"lambda {parameters}: None"))

        def call(*given, **named):
            signature.bind(*given, **named)
            self.append((name, given, named))
            return answer

        return call


RUN = {
    "log": "data, step=None, commit=None",
    "finish": "exit_code=None, quiet=None",
    "define_metric": "name, step_metric=None, step_sync=None, hidden=None, summary=None, goal=None, overwrite=None",
}
MEDIA = {
    "Html": "data, inject=True, data_is_not_path=False",
    "Plotly": "val",
    "Audio": "data_or_path, sample_rate=None, caption=None",
}
WRITER = {
    "add_scalar": "tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False",
    "add_text": "tag, text_string, global_step=None, walltime=None",
    "add_audio": "tag, snd_tensor, global_step=None, sample_rate=44100, walltime=None",
    "close": "",
}
"""Signatures of wandb's runs and media, and of torch's ``SummaryWriter``, as they stand in their sources."""


@pytest.fixture
def wandb(monkeypatch):
    calls = Calls()
    module = ModuleType("wandb")
    run = SimpleNamespace(**{name: calls.note(name, parameters) for name, parameters in RUN.items()})
    module.init = calls.note("init", "entity=None, project=None, dir=None, id=None, name=None, config=None", run)

    def media(name):
        signature = inspect.signature(eval(f"lambda {MEDIA[name]}: None"))

        def made(value, **about):
            signature.bind(value, **about)
            return name, value, about

        return made

    for name in MEDIA:
        setattr(module, name, media(name))
    monkeypatch.setitem(sys.modules, "wandb", module)
    return calls


@pytest.fixture
def tensorboard(monkeypatch):
    calls = Calls()
    module = ModuleType("torch.utils.tensorboard")
    writer = SimpleNamespace(**{name: calls.note(name, parameters) for name, parameters in WRITER.items()})
    module.SummaryWriter = lambda log_dir=None: Path(log_dir).mkdir(parents=True) or writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    return calls


def everything(tracker: Tracker, study: Study) -> None:
    with tracker:
        tracker.log({"MI/val_loss": 0.5, "MI/val_srcc": float("nan")}, 1)
        tracker.text("card", "# <b>")
        tracker.figure("figure", go.Figure())
        predicted = [1.0, 2, 5, 4, 3, 5]  # c5 has no sound; c2 and c4 lie furthest apart of those that have
        table = pd.DataFrame({"clip": study.clips["clip"], "human": [1.0, 2, 3, 4, 5, 1], "predicted": predicted})
        track_clips(tracker, study, "MI", table)


def test_wandb_by_its_interface(wandb, study):
    everything(open_tracker("wandb", "run", {"lr": 1e-3, "betas": (1, 2)}), study)
    assert wandb[0] == ("init", (), {"project": "qamro", "name": "run", "config": {"lr": 1e-3, "betas": "(1, 2)"}})
    logs = [given[0] for name, given, _ in wandb if name == "log"]
    assert {"MI/val_loss": 0.5, "MI/step": 1} in logs
    assert {"card": ("Html", "<pre># &lt;b&gt;</pre>", {})} in logs
    sounds = {key: value for log in logs for key, value in log.items() if key.startswith("MI/worst")}
    assert {value[2]["caption"].split(":")[0] for value in sounds.values()} >= {"c2", "c4"}
    assert all(value[2]["sample_rate"] == 16_000 for value in sounds.values())
    assert wandb[-1][0] == "finish"


def test_tensorboard_by_its_interface(tensorboard, study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    everything(open_tracker("tensorboard", "run", {"lr": 1e-3}), study)
    assert tensorboard[0] == ("add_text", ("config", "- lr: 0.001"), {})
    assert ("add_scalar", ("MI/val_loss", 0.5, 1), {}) in tensorboard
    assert not any(given[0] == "MI/val_srcc" for name, given, _ in tensorboard if name == "add_scalar")
    assert [given[0] for name, given, _ in tensorboard if name == "add_audio"] == [f"MI/worst {n}" for n in (1, 2, 3)]
    assert (tmp_path / "qamro" / "run" / "MI-predicted against rated.html").is_file()
    assert tensorboard[-1][0] == "close"


def test_a_tracker_that_fails_ends_itself_and_not_the_run(wandb, study):
    tracker = open_tracker("wandb", "run", {})
    wandb.append = lambda call: (_ for _ in ()).throw(OSError("no network")) if call[0] == "log" else None
    with pytest.warns(UserWarning, match="--track wandb failed and is off, the run goes on: no network"):
        tracker.log({"a/b": 1.0}, 1)
    everything(tracker, study)  # nothing more is said


@pytest.mark.parametrize("name", TRACKERS)
def test_a_package_that_is_missing_is_named_before_anything_is_trained(name, monkeypatch):
    module = {"tensorboard": "torch.utils.tensorboard"}.get(name, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=f"--track {name} needs its package .*: pip install {name}"):
        open_tracker(name, "run", {})


def test_an_unknown_tracker_is_refused_and_none_is_none():
    with pytest.raises(ValueError, match="no tracker 'mlflow'; --track takes trackio, wandb, tensorboard"):
        open_tracker("mlflow", "run", {})
    tracker = open_tracker("", "run", {})
    tracker.log({"a": 1.0}, 1)
    assert not tracker.on
