"""``train-deramos`` from end to end: a study of real files, a model with its card, and scores by it."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Sixteen systems, each louder than the one before, rated by how loud they are."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(0)
    clips, ratings = [], []
    for s in range(16):
        for c in range(2):
            name = f"{s}_{c}"
            samples = rng.normal(0, 0.005 * (s + 1), 32_000 + 3_200 * c)
            soundfile.write(folder / f"{name}.wav", samples, 32_000)
            clips.append({"clip": name, "path": f"{name}.wav", "system": f"sys{s:02}", "prompt": f"noise {s}"})
            ratings += [{"clip": name, "rater": "r", "axis": axis, "score": 1 + s / 4} for axis in ("MI", "TA")]
    pd.DataFrame(clips).to_csv(folder / "clips.csv", index=False)
    pd.DataFrame(ratings).to_csv(folder / "ratings.csv", index=False)
    return folder


OPTIONS = ["--width", "16", "--layers", "1", "--epochs", "3", "--batch-size", "8"]


def test_a_model_is_trained_written_and_scores(run, study, tmp_path):
    out = tmp_path / "model"
    result = run("train-deramos", "--study", study, "--out", out, *OPTIONS, "--pooling", "drasp")
    assert result.exit_code == 0, result.output
    assert "--predictor deramos --heads" in result.output
    assert sorted(file.name for file in out.iterdir()) == ["README.md", "card.json", "heads.safetensors", "run.json"]
    card = json.loads((out / "card.json").read_text())
    assert (card["kind"], card["training"]["pooling"]) == ("human", "drasp")
    assert set(card["objective"]) == {"MI", "TA"}
    scores = tmp_path / "scores.csv"
    result = run("predict", study / "clips.csv", "--predictor", "deramos", "--heads", out, "--out", scores)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(scores)
    assert table[["MI", "TA"]].notna().all(axis=None)
    assert table["source_MI"].str.startswith("human: LogMel, frames").all()
    result = run("predict", study / "clips.csv", "--heads", out, "--out", tmp_path / "again.csv")
    assert result.exit_code == 0, result.output
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "again.csv"), table)


def test_objectives_by_name_and_axes_by_choice_saved_under_a_name(run, study, saved_heads, tmp_path):
    options = ["--axis", "MI", "--objective", "qamro", "--output", "score", "--save", "mine", "--stop-by", "srcc"]
    result = run("train-deramos", "--study", study, *OPTIONS, *options)
    assert result.exit_code == 0, result.output
    assert "32 clips embedded in" in result.output
    assert "--predictor saved:mine" in result.output
    card = json.loads((saved_heads / "mine" / "card.json").read_text())
    assert card["objective"] == {"MI": "Huber + QAMRO (alpha 0.2, beta 7)"}
    assert (card["name"], card["training"]["stop_by"]) == ("mine", "srcc")
    record = json.loads((saved_heads / "mine" / "run.json").read_text())
    (seed,) = record["axes"]["MI"]["seeds"]
    best = max(seed["history"], key=lambda row: row["val_srcc"])
    assert seed["best_epoch"] == best["epoch"]
    result = run("predict", study / "clips.csv", "--predictor", "saved:mine", "--out", tmp_path / "scores.csv")
    assert result.exit_code == 0, result.output
    assert pd.read_csv(tmp_path / "scores.csv")["MI"].notna().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--objective", "best"], "--objective is deramos or one of"),
        (["--output", "words"], "--output is one of"),
        (["--output", "score", "--objective", "ce-gauss"], "needs a distribution"),
        (["--width", "20"], "no multiple"),
        (["--pooling", "max"], "pooling is one of"),
        (["--encoder", "bert"], "no encoder of frames 'bert'"),
    ],
)
def test_wrong_use_is_explained(run, study, tmp_path, options, message):
    result = run("train-deramos", "--study", study, "--out", tmp_path, *options)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_several_processes_would_write_the_same_files(run, study, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = run("train-deramos", "--study", study, "--out", tmp_path / "model")
    assert result.exit_code == 2
    assert "without torchrun" in result.output
    assert not (tmp_path / "model").exists()
