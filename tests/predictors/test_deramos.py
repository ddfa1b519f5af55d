"""The predictor on dual-branch models: the one that ships, and those of one's own."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from scipy.stats import spearmanr

from qamro.encoders import LogMel, frame_encoder
from qamro.encoders.frames import FrameEncoder
from qamro.heads.bundle import FrameBundle
from qamro.heads.dual_branch import count_parameters
from qamro.heads.pooling import pad
from qamro.paths import bundled_weights
from qamro.predictors import catalogue, load
from qamro.predictors.deramos import DeraMos
from qamro.studies.simulated import build

FOLDER = bundled_weights() / "deramos"


@pytest.fixture(scope="module")
def predictor():
    return load("deramos", cache=False)


@pytest.fixture(scope="module")
def held_out():
    """Systems and prompts of another seed than the training's."""
    assert FrameBundle.load(FOLDER).card.study["name"].endswith("seed 1)")
    return build(systems=20, prompts=6, listeners=8, seed=0)


@pytest.fixture(scope="module")
def scored(predictor, held_out):
    clips = held_out.study.clips
    paths = [held_out.study.audio_path(clip) for clip in clips["clip"]]
    return predictor.predict(paths, list(clips["prompt"]), list(clips["system"])).assign(clip=list(clips["clip"]))


@pytest.mark.parametrize("axis", ["MI", "TA"])
def test_held_out_systems_are_ranked_as_their_listeners_rank_them(scored, held_out, axis):
    human = held_out.study.system_means().query("axis == @axis").set_index("system")["mean"]
    predicted = scored.groupby("system")[axis].mean()
    assert spearmanr(predicted.loc[human.index], human)[0] >= 0.75


@pytest.mark.parametrize("axis", ["MI", "TA"])
def test_intervals_cover_about_what_they_promise(scored, held_out, axis):
    means = held_out.study.clip_means().query("axis == @axis").set_index("clip")["mean"]
    rows = scored.set_index("clip").loc[means.index]
    assert (rows["domain"] == "outside").mean() <= 0.15
    rows = rows[rows["domain"] != "outside"]
    means = means.loc[rows.index]
    assert 0.8 <= ((means >= rows[f"{axis}_low"]) & (means <= rows[f"{axis}_high"])).mean() <= 0.99


def test_it_shows_the_face_of_the_others(predictor, held_out):
    path = held_out.study.audio_path(held_out.study.clips["clip"][0])
    assert predictor.axes == ("MI", "TA")
    table = predictor.predict([path, path], [None, "a slow piano piece"])
    assert list(table.columns) == predictor.columns
    assert np.isnan(table["TA"][0])
    assert table["source_TA"][0] == "not scored: no prompt"
    assert table["source_MI"].str.startswith("simulated: LogMel, frames").all()
    assert "DeRA-MOS dual branch" in table["source_TA"][1]
    assert table["MI"][0] == pytest.approx(table["MI"][1], abs=1e-4)
    windows = predictor.windows(path, "a slow piano piece", seconds=2.0)
    assert list(windows.columns) == ["start", "end", "MI", "TA"]
    assert len(windows) >= 2


def test_scores_depend_on_their_clip_and_prompt_alone(predictor, held_out, scored):
    clips = held_out.study.clips[:6]
    paths = [held_out.study.audio_path(clip) for clip in clips["clip"]]
    alone = pd.concat(
        [predictor.predict([p], [t]) for p, t in zip(paths, clips["prompt"], strict=True)], ignore_index=True
    )
    for axis in ("MI", "TA"):
        np.testing.assert_allclose(alone[axis], scored[axis][:6], atol=1e-4)


def test_a_file_that_cannot_be_read_loses_no_other(predictor, held_out, tmp_path):
    (tmp_path / "bad.wav").write_text("no sound")
    path = held_out.study.audio_path(held_out.study.clips["clip"][0])
    table = predictor.predict([tmp_path / "bad.wav", path])
    assert table["error"][0]
    assert table["MI"].notna().tolist() == [False, True]
    assert predictor.score([], []) == []


