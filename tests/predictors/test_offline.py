"""The shipped offline predictor: what it promises is computed again here, on systems that training never saw."""

import numpy as np
import pandas as pd
import pytest
import torch
from audio_files import song, speech, tone, write_wav
from scipy.stats import spearmanr

from qamro.audio import Waveform
from qamro.audio import load as load_sound
from qamro.axes import AXES
from qamro.encoders import LogMel
from qamro.encoders.clips import probe_embedding
from qamro.heads import HeadBundle
from qamro.paths import bundled_weights
from qamro.predictors import load
from qamro.predictors.clips import Item
from qamro.studies.simulated import build

FOLDER = bundled_weights() / "offline"


@pytest.fixture(scope="module")
def predictor():
    return load("offline")


@pytest.fixture(scope="module")
def held_out():
    """Systems and prompts of another seed than the training's."""
    made = build(systems=40, prompts=4, listeners=8, seed=0)
    assert HeadBundle.load(FOLDER).card.study["name"].endswith("seed 1)")
    return made


@pytest.fixture(scope="module")
def scored(predictor, held_out):
    clips = held_out.study.clips
    paths = [held_out.study.audio_path(clip) for clip in clips["clip"]]
    table = predictor.predict(paths, list(clips["prompt"]), list(clips["system"]))
    return table.assign(clip=list(clips["clip"]))


@pytest.mark.parametrize("axis", AXES)
def test_held_out_systems_are_ranked_as_their_listeners_rank_them(scored, held_out, axis):
    human = held_out.study.system_means().query("axis == @axis").set_index("system")["mean"]
    predicted = scored.groupby("system")[axis].mean()
    assert len(human) == 40
    assert spearmanr(predicted.loc[human.index], human)[0] >= 0.9


@pytest.mark.parametrize("axis", AXES)
def test_intervals_cover_about_what_they_promise(scored, held_out, axis):
    means = held_out.study.clip_means().query("axis == @axis").set_index("clip")["mean"]
    rows = scored.set_index("clip").loc[means.index]
    assert (rows["domain"] == "outside").mean() <= 0.15
    rows = rows[rows["domain"] != "outside"]
    means = means.loc[rows.index]
    covered = ((means >= rows[f"{axis}_low"]) & (means <= rows[f"{axis}_high"])).mean()
    assert 0.82 <= covered <= 0.985


def test_every_score_says_simulated_and_lies_on_its_scale(scored):
    for key, axis in AXES.items():
        assert scored[key].between(axis.low, axis.high).all()
        assert scored[f"source_{key}"].str.startswith("simulated: LogMel").all()
        assert ((scored[f"{key}_low"] <= scored[key]) | (scored["domain"] == "outside")).all()


def test_no_prompt_leaves_ta_empty_with_the_reason(predictor, held_out):
    path = held_out.study.audio_path(held_out.study.clips["clip"][0])
    table = predictor.predict([path, path], [None, "a slow piano piece"])
    assert np.isnan(table["TA"][0])
    assert table["source_TA"][0] == "not scored: no prompt"
    assert table["TA"][1] > 0
    assert table["MI"][0] == table["MI"][1]


