"""train, with real processes that are killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from qamro.cli.reproduce import reproduce
from qamro.studies import Study
from qamro.training.objective.objective import chosen_objective
from qamro.training.presets import PRESETS, Settings
from qamro.training.trainer import FitConfig
from qamro.ui.train.worker import Task
from qamro.ui.train.worker import train as app_train
from tests.cli.rated_tones import save_noisy_tones
from tests.training.end_to_end.conftest import wavlm_folder  # noqa: F401

OPTIONS = (
    "--optimizer",
    "adamw",
    "--batch-size",
    "8",
    "--lr",
    "1e-4",
    "--epochs",
    "80",
    "--patience",
    "80",
    "--folds",
    "0",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tones in noise; the more noise, the lower the score."""
    return save_noisy_tones(tmp_path_factory.mktemp("rated"), clips=48, axes=("MI", "PQ"), noise=0.005)


def command(folder, out):
    return [sys.executable, "-m", "qamro", "train", "--study", str(folder), "--out", str(out), *OPTIONS]


@pytest.mark.server
def test_a_killed_run_goes_on_and_ends_as_if_it_had_never_been_killed(folder, tmp_path):
    environment = os.environ | {"QAMRO_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(folder, whole), env=environment, timeout=120, capture_output=True, check=True)
    process = subprocess.Popen(
        command(folder, killed), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not (killed / "unfinished" / "PQ.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert not (killed / "heads.safetensors").exists()
    done = subprocess.run(
        command(folder, killed), env=environment, timeout=120, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (killed / "unfinished").exists()
    first, again = (load_file(path / "heads.safetensors") for path in (whole, killed))
    for key, values in first.items():
        np.testing.assert_allclose(again[key], values, rtol=0, atol=1e-5)
    first, again = (json.loads((path / "run.json").read_text()) for path in (whole, killed))
    for axis in ("MI", "PQ"):
        histories = [record["axes"][axis]["seeds"][0]["history"] for record in (again, first)]
        assert [row["val_loss"] for row in histories[0]] == pytest.approx(
            [row["val_loss"] for row in histories[1]], rel=1e-4
        )
        assert [row["epoch"] for row in again["axes"][axis]["seeds"][0]["history"]] == list(range(1, 81))


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    from typer.testing import CliRunner

    from qamro.cli import app

    out = tmp_path_factory.mktemp("heads") / "mine"
    few = ["--preset", "paper", "--seeds", "2", "--epochs", "3", "--folds", "0"]
    result = CliRunner().invoke(app, ["train", "--study", str(folder), "-o", str(out), *few])
    assert result.exit_code == 0, result.output
    return out, result


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_fills_in_what_is_not_said(run, folder, tmp_path, name):
    preset = PRESETS[name]
    options = ["--axis", "MI", "--epochs", 1, "--lr", "2e-3"] + ([] if name == "default" else ["--preset", name])
    result = run("train", "--study", folder, "--out", tmp_path / "h", *options)
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "h" / "run.json").read_text("utf-8"))
    config = record["config"]
    assert (config["optimizer"], config["batch_size"]) == (preset.optimizer, preset.batch_size)
    assert (config["patience"], config["max_epochs"], config["lr"]) == (preset.patience, 1, 2e-3)
    expected = chosen_objective(preset.objective, "MI", {})
    assert record["axes"]["MI"]["objective"]["in words"] == str(expected)


def test_the_papers_preset_is_what_reproduce_runs():
    given = {name: parameter.default for name, parameter in signature(reproduce).parameters.items()}
    paper = PRESETS["paper"]
    assert (paper.optimizer, paper.lr, paper.batch_size, paper.patience) == ("sgd", 5e-4, 256, 20)
    assert [given[name] for name in ("optimizer", "lr", "batch_size", "epochs")] == [
        paper.optimizer, paper.lr, paper.batch_size, paper.epochs
    ]  # fmt: skip
    assert FitConfig().patience == paper.patience
    assert str(chosen_objective(paper.objective, "TA", {})) == "Huber + QAMRO (alpha 0.2, beta 7)"


@pytest.fixture
def one_thread():
    """Lets both train alike: sums of several threads round otherwise."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_terminal_and_app_train_the_same_heads(run, folder, tmp_path):
    result = run("train", "--study", folder, "--out", tmp_path / "h", "--axis", "MI", "--epochs", 4)
    assert result.exit_code == 0, result.output
    task = Task(Study.load(folder), Settings(("MI",), epochs=4), tmp_path / "app", "h")
    done = app_train(task, lambda message: None, lambda: False)
    places = tmp_path / "h", done.folder / "heads"
    ours, apps = (load_file(place / "heads.safetensors") for place in places)
    assert ours.keys() == apps.keys()
    assert all(np.array_equal(ours[name], apps[name]) for name in ours)
    ours, apps = (json.loads((place / "run.json").read_text("utf-8")) for place in places)
    assert ours["config"] == apps["config"]
    assert [fit["seed"] for fit in ours["axes"]["MI"]["seeds"]] == [0, 1, 2]


def test_ridge_is_trained_like_any_other(run, folder, tmp_path):
    result = run("train", "--study", folder, "--out", tmp_path / "h", "--axis", "MI", "--objective", "ridge")
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "h" / "card.json").read_text("utf-8"))
    assert card["objective"] == {"MI": "ridge regression"}
    wrong = run("train", "--study", folder, "--out", tmp_path / "e", "--end-to-end", "--objective", "ridge")
    assert wrong.exit_code == 2
    assert "ridge is solved" in " ".join(wrong.stderr.split())
    unknown = run("train", "--study", folder, "--out", tmp_path / "e", "--preset", "best")
    assert unknown.exit_code == 2
    assert "default, paper" in " ".join(unknown.stderr.split())


def test_the_record_says_what_was_done(trained, folder):
    out, _ = trained
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["study"]["name"] == "noisy tones"
    assert len(record["study"]["hash"]) == len(record["split"]["hash"]) == 64
    assert record["config"]["lr"] == 5e-4
    assert record["versions"]["torch"]
    assert record["device"]["name"] == "cpu"
    assert record["seconds"] > 0
    assert sum(record["split"]["clips"].values()) == 48
    for axis in ("MI", "PQ"):
        entry = record["axes"][axis]
        assert [seed["seed"] for seed in entry["seeds"]] == [0, 1]
        assert entry["kept seed"] == min(entry["seeds"], key=lambda seed: seed["val_loss"])["seed"]
        assert entry["objective"]["ranking"] == "qamro"
        for seed in entry["seeds"]:
            assert [row["epoch"] for row in seed["history"]] == [1, 2, 3]
            assert seed["val_loss"] == min(row["val_loss"] for row in seed["history"])
            assert set(seed["held_out"]["utterance"]) >= {"SRCC", "MSE"}
    kept = next(row for row in record["axes"]["MI"]["seeds"] if row["seed"] == record["axes"]["MI"]["kept seed"])
    card = json.loads((out / "card.json").read_text("utf-8"))
    row = next(
        row for row in card["metrics"] if (row["axis"], row["level"], row["metric"]) == ("MI", "utterance", "MSE")
    )
    assert kept["held_out"]["utterance"]["MSE"] == pytest.approx(row["value"], abs=1e-3)


def test_what_another_run_left_is_refused_with_the_remedy_and_restart_takes_it_away(run, folder, tmp_path):
    out = tmp_path / "heads"
    (out / "unfinished").mkdir(parents=True)
    (out / "unfinished" / "MI.pt").write_bytes(b"not a checkpoint")
    arguments = ("train", "--study", folder, "--out", out, "--epochs", 2)
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert "--restart" in refused.stderr
    assert run(*arguments, "--restart").exit_code == 0
    assert (out / "heads.safetensors").exists()


@pytest.mark.server
def test_two_processes_started_by_torchrun_write_the_heads_of_one(folder, tmp_path):
    environment = os.environ | {"QAMRO_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    one, two = ([*command(folder, tmp_path / name)[2:], "--axis", "MI", "--epochs", "3"] for name in ("1", "2"))
    subprocess.run([sys.executable, "-m", *one], env=environment, timeout=120, capture_output=True, check=True)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    done = subprocess.run([*torchrun, *two], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("heads and card written") == 1
    one, two = (load_file(tmp_path / name / "heads.safetensors") for name in ("1", "2"))
    for key in one:
        np.testing.assert_allclose(two[key], one[key], rtol=0, atol=1e-5)
    assert sorted(path.name for path in (tmp_path / "2").iterdir()) == sorted(
        path.name for path in (tmp_path / "1").iterdir()
    )


def test_end_to_end_writes_heads_that_predict(run, folder, wavlm_folder, saved_heads, tmp_path):  # noqa: F811
    arguments = ("train", "--study", folder, "--out", tmp_path / "mine", "--end-to-end", "--encoder", "wavlm")
    arguments += ("--weights", wavlm_folder, "--epochs", 2, "--batch-size", 16, "--last-stages", 1)
    result = run(*arguments, "--save", "own ears", "--stop-by", "srcc")
    assert result.exit_code == 0, result.output
    assert "epoch 2: training loss" in result.stdout
    assert "clips/s" in result.stdout
    assert "the encoder is part of the heads: encoder/model.safetensors" in result.stdout
    scored = run(
        "predict", folder / "c1.wav", folder / "c40.wav", "--heads", tmp_path / "mine", "--out", tmp_path / "s.csv"
    )
    assert scored.exit_code == 0, scored.output
    table = pd.read_csv(tmp_path / "s.csv")
    assert table[["MI", "PQ"]].notna().all(axis=None)
    assert table["source_MI"].str.contains("WavLM").all()
    assert "saved as saved:own-ears" in result.stdout
    assert (saved_heads / "own-ears" / "encoder" / "model.safetensors").is_file()
    again = run(
        "predict", folder / "c1.wav", folder / "c40.wav", "--predictor", "saved:own-ears", "-o", tmp_path / "t.csv"
    )
    assert again.exit_code == 0, again.output
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv")[["MI", "PQ"]], table[["MI", "PQ"]])
    record = json.loads((saved_heads / "own-ears" / "run.json").read_text("utf-8"))
    assert record["config"]["stop_by"] == "srcc"
    history = record["axes"]["MI"]["seeds"][0]["history"]
    best = max(history, key=lambda row: row["val_srcc"])
    assert record["axes"]["MI"]["seeds"][0]["best_epoch"] == best["epoch"]


def test_objectives_by_name_with_parameters_of_their_own(run, folder, tmp_path):
    few = ("train", "--study", folder, "--axis", "MI", "--epochs", 2, "--out")
    chosen = ("--objective", "ce-gauss+balr", "--temperature", 0.5, "--ranking-weight", 2, "--beta", 3)
    result = run(*few, tmp_path / "a", *chosen)
    assert result.exit_code == 0
    assert "--beta changes nothing in this objective" in " ".join(result.stderr.split())
    assert "--temperature" not in result.stderr
    card = json.loads((tmp_path / "a" / "card.json").read_text("utf-8"))
    assert card["objective"]["MI"].startswith("CE-Gauss + 2 x BALR")
    refused = run(*few, tmp_path / "b", "--objective", "best")
    assert refused.exit_code == 2
    assert "ce-gauss+balr+sama" in refused.stderr.replace("\n", "")
    wrong = run(*few, tmp_path / "b", "--end-to-end")
    assert wrong.exit_code == 2
    assert "clap, audiobox, wavlm" in wrong.stderr


def test_heads_are_saved_under_a_name_that_is_checked_before_training(run, folder, saved_heads, tmp_path):
    few = ("train", "--study", folder, "--axis", "MI", "--epochs", 3, "--seeds", 2, "--stop-by", "srcc", "--folds", 0)
    result = run(*few, "--save", "My heads")
    assert result.exit_code == 0, result.output
    assert "saved as saved:My-heads" in result.stdout
    assert "--predictor saved:My-heads" in result.stdout
    assert "written to" not in result.stdout
    card = json.loads((saved_heads / "My-heads" / "card.json").read_text("utf-8"))
    assert (card["name"], card["training"]["stop_by"]) == ("My-heads", "srcc")
    record = json.loads((saved_heads / "My-heads" / "run.json").read_text("utf-8"))
    seeds = record["axes"]["MI"]["seeds"]
    best = {seed["seed"]: seed["history"][seed["best_epoch"] - 1]["val_srcc"] for seed in seeds}
    for seed in seeds:
        assert best[seed["seed"]] == max(row["val_srcc"] for row in seed["history"])
    assert best[record["axes"]["MI"]["kept seed"]] == max(best.values())
    assert not (Path(os.environ["QAMRO_CACHE"]) / "unfinished" / "My-heads").exists()

    taken = run(*few, "--save", "my HEADS")
    assert taken.exit_code == 2
    assert "--replace" in taken.stderr
    assert "clips embedded" not in taken.stdout, "nothing is trained for a name that is taken"
    again = run(*few, "--save", "my HEADS", "--replace", "--out", tmp_path / "both")
    assert again.exit_code == 0, again.output
    assert (tmp_path / "both" / "heads.safetensors").is_file()
    assert [path.name for path in saved_heads.iterdir()] == ["my-HEADS"]
    neither = run(*few)
    assert neither.exit_code == 2
    assert "--out FOLDER, or --save NAME" in " ".join(neither.stderr.split())
    wrong = run(*few, "--out", tmp_path / "x", "--stop-by", "luck")
    assert wrong.exit_code == 2
    assert "'loss' or 'srcc'" in " ".join(wrong.stderr.split())


def test_small_studies_are_trained_in_folds_unless_told_otherwise(run, folder, tmp_path):
    few = ("--axis", "MI", "--epochs", 3, "--seeds", 2)
    result = run("train", "--study", folder, "--out", tmp_path / "h", *few)
    assert result.exit_code == 0, result.output
    assert "48 clips" in result.output
    assert "each by heads of 5 folds that never heard its clip" in " ".join(result.output.split())
    card = json.loads((tmp_path / "h" / "card.json").read_text("utf-8"))
    assert (card["training"]["folds"], card["training"]["clips"]) == (5, {"train": 48, "test": 48})
    record = json.loads((tmp_path / "h" / "run.json").read_text("utf-8"))
    assert record["axes"]["MI"]["kept seed"] == [0, 1]
    assert len(record["axes"]["MI"]["seeds"][0]["folds"]) == 5
    once = run("train", "--study", folder, "--out", tmp_path / "one", *few, "--folds", 1)
    assert once.exit_code == 0, once.output
    assert "folds" not in json.loads((tmp_path / "one" / "card.json").read_text("utf-8"))["training"]
    refused = run("train", "--study", folder, "--out", tmp_path / "two", *few, "--folds", 2)
    assert refused.exit_code == 2
    assert "enough for 3 to 48 folds, not 2" in " ".join(refused.stderr.split())
    table = tmp_path / "scores.csv"
    scored = run("predict", folder, "--predictor", "offline", "--heads", tmp_path / "h", "--out", table)
    assert scored.exit_code == 0, scored.output
    assert set(pd.read_csv(table, dtype=str)["fold_MI"]) == {"1", "2", "3", "4", "5"}, "known again by their sound"


def test_votes_train_heads_and_predict_gives_their_preference(run, folder, tmp_path):
    rated = Study.load(folder)
    rng, names = np.random.default_rng(0), rated.clips["clip"].tolist()
    pairs = [sorted(rng.choice(48, 2, replace=False)) for _ in range(400)]
    votes = pd.DataFrame({
        "clip_a": [names[a] for a, _ in pairs], "clip_b": [names[b] for _, b in pairs],
        "axis": "which is cleaner?", "winner": ["tie" if b - a < 3 else "a" for a, b in pairs],
    })  # fmt: skip
    nobody = rated.ratings.iloc[:0]
    voted = rated.replace(votes=votes, ratings=nobody, name="voted").save(tmp_path / "voted")
    few = ("--epochs", 30, "--seeds", 1)
    wrong = run("train", "--study", voted, "--out", tmp_path / "w", *few)
    assert wrong.exit_code == 2
    assert "choose an objective of pairs" in " ".join(wrong.stderr.split())
    heads = tmp_path / "h"
    result = run("train", "--study", voted, "--out", heads, "--objective", "pairs-logistic", "--lr", "1e-2", *few)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "preference: prefers the clip that was preferred in" in said
    card = json.loads((heads / "card.json").read_text("utf-8"))
    assert card["metrics"][0]["value"] > 0.8
    assert card["training"]["votes"]["question"] == "which is cleaner?"
    table = tmp_path / "scores.csv"
    scored = run("predict", folder, "--predictor", "offline", "--heads", heads, "--out", table)
    assert scored.exit_code == 0, scored.output
    found = pd.read_csv(table).set_index("clip")["preference"]
    assert found.between(0, 1).all()
    first, last = (
        [value for name, value in found.items() if int(Path(name).stem[1:]) in few]
        for few in (range(12), range(36, 48))
    )
    assert np.mean(first) > 0.5 > np.mean(last)
    assert np.mean(first) > np.mean(last) + 0.2
    rated_by = run("train", "--study", folder, "--out", tmp_path / "r", "--objective", "pairs-qamro", *few)
    assert rated_by.exit_code == 2
    assert "no votes between pairs" in " ".join(rated_by.stderr.split())
