import numpy as np
import pytest
import soundfile
import torch

from qamro.checkpoints import WeightsError
from qamro.encoders import Clap
from qamro.heads import Card, HeadBundle, ScoreHead
from qamro.predictors import load


@pytest.fixture
def clips(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.wav" for name in "abc"]
    for path, rate, seconds in zip(paths, (44_100, 48_000, 16_000), (1.0, 12.0, 3.0), strict=True):
        soundfile.write(path, 0.1 * rng.standard_normal(round(rate * seconds)), rate)
    return paths


def card(encoder, axes, kind="human", revision=None):
    return Card(
        "test",
        kind,
        {"name": encoder.name, "revision": revision or encoder.revision},
        {"name": "a study", "clips": 10, "systems": 2},
        dict.fromkeys(axes, "a loss"),
        {},
        half_width=dict.fromkeys(axes, 0.25),
        interval="split-conformal",
    )


def heads(folder, encoder, dims, **options):
    torch.manual_seed(0)
    HeadBundle({axis: ScoreHead(dim) for axis, dim in dims.items()}, card(encoder, dims, **options)).save(folder)
    return folder


def test_without_heads_both_axes_are_zero_shot(small_clap, small_tokenizer, clips, no_weights):
    predictor = load("clap", checkpoint=small_clap, tokenizer=small_tokenizer, device="cpu")
    assert (predictor.name, predictor.axes, predictor.sample_rate) == ("clap", ("MI", "TA"), 48_000)
    table = predictor.predict(clips, ["calm piano", "", "fast drums"])
    assert list(table.columns) == predictor.columns
    assert table["MI"].between(1, 5).all()
    assert table["TA"].isna().tolist() == [False, True, False]
    assert table["source_TA"].tolist()[1] == "not scored: no prompt"
    assert table["source_MI"].str.startswith("zero-shot: Clap r").all()
    assert (table["error"] == "").all()


def test_heads_of_ones_own_score_their_axes_and_the_rest_stays_zero_shot(
    small_clap, small_tokenizer, clips, no_weights, tmp_path
):
    encoder = Clap.from_checkpoint(small_clap)
    folder = heads(tmp_path / "heads", encoder, {"MI": encoder.audio_dim})
    predictor = load("clap", checkpoint=small_clap, tokenizer=small_tokenizer, heads=folder, device="cpu")
    table = predictor.predict(clips, ["calm piano"] * 3)
    assert predictor.provenance["MI"].kind == "human"
    assert predictor.provenance["TA"].kind == "zero-shot"
    samples, rate = soundfile.read(clips[1], dtype="float32")
    with torch.inference_mode():
        expected = HeadBundle.load(folder).heads["MI"](encoder.embed_audio([(samples, rate)]))[0]
    held = min(max(float(expected), 1), 5)
    assert table["MI"][1] == pytest.approx(held, abs=1e-4)
    assert not table["MI_low"].isna().any()


def test_heads_of_another_encoder_are_refused(small_clap, small_tokenizer, no_weights, tmp_path):
    encoder = Clap.from_checkpoint(small_clap)
    folder = heads(tmp_path / "heads", encoder, {"MI": encoder.audio_dim}, revision="other")
    with pytest.raises(ValueError, match="trained on encoder revision 'other'"):
        load("clap", checkpoint=small_clap, tokenizer=small_tokenizer, heads=folder)


def test_shipped_heads_are_used_on_their_own_checkpoint_only(
    small_clap, small_tokenizer, no_weights, tmp_path, monkeypatch
):
    encoder = Clap.from_checkpoint(small_clap)
    monkeypatch.setattr("qamro.predictors.clap.bundled_weights", lambda: tmp_path)
    dims = {"MI": encoder.audio_dim, "TA": encoder.audio_dim + encoder.text_dim}
    heads(tmp_path / "clap", encoder, dims)
    predictor = load("clap", checkpoint=small_clap, tokenizer=small_tokenizer)
    assert {origin.kind for origin in predictor.provenance.values()} == {"human"}
    heads(tmp_path / "clap", encoder, dims, revision="published")
    predictor = load("clap", checkpoint=small_clap, tokenizer=small_tokenizer)
    assert {origin.kind for origin in predictor.provenance.values()} == {"zero-shot"}


def test_missing_weights_are_named_with_the_command(no_weights):
    with pytest.raises(WeightsError, match=r"2\.4 GB.*python -m qamro weights fetch clap"):
        load("clap")


def test_scoring_again_computes_nothing(small_clap, small_tokenizer, clips, no_weights):
    options = {"checkpoint": small_clap, "tokenizer": small_tokenizer, "device": "cpu"}
    first = load("clap", **options).predict(clips, ["calm piano"] * 3)
    again = load("clap", **options)
    again.parts[0].encoder.encoder._network = None
    second = again.predict(clips, ["calm piano"] * 3)
    assert first.equals(second)
