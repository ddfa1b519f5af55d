from dataclasses import replace

import numpy as np
import pytest
import torch

from qamro.encoders.loading import FOLDER
from qamro.heads import HeadBundle
from qamro.predictors import load
from qamro.studies import Study
from qamro.training.end_to_end.recipe import train_end_to_end
from qamro.training.end_to_end.run import EndToEndConfig
from qamro.training.objective import OBJECTIVES, Objective
from qamro.training.recipe import Recipe
from qamro.training.splits import split
from tests.training.end_to_end.conftest import PROMPTS

QUICK = EndToEndConfig("adamw", lr=3e-3, encoder_lr=3e-4, batch_size=7, micro_batch=3, max_epochs=3, hidden=(8, 4))


def recipe(config=QUICK, **options):
    options = {"hold_out": "system", "command": "python -m qamro …"} | options
    return Recipe("toy", config=config, objective=lambda axis: Objective(), **options)


def train(tones, tower, out, config=QUICK, checkpoint=None, **options):
    rows, again = [], options.pop("on_epoch", lambda row: None)
    found = train_end_to_end(
        tones,
        split(tones, hold_out="system"),
        tower,
        recipe(config, **options),
        out,
        on_epoch=lambda row: (rows.append(row), again(row))[1],
        checkpoint=checkpoint,
    )
    return *found, rows


def test_what_is_written_predicts_what_the_card_says(tones, tower, tmp_path):
    bundle, failed, rows = train(tones, tower, tmp_path / "mine")
    assert list(failed) == ["c5"]
    axes = ["MI", "TA"] if tower.text_dim else ["MI"]
    assert list(bundle.heads) == axes
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert {f"val_srcc {axis}" for axis in axes} <= set(rows[0])
    predictor = load("offline", heads=tmp_path / "mine", device="cpu")
    assert list(predictor.axes) == axes
    parts = split(tones, hold_out="system")
    table = predictor.predict([tones.audio_path(clip) for clip in parts["test"]], [PROMPTS[0]] * len(parts["test"]))
    means = tones.clip_means().query("axis == 'MI'").set_index("clip")["mean"]
    good = table["error"] == ""
    human = means.loc[np.array(parts["test"])[good]].to_numpy()
    entry = next(r for r in bundle.card.metrics if (r["axis"], r["level"], r["metric"]) == ("MI", "utterance", "MSE"))
    assert np.mean((table.loc[good, "MI"] - human) ** 2) == pytest.approx(entry["value"], abs=1e-3)
    again = HeadBundle.load(tmp_path / "mine")
    assert again.card.encoder["revision"] == predictor.encoder.revision
    assert "trained with the heads" in again.card.encoder
    assert "MB" in again.card.training["encoder file"]
    assert again.record["config"]["micro_batch"] == 3
    assert [row["epoch"] for row in again.record["axes"]["MI"]["seeds"][0]["history"]] == [1, 2, 3]
    assert (tmp_path / "mine" / FOLDER).is_dir()


def weights(tower):
    return {name: value.clone() for name, value in tower.state_dict().items()}


def test_a_resumed_run_is_the_uninterrupted_run(tones, wavlm_folder, tmp_path):
    from qamro.training.end_to_end.towers import WavlmTower

    whole, resumed = (WavlmTower.from_checkpoint(wavlm_folder) for _ in range(2))
    first, _, _ = train(tones, whole, tmp_path / "whole")
    stopped = WavlmTower.from_checkpoint(wavlm_folder)
    file = tmp_path / "last.pt"
    train(tones, stopped, tmp_path / "stopped", checkpoint=file, on_epoch=lambda row: row["epoch"] == 1)
    second, _, rows = train(tones, resumed, tmp_path / "resumed", checkpoint=file)
    assert [row["epoch"] for row in rows] == [2, 3]
    for name, value in weights(whole).items():
        assert torch.equal(weights(resumed)[name], value), name
    drop = ("clips_per_second",)
    histories = [b.record["axes"]["MI"]["seeds"][0]["history"] for b in (first, second)]
    kept = [[{k: v for k, v in row.items() if k not in drop} for row in history] for history in histories]
    assert repr(kept[0]) == repr(kept[1])
    other = WavlmTower.from_checkpoint(wavlm_folder)
    with pytest.raises(ValueError, match="other data or settings"):
        train(tones, other, tmp_path / "x", config=replace(QUICK, encoder_lr=1e-2), checkpoint=file)
    reworded = Study(tones.clips.assign(prompt="a new prompt"), tones.ratings, name=tones.name, root=tones.root)
    with pytest.raises(ValueError, match="other data or settings"):
        train(reworded, other, tmp_path / "x", checkpoint=file)


def test_it_learns_and_keeps_the_best_epoch(tones, wavlm_tower, tmp_path):
    config = replace(QUICK, max_epochs=12, encoder_dropout=False, dropout=0.0, batch_size=0)
    before = weights(wavlm_tower)
    bundle, _, rows = train(tones, wavlm_tower, tmp_path, config)
    assert rows[-1]["train_loss"] < 0.7 * rows[0]["train_loss"]
    best = int(np.argmin([row["val_loss"] for row in rows])) + 1
    assert bundle.card.training["best epoch"] == {"MI": best}
    before = weights(wavlm_tower)
    by_srcc = replace(config, max_epochs=4, patience=4, stop_by="srcc")
    bundle, _, rows = train(tones, wavlm_tower, tmp_path, by_srcc)
    assert rows[bundle.card.training["best epoch"]["MI"] - 1]["val_srcc"] == max(row["val_srcc"] for row in rows)
    assert any(not torch.equal(value, before[name]) for name, value in weights(wavlm_tower).items())


def test_a_frozen_encoder_stays_as_it_was(tones, wavlm_tower, tmp_path):
    before = weights(wavlm_tower)
    train(tones, wavlm_tower, tmp_path, replace(QUICK, last=0, max_epochs=1))
    assert all(torch.equal(value, before[name]) for name, value in weights(wavlm_tower).items())


def test_objectives_that_need_a_distribution_and_a_cosine(tones, clap_tower, tmp_path):
    wanted = replace(
        recipe(replace(QUICK, max_epochs=1)),
        objective=lambda axis: (
            OBJECTIVES[f"ce-gauss+balr{'+sama' if axis == 'TA' else ''}"](axis)
            if axis == "TA"
            else OBJECTIVES["ce-gauss"](axis)
        ),
    )
    bundle, _ = train_end_to_end(tones, split(tones, hold_out="system"), clap_tower, wanted, tmp_path)
    assert {type(head).__name__ for head in bundle.heads.values()} == {"DistributionHead"}


@pytest.mark.parametrize("wrong", [{"micro_batch": 0}, {"precision": "float8"}, {"optimizer": "lion"}])
def test_settings_that_cannot_be_meant(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(QUICK, **wrong)


def test_an_axis_without_ratings_and_prompts_that_nobody_reads(tones, wavlm_tower, tmp_path):
    with pytest.raises(ValueError, match="no axis 'PQ'"):
        train(tones, wavlm_tower, tmp_path, axes=["PQ"])
    with pytest.raises(ValueError, match="reads no prompts"):
        train(tones, wavlm_tower, tmp_path, axes=["TA"])