def sounds(held_out):
    """Half a minute of several systems, one after the other, and a song."""
    clips = held_out.study.clips["clip"]
    every = range(0, len(clips), len(clips) // 6)
    parts = [load_sound(held_out.study.audio_path(clips[k]), sample_rate=32_000).samples for k in every]
    return [np.concatenate(parts), song(30)]


@pytest.mark.parametrize("name", ["offline", "deramos"])
def test_scores_do_not_depend_on_length(name, held_out):
    model = load(name, cache=False)
    model = getattr(model, "rest", model)
    for once in sounds(held_out):
        once = np.resize(once, 30 * 32_000)
        waves = [Waveform(np.resize(once, seconds * 32_000), 32_000) for seconds in (30, 60, 120, 300)]
        whole, *longer = model.score(waves, ["a slow piano piece"] * 4)
        windows = model.score([Waveform(part, 32_000) for part in np.split(once, 10)], ["a slow piano piece"] * 10)
        for axis, score in whole.items():
            assert all(abs(each[axis].value - score.value) <= 0.15 for each in longer), axis
            among = [window[axis].value for window in windows]
            assert min(among) - 0.3 <= score.value <= max(among) + 0.3, axis


@pytest.mark.parametrize(("make", "rate"), [(speech, 16_000), (song, 32_000)])
def test_speech_and_songs_are_no_clips_of_their_kind(predictor, tmp_path, make, rate):
    heads = getattr(predictor, "rest", predictor)  # speech itself goes to people-trained weights
    table = heads.predict([write_wav(tmp_path / f"{i}.wav", make(5, i, rate), rate) for i in range(20)])
    assert len(table) == 20
    assert set(table["domain"]) <= {"edge", "outside"}
    assert (table["domain"] == "outside").mean() >= 0.8


def test_the_prompt_matters(predictor, held_out):
    clips = held_out.study.clips
    facts = held_out.facts
    row = int(np.argmax(facts["instrument_match"] + facts["tempo_match"] + facts["mood_match"] + facts["layers_match"]))
    path = held_out.study.audio_path(clips["clip"][row])
    others = [prompt for prompt in clips["prompt"].unique() if prompt != clips["prompt"][row]]
    table = predictor.predict([path] * (1 + len(others)), [clips["prompt"][row], *others])
    assert table["TA"][0] > table["TA"][1:].mean() + 0.5


def test_scores_do_not_depend_on_the_batch(predictor, held_out):
    paths = [held_out.study.audio_path(clip) for clip in held_out.study.clips["clip"][:5]]
    together = predictor.predict(paths)
    alone = pd.concat([predictor.predict([path]) for path in paths], ignore_index=True)
    np.testing.assert_allclose(together["PQ"], alone["PQ"], rtol=1e-5)


def test_the_features_are_those_that_the_heads_were_trained_on():
    stored = HeadBundle.load(FOLDER).extra["probe"]
    torch.testing.assert_close(probe_embedding(LogMel()), stored, rtol=1e-2, atol=1e-2)


def test_unknown_predictor():
    with pytest.raises(ValueError, match="there is no predictor 'best'"):
        load("best")


def test_what_was_embedded_once_is_not_embedded_again(held_out, monkeypatch):
    clips = held_out.study.clips[:3]
    paths = [held_out.study.audio_path(clip) for clip in clips["clip"]]
    first = load("offline").predict(paths, list(clips["prompt"]))
    monkeypatch.setattr(LogMel, "_embed", None)
    pd.testing.assert_frame_equal(load("offline").predict(paths, list(clips["prompt"])), first)
    with pytest.raises(TypeError):
        load("offline", cache=False).predict(paths)


def test_a_cache_that_cannot_be_written_costs_time_and_no_answer(held_out, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("where a folder should be")
    path = held_out.study.audio_path(held_out.study.clips["clip"][0])
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "file" / "below"))
    assert load("offline").predict([path])["MI"].notna().all()


def test_a_file_that_was_heard_is_known_by_its_bytes_and_not_decoded_again(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    paths = [write_wav(tmp_path / f"{i}.wav", tone(0.5 + 0.1 * i, hz=300 + 50 * i)) for i in range(3)]
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    first = load("offline").predict([*paths, bad])
    decoded, real = [], Item.decode
    monkeypatch.setattr(Item, "decode", lambda self, rate: decoded.append(self.clip) or real(self, rate))
    moved = paths[0].rename(tmp_path / "moved.wav")
    again = load("offline").predict([moved, *paths[1:], bad])
    assert decoded == ["bad.wav"]
    numbers = ["PQ", "PQ_low", "MI", "CE", "seconds", "domain"]
    pd.testing.assert_frame_equal(again[numbers], first[numbers], check_exact=True)
    assert again["error"][3] == first["error"][3] != ""
    monkeypatch.setattr("qamro.encoders.embedding_store.decoder_versions", lambda: "others")
    load("offline").predict([moved, *paths[1:]])
    assert sorted(decoded[1:]) == ["1.wav", "2.wav", "moved.wav"]
