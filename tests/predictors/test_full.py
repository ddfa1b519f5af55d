import numpy as np
import pytest
import soundfile

from qamro.predictors import load


@pytest.fixture
def options(small_clap, small_tokenizer, small_audiobox, small_wavlm, no_weights):
    names = {"clap_checkpoint": small_clap, "tokenizer": small_tokenizer, "audiobox_checkpoint": small_audiobox}
    return names | {"device": "cpu"}


@pytest.fixture
def clips(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.wav" for name in "abc"]
    for path, rate in zip(paths, (44_100, 48_000, 16_000), strict=True):
        soundfile.write(path, 0.1 * rng.standard_normal(2 * rate), rate)
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    return [*paths, tmp_path / "bad.wav"]


def test_all_six_axes_as_the_two_predictors_give_them(options, clips):
    full = load("full", **options)
    assert full.axes == ("MI", "TA", "PQ", "PC", "CE", "CU")
    table = full.predict(clips, ["calm piano"] * 4)
    assert table["error"].str.len().gt(0).tolist() == [False, False, False, True]
    clap = load(
        "clap", checkpoint=options["clap_checkpoint"], tokenizer=options["tokenizer"], device="cpu", cache=False
    )
    audiobox = load("audiobox", checkpoint=options["audiobox_checkpoint"], device="cpu", cache=False)
    for part in (clap, audiobox):
        alone = part.predict(clips, ["calm piano"] * 4)
        for axis in part.axes:
            np.testing.assert_allclose(table[axis][:3], alone[axis][:3], atol=2e-4)
            assert table[f"source_{axis}"][:3].tolist() == alone[f"source_{axis}"][:3].tolist()


def test_windows_of_a_clip_are_scored_on_all_axes(options, clips):
    windows = load("full", **options).windows(clips[0], "calm piano", seconds=1.0)
    assert windows["start"].tolist() == [0, 1]
    assert {"MI", "TA", "PQ", "PC", "CE", "CU"} <= set(windows.columns)
    assert windows.notna().all().all()


def test_auto_is_offline_without_weights_and_says_so(no_weights):
    predictor = load("auto")
    assert predictor.name == "offline"
    assert "auto: offline, since audiobox (415 MB), clap (2.4 GB), roberta-base (1 MB)" in predictor.note
    assert "`python -m qamro weights fetch audiobox clap roberta-base`" in predictor.note


def test_auto_is_full_where_the_weights_are(options, monkeypatch):
    monkeypatch.setattr("qamro.checkpoints.is_ready", lambda _: True)
    from qamro.predictors.loading import LOADERS

    full = LOADERS["full"]
    monkeypatch.setitem(LOADERS, "full", lambda **given: full(**(options | given)))
    predictor = load("auto", device="cpu")
    assert predictor.name == "full"
    assert predictor.note == "auto: full, since its weights are on this machine"


def test_auto_falls_back_when_the_weights_are_damaged(no_weights, monkeypatch):
    monkeypatch.setattr("qamro.checkpoints.is_ready", lambda _: True)
    predictor = load("auto")
    assert predictor.name == "offline"
    assert "auto: offline, since full cannot be loaded" in predictor.note


def test_unknown_predictors_are_named():
    names = "offline, clap, audiobox, full, deramos, auto"
    with pytest.raises(ValueError, match=f"no predictor 'best'; choose one of {names}"):
        load("best")
