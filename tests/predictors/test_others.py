"""Predictors of others, by their interfaces: fakes with the signatures of the published code, which record calls."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from qamro.audio import Waveform
from qamro.checkpoints import WeightsError
from qamro.predictors import load, others

SHORT = Waveform(np.linspace(-0.5, 0.5, 8_000, dtype=np.float32), 16_000)


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A user's folders without weights."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.delenv("UTMOSV2_CHACHE", raising=False)
    return tmp_path


def put(place, size: int):
    place.parent.mkdir(parents=True)
    with place.open("wb") as file:
        file.truncate(size)
    return place


@pytest.fixture
def nisqa(monkeypatch, home):
    """torchmetrics 1.9: ``non_intrusive_speech_quality_assessment(preds: Tensor, fs: int) -> Tensor`` of (..., 5)."""
    calls = []
    module = ModuleType("torchmetrics.functional.audio.nisqa")
    module.NISQA_DIR = "~/.torchmetrics/NISQA"

    def non_intrusive_speech_quality_assessment(preds: torch.Tensor, fs: int) -> torch.Tensor:
        calls.append((tuple(preds.shape), preds.dtype, fs))
        if preds.shape[-1] < 2_000:
            raise RuntimeError("Input signal is too short.")
        return torch.tensor([1.5, 2.0, 2.5, 3.0, 3.5])

    module.non_intrusive_speech_quality_assessment = non_intrusive_speech_quality_assessment
    audio = ModuleType("torchmetrics.functional.audio")
    audio.nisqa = module
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.audio", audio)
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.audio.nisqa", module)
    monkeypatch.setattr(others, "require", lambda weights: [home / "weights" / weights.files[0].path])
    monkeypatch.setattr(others, "find_spec", lambda name: SimpleNamespace())
    return calls


def test_nisqa_by_its_interface(nisqa, home):
    scorer = load("nisqa", check=False)
    short = Waveform(SHORT.samples[:1_000], 16_000)
    scores, refused = scorer.score([SHORT, short], ["", ""])
    assert {axis: score.value for axis, score in scores.items()} == {
        "SQ": 1.5, "noisiness": 2.0, "discontinuity": 2.5, "coloration": 3.0, "loudness": 3.5,
    }  # fmt: skip
    assert nisqa[0] == ((8_000,), torch.float32, 16_000)
    assert str(home / "weights") == sys.modules["torchmetrics.functional.audio.nisqa"].NISQA_DIR
    assert refused["SQ"].why == "Input signal is too short."
    assert scorer.provenance["SQ"].kind == "human"
    assert "CC BY-NC-SA 4.0" in str(scorer.provenance["SQ"])


def test_nisqa_on_torchmetrics_itself(home, monkeypatch):
    """The real package, on weights of its shapes drawn at random: the answer is its own, and nothing is fetched."""
    package = pytest.importorskip("torchmetrics.functional.audio.nisqa")
    pytest.importorskip("librosa")
    monkeypatch.setattr(package, "NISQA_DIR", "")
    monkeypatch.setattr(others, "require", lambda weights: [home / weights.files[0].path])
    args = {
        "ms_seg_length": 15, "ms_n_mels": 48, "ms_seg_hop_length": 4, "ms_max_segments": 1300, "ms_n_fft": 4096,
        "ms_hop_length": 0.01, "ms_win_length": 0.02, "ms_fmax": 20_000, "cnn_c_out_1": 4, "cnn_c_out_2": 4,
        "cnn_c_out_3": 4, "cnn_kernel_size": [3, 3], "cnn_dropout": 0.2, "cnn_pool_1": [24, 7], "cnn_pool_2": [12, 5],
        "cnn_pool_3": [6, 3], "td_sa_d_model": 8, "td_sa_nhead": 1, "td_sa_num_layers": 1, "td_sa_h": 8,
        "td_sa_dropout": 0.1, "pool_att_h": 8, "pool_att_dropout": 0.1,
    }  # fmt: skip
    torch.manual_seed(0)
    model = package._NISQADIM(args)
    monkeypatch.setattr(package, "_load_nisqa_model", lambda: (model, args))
    monkeypatch.setattr(package, "_download_weights", lambda: pytest.fail("it was to fetch nothing"))
    noise = Waveform(0.1 * np.random.default_rng(0).normal(size=48_000).astype(np.float32), 48_000)
    (scores,) = load("nisqa", check=False).score([noise], [""])
    expected = package.non_intrusive_speech_quality_assessment(torch.from_numpy(noise.samples), 48_000)
    assert [score.value for score in scores.values()] == pytest.approx(expected.tolist())


@pytest.fixture
def utmosv2(monkeypatch, home):
    """As of cc2700d: ``create_model(…, checkpoint_path, seed, device)``; ``predict`` by keyword, (T,) in, (1,) out."""
    calls = []
    module = ModuleType("utmosv2")

    class Model:
        def predict(
            self, *, data=None, input_path=None, input_dir=None, val_list=None, val_list_path=None, sr=16000,
            predict_dataset="sarulab", device="auto", num_workers=4, batch_size=16, num_repetitions=1,
            remove_silent_section=True, verbose=True,
        ):  # fmt: skip
            calls.append((data.shape, sr, str(device), num_workers, verbose))
            start = np.random.randint(0, 1_000)
            return np.array([1 + start / 1_000], np.float32)

    def create_model(
        pretrained=True, config="fusion_stage3", fold=0, checkpoint_path=None, seed=42, device="auto"
    ) -> Model:
        from huggingface_hub import constants

        assert pretrained
        assert checkpoint_path.is_file()
        assert constants.HF_HUB_OFFLINE, "nothing is fetched unasked"
        if (home / "lost").exists():
            raise OSError("facebook/wav2vec2-base is not there")
        return Model()

    module.create_model = create_model
    monkeypatch.setitem(sys.modules, "utmosv2", module)
    monkeypatch.setattr(others, "find_spec", lambda name: SimpleNamespace())
    return calls


def test_utmosv2_by_its_interface(utmosv2, home):
    from huggingface_hub import constants

    put(home / ".cache/utmosv2/models/fusion_stage3/fold0_s42_best_model.pth", 818_531_314)
    before = constants.HF_HUB_OFFLINE
    scorer = load("utmosv2", check=False)
    assert before == constants.HF_HUB_OFFLINE
    np.random.seed(5)
    first = scorer.score([SHORT], [""])[0]["SQ"].value
    following = np.random.random()
    assert scorer.score([SHORT], [""])[0]["SQ"].value == first, "the same file always gets the same score"
    np.random.seed(5)
    assert np.random.random() == following, "nobody else's draws change"
    assert utmosv2[0] == ((8_000,), 16_000, "cpu", 0, False)
    assert scorer.sample_rate == 16_000
    (home / "lost").touch()
    with pytest.raises(WeightsError, match="wav2vec2-base is not there.*create_model"):
        load("utmosv2", check=False)


@pytest.mark.parametrize(
    ("name", "says"),
    [("nisqa", r"1 MB, CC-BY-NC-SA-4\.0.*weights fetch nisqa"), ("utmosv2", r"819 MB, MIT.*curl .*model\.pth")],
)
def test_nothing_is_fetched_unasked(monkeypatch, home, name, says):
    monkeypatch.setattr(others, "find_spec", lambda name: SimpleNamespace())
    with pytest.raises(WeightsError, match=says):
        load(name)
    assert list(home.iterdir()) == []
    monkeypatch.setattr(others, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="is not installed: pip install"):
        load(name)


def test_speech_alone_is_scored(nisqa, home, monkeypatch):
    silence = SimpleNamespace(is_speech=lambda clips: [False] * len(clips))
    monkeypatch.setattr("qamro.encoders.voice.VoiceDetector", lambda: silence)
    (scores,) = load("nisqa").score([SHORT], [""])
    assert np.isnan(scores["SQ"].value)
    assert scores["SQ"].why == "no speech heard"
    assert nisqa == []