def test_a_long_clip_gets_the_mean_of_its_windows(predictor, tmp_path):
    rng = np.random.default_rng(0)
    samples = np.concatenate([rng.normal(0, level, 32_000 * 50) for level in (0.02, 0.2, 0.05)]).astype("f4")
    soundfile.write(tmp_path / "long.wav", samples, 32_000, subtype="FLOAT")
    found = float(predictor.predict([tmp_path / "long.wav"])["MI"][0])
    windows = predictor.encoder.embed_frames([(part, 32_000) for part in np.split(samples, 15)])
    branch = FrameBundle.load(FOLDER).heads["MI"]
    with torch.inference_mode():
        parts = [(len(part), float(branch(*pad([part])).score)) for part in windows]
    assert found == pytest.approx(sum(n * score for n, score in parts) / sum(n for n, _ in parts), abs=1e-4)


def test_the_prompt_matters(predictor, held_out):
    clips, facts = held_out.study.clips, held_out.facts
    matches = facts["instrument_match"] + facts["tempo_match"] + facts["mood_match"] + facts["layers_match"]
    rows = np.argsort(-matches.to_numpy())[:8]
    gains = []
    for row in rows:
        path, own = held_out.study.audio_path(clips["clip"][row]), clips["prompt"][row]
        others = [prompt for prompt in clips["prompt"].unique() if prompt != own]
        table = predictor.predict([path] * (1 + len(others)), [own, *others])
        gains.append(table["TA"][0] - table["TA"][1:].mean())
    assert np.mean(gains) > 0.3


def test_the_shipped_card_is_whole_and_small():
    bundle = FrameBundle.load(FOLDER)
    card = bundle.card
    assert card.kind == "simulated"
    assert card.training["command"].startswith("python -m qamro train-deramos --study simulated --hold-out system ")
    held_out = {
        (row["axis"], row["level"]) for row in card.metrics if row["metric"] == "SRCC" and row["low"] is not None
    }
    assert held_out == {(axis, level) for axis in ("MI", "TA") for level in ("utterance", "system")}
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 5_000_000
    torch.testing.assert_close(
        frame_encoder("logmel", cache=False).probe(), bundle.extra["probe"], rtol=1e-2, atol=1e-2
    )


def test_inference_carries_nothing_of_the_training_losses():
    """The saved tensors are those of a model of these sizes, and none besides."""
    from qamro.heads.dual_branch import make_branch

    bundle = FrameBundle.load(FOLDER)
    for branch in bundle.heads.values():
        new = make_branch(branch.settings)
        assert set(new.state_dict()) == set(branch.state_dict())
        assert count_parameters(new) == count_parameters(branch) < 200_000


def test_a_model_of_another_encoder_is_refused(tmp_path):
    for file in FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    card = json.loads((tmp_path / "card.json").read_text())
    card["encoder"]["revision"] = "0"
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match="was trained on encoder revision '0'"):
        load("deramos", heads=tmp_path)
    encoder = LogMel()
    with pytest.raises(ValueError, match="encoder name"):
        DeraMos("deramos", FrameEncoder("logmel", type("Other", (LogMel,), {"name": "Other"})(), encoder), FOLDER)
    with pytest.raises(ValueError, match="not a dual-branch model"):
        load("deramos", heads=bundled_weights() / "offline")


def test_the_catalogue_offers_it_ready():
    (offer,) = [entry for entry in catalogue() if entry.name == "deramos"]
    assert (offer.state, offer.axes, offer.bytes, offer.licence) == ("ready", ("MI", "TA"), 0, "")
    assert "simulated" in offer.note


def test_loading_it_leaves_transformers_alone():
    code = "import sys; from qamro.predictors import load; load('deramos'); print('transformers' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
